//! `wingman plugin pack`

use super::next;
use super::project::{ProjectArgs, Ready};
use crate::show;
use anyhow::{Context, Result};
use serde_json::json;
use std::fs;
use std::path::PathBuf;

/// What goes into a package beside manifest and component, where the project has it.
const PAPERS: [&str; 2] = ["LICENSE", "README.md"];

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// The folder that the package is put into [default: `out` in the project]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> Result<()> {
        let ready = self.project.build()?;
        bring_papers(&ready)?;
        let out = self.out.unwrap_or_else(|| ready.out());
        fs::create_dir_all(&out).with_context(|| format!("cannot make the folder {}", out.display()))?;
        let packed = wingman_package::pack(&ready.built.dir, &out)?;
        if self.json {
            let json = json!({ "path": packed.path, "digest": packed.digest.to_string(), "bytes": packed.size });
            return show::json(&json);
        }
        let size = indicatif::HumanBytes(packed.size as u64);
        anstream::println!("{}  {}, {size}, sha256:{}", show::good("packed"), packed.path.display(), packed.digest);
        next(&format!("wingman plugin sign {} --key KEY", packed.path.display()));
        Ok(())
    }
}

/// Licence and readme as the project has them now.
fn bring_papers(ready: &Ready) -> Result<()> {
    for paper in PAPERS {
        let (from, to) = (ready.project.dir.join(paper), ready.built.dir.join(paper));
        if from.is_file() {
            fs::copy(&from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        } else if to.exists() {
            fs::remove_file(&to).with_context(|| format!("cannot remove {}", to.display()))?;
        }
    }
    Ok(())
}
