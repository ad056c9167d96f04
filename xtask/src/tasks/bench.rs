//! `bench`: measurements, as a table that can be pasted into `docs/performance.md`.

use crate::{artifact, artifact::Program, project::Project, shell, tasks};
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::process::Command;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    #[arg(value_enum)]
    what: Subject,
}

/// What can be measured.
#[derive(Clone, Copy, ValueEnum)]
enum Subject {
    /// What a plugin costs: calls, loading, memory, neighbours.
    Plugins,
}

const PLUGINS: Program = Program { kind: "bin", name: "wingman-plugin-bench" };

pub(crate) fn perform(project: &Project, options: &Options) -> Result<()> {
    match options.what {
        Subject::Plugins => plugins(project),
    }
}

fn plugins(project: &Project) -> Result<()> {
    tasks::plugins::perform(project)?;
    let mut build = shell::cargo();
    build.current_dir(project.root()).args(["build", "--profile", "bench", "--package", PLUGINS.name]);
    let program = artifact::build(&mut build, PLUGINS)?;
    shell::run(Command::new(program).arg(project.plugins_out()).arg(project.example_plugins_out()))
}
