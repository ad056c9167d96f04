//! `check`: all that can be said without running the gateway, the fastest first.

use crate::{project::Project, shell, stages::Stages, tasks, tools};
use anyhow::Result;

pub(crate) fn perform(project: &Project) -> Result<()> {
    let mut stages = Stages::new();
    let cargo = |arguments: &[&str]| shell::run(shell::cargo().current_dir(project.root()).args(arguments));
    stages.run("tidy", || tasks::tidy::perform(project));
    stages.run("format", || cargo(&["fmt", "--all", "--check"]));
    stages.run("dependencies", || {
        tools::deny()?;
        cargo(&["deny", "--workspace", "check", "licenses", "bans", "sources"])
    });
    stages.run("generated files", || tasks::generate::check(project));
    stages.run("lints", || cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]));
    stages.finish()
}
