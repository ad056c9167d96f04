//! `build`: plugins, Control UI and then the gateway, which embeds both; one binary comes out.

use crate::{artifact, artifact::Program, project::Project, shell, tasks};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

/// How to build.
#[derive(Args)]
pub(crate) struct Options {
    /// Optimise, for real use; takes much longer.
    #[arg(long)]
    release: bool,
}

/// The gateway's binary.
pub(crate) const WINGMAN: Program = Program { kind: "bin", name: "wingman" };

pub(crate) fn perform(project: &Project, options: &Options) -> Result<()> {
    let binary = everything(project, options.release)?;
    let size = std::fs::metadata(&binary)?.len();
    println!("{} ({} MiB)", binary.display(), size / (1 << 20));
    Ok(())
}

/// Plugins and page first, then the binary; says where it is.
pub(crate) fn everything(project: &Project, release: bool) -> Result<PathBuf> {
    tasks::plugins::perform(project)?;
    tasks::ui::perform(project)?;
    let mut command = shell::cargo();
    command.current_dir(project.root());
    if release {
        command.args(["build", "--release", "--package", "wingman-gateway"]);
    } else {
        // Features are unified over what is selected. Selecting the workspace, as the tests do, shares their artifacts:
        // with `--package` wasmtime and all that stands on it would be compiled a second time.
        command.args(["build", "--workspace", "--bin", WINGMAN.name]);
    }
    artifact::build(&mut command, WINGMAN)
}
