//! `wingman plugin replay`

use super::next;
use super::project::{self, ToolsArgs};
use crate::cli::runtime;
use crate::{settings, show};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use wingman_config::Overrides;
use wingman_workbench::{Bench, Fixture, Replayed, recording, replay};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Recorded deliveries: a file of JSON Lines, each a fixture, or a folder of fixtures
    recording: PathBuf,
    /// The project of the new version
    #[arg(long, default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// The folder of the version to compare with [default: the plugin of this name in the gateway's plugins folder]
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    #[command(flatten)]
    tools: ToolsArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        let deliveries = if self.recording.is_dir() { Fixture::all_in(&self.recording)? } else { recording(&self.recording)? };
        if deliveries.is_empty() {
            bail!("{} holds no deliveries", self.recording.display());
        }
        let ready = project::build(project::open(&self.dir)?, &self.tools)?;
        let installed = match self.against {
            Some(dir) => dir,
            None => settings::load(config, &Overrides::default())?.plugins.dir.join(&ready.built.name),
        };
        let spinner = show::spinner("replaying");
        let replayed = runtime()?.block_on(async {
            let before = Bench::open(&installed, &ready.compiled("before")).await;
            let mut before = before.context("the version to compare with: `--against DIR` names another")?;
            let mut after = Bench::open(&ready.built.dir, &ready.compiled("now")).await?;
            let versions = (before.manifest().version.to_string(), after.manifest().version.to_string());
            let replayed = replay(&mut before, &mut after, &deliveries).await?;
            Ok::<_, anyhow::Error>((versions, replayed))
        });
        spinner.finish_and_clear();
        let ((before, after), replayed) = replayed?;
        if self.json {
            return show::json(&replayed);
        }
        let differ = replayed.iter().filter(|one| !one.differences.is_empty()).count();
        print(&replayed);
        anstream::println!("{} deliveries, {differ} with another outcome (- {before}, + {after})", replayed.len());
        next("wingman plugin pack");
        Ok(())
    }
}

fn print(replayed: &[Replayed]) {
    for Replayed { name, differences } in replayed.iter().filter(|one| !one.differences.is_empty()) {
        anstream::println!("{}", show::bad(name));
        for difference in differences {
            difference.to_string().lines().for_each(|line| anstream::println!("  {line}"));
        }
    }
}
