//! `counts`: instructions of the hot functions, against the counts that `tests/counts` keeps.

use crate::{project::Project, shell, tools};
use anyhow::Result;

pub(crate) fn perform(project: &Project) -> Result<()> {
    tools::counts()?;
    let mut bench = shell::cargo();
    bench.current_dir(project.root()).args(["bench", "--profile", "counts", "--package", "wingman-counts", "--bench", "counts"]);
    shell::run(&mut bench)
}
