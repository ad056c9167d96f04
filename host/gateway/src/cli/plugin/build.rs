//! `wingman plugin build`

use super::next;
use super::project::ProjectArgs;
use crate::show;
use anyhow::Result;
use serde_json::json;
use wingman_guest::Built;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> Result<()> {
        let Built { name, dir, size, fresh } = self.project.build()?.built;
        if self.json {
            return show::json(&json!({ "name": name, "dir": dir, "bytes": size, "fresh": fresh }));
        }
        let what = if fresh { "up to date" } else { "built" };
        anstream::println!("{}  {name}, {}, in {}", show::good(what), indicatif::HumanBytes(size), dir.display());
        next("wingman plugin test");
        Ok(())
    }
}
