//! `setup`: what building and testing need, installed where that can be done without asking.

use crate::{node, project::Project, tools};
use anyhow::Result;

pub(crate) fn perform(project: &Project) -> Result<()> {
    tools::node()?;
    tools::nextest()?;
    tools::guest_toolchain()?;
    tools::script_toolchains()?;
    tools::registry()?;
    tools::chromium()?;
    node::install(&project.ui())?;
    node::install(&project.browser_tests())?;
    node::install(&project.mcp_servers())
}
