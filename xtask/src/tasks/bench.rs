//! `bench`: measurements, as a table that can be pasted into `docs/performance.md`.

use crate::{artifact, artifact::Program, project::Project, shell, tasks, tools};
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::process::Command;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    #[arg(value_enum)]
    what: Subject,
    /// Options of the measuring program, after `--`
    #[arg(last = true)]
    rest: Vec<String>,
}

/// What can be measured.
#[derive(Clone, Copy, ValueEnum)]
enum Subject {
    /// What a plugin costs: calls, loading, memory, neighbours.
    Plugins,
    /// The gateway beside the floor: pings, fan-out, tokens, webhooks, memory, start.
    Gateway,
}

const COMPARE: Program = Program { kind: "bin", name: "wingman-compare" };
const PLUGINS: Program = Program { kind: "bin", name: "wingman-plugin-bench" };

pub(crate) fn perform(project: &Project, options: &Options) -> Result<()> {
    match options.what {
        Subject::Plugins => plugins(project, &options.rest),
        Subject::Gateway => gateway(project, &options.rest),
    }
}

fn gateway(project: &Project, rest: &[String]) -> Result<()> {
    tools::node()?;
    let nats = tools::nats()?;
    tasks::plugins::perform(project)?;
    tasks::ui::perform(project)?;
    let mut build = shell::cargo();
    build.current_dir(project.root()).args(["build", "--profile", "bench", "--bins"]);
    build.args(["--package", "wingman-gateway", "--package", "wingman-bench"]);
    let program = artifact::build(&mut build, COMPARE)?;
    let mut compare = Command::new(&program);
    compare.arg("--gateway").arg(program.with_file_name(tasks::build::WINGMAN.name));
    compare.arg("--floor").arg(program.with_file_name("wingman-floor"));
    compare.arg("--nats").arg(nats).arg("--cache").arg(project.path("target/bench-plugin-cache"));
    shell::run(compare.args(rest))
}

fn plugins(project: &Project, rest: &[String]) -> Result<()> {
    tasks::plugins::perform(project)?;
    let mut build = shell::cargo();
    build.current_dir(project.root()).args(["build", "--profile", "bench", "--package", PLUGINS.name]);
    let program = artifact::build(&mut build, PLUGINS)?;
    shell::run(Command::new(program).arg(project.plugins_out()).arg(project.example_plugins_out()).args(rest))
}
