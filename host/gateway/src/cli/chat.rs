//! stub
#[derive(clap::Args)]
pub(crate) struct Args {}
impl Args { pub(crate) fn run(self, _c: Option<&std::path::Path>) -> anyhow::Result<()> { Ok(()) } }
