//! The list of tasks. A new one is a file in `tasks/`, a variant and a line in `perform`.

mod bench;
pub(crate) mod build;
mod check;
mod counts;
mod fuzz;
mod generate;
pub(crate) mod plugins;
mod run;
mod setup;
mod test;
mod tidy;
pub(crate) mod ui;

use crate::project::Project;
use anyhow::Result;
use clap::Subcommand;

/// What can be done.
#[derive(Subcommand)]
pub(crate) enum Task {
    /// Build everything and run a gateway here, in the foreground; needs no configuration.
    Run(run::Options),
    /// Run every test, installing first what the tests need.
    Test(test::Options),
    /// Everything that is checked without running the program: format, lints, tidy, licences, generated files.
    Check,
    /// Build plugins, Control UI and the gateway into one binary.
    Build(build::Options),
    /// Build the plugins.
    Plugins,
    /// Build the Control UI.
    Ui,
    /// Write the files that are made from the source: schemas, TypeScript, the protocol's reference.
    Generate(generate::Options),
    /// Run the fuzz targets, each for a short while.
    Fuzz(fuzz::Options),
    /// Measure.
    Bench(bench::Options),
    /// Count the instructions of hot functions; more than were counted before, by a twentieth, is a failure.
    Counts,
    /// Check budgets, crate arrows and names.
    Tidy,
    /// Install what building and testing need.
    Setup,
}

impl Task {
    pub(crate) fn perform(self, project: &Project) -> Result<()> {
        match self {
            Self::Run(options) => run::perform(project, &options),
            Self::Test(options) => test::perform(project, &options),
            Self::Check => check::perform(project),
            Self::Build(options) => build::perform(project, &options),
            Self::Plugins => plugins::perform(project),
            Self::Ui => ui::perform(project),
            Self::Generate(options) => generate::perform(project, &options),
            Self::Fuzz(options) => fuzz::perform(project, &options),
            Self::Bench(options) => bench::perform(project, &options),
            Self::Counts => counts::perform(project),
            Self::Tidy => tidy::perform(project),
            Self::Setup => setup::perform(project),
        }
    }
}
