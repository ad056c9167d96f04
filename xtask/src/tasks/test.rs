//! `test`: every test there is, the fast ones first; one failure does not hide the next.

use crate::{artifact, gateway::Gateway, node, project::Project, shell, stages::Stages, tasks, tools};
use anyhow::Result;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which tests, and what to tell nextest.
#[derive(Args)]
pub(crate) struct Options {
    /// Leave out what needs a running gateway or a browser.
    #[arg(long)]
    fast: bool,
    /// Rust's tests.
    #[arg(long)]
    rust: bool,
    /// The Control UI's types and unit tests.
    #[arg(long)]
    ui: bool,
    /// Journeys in a real browser against a real gateway.
    #[arg(long)]
    browser: bool,
    /// Options and filters of `cargo nextest run`, after `--`.
    #[arg(last = true)]
    nextest: Vec<String>,
}

/// What was chosen: everything, unless something is named.
#[derive(Debug, PartialEq)]
struct Chosen {
    rust: bool,
    ui: bool,
    browser: bool,
}

impl Options {
    fn chosen(&self) -> Chosen {
        let everything = !(self.rust || self.ui || self.browser);
        Chosen { rust: self.rust || everything, ui: self.ui || everything, browser: (self.browser || everything) && !self.fast }
    }
}

pub(crate) fn perform(project: &Project, options: &Options) -> Result<()> {
    let chosen = options.chosen();
    let mut stages = Stages::new();
    stages.run("tools", || install(project, &chosen));
    if chosen.ui {
        stages.run("control ui", || tasks::ui::test(project));
    }
    if chosen.rust || chosen.browser {
        let parts = stages.run("plugins", || tasks::plugins::perform(project)).is_some()
            & stages.run("page", || tasks::ui::perform(project)).is_some();
        let binary = if parts {
            stages.run("compile", || compile(project, chosen.rust))
        } else {
            stages.skip("compile", "plugins or page are missing");
            None
        };
        with_binary(project, options, &chosen, binary.as_deref(), &mut stages);
    }
    stages.finish()
}

fn with_binary(project: &Project, options: &Options, chosen: &Chosen, binary: Option<&Path>, stages: &mut Stages) {
    let rust =
        [("rust", nextest as fn(&Project, &Options, &Path) -> Result<()>), ("doc tests", doc_tests), ("examples", examples)];
    let rust = rust.into_iter().filter(|(name, _)| chosen.rust && !(options.fast && *name != "rust"));
    let browser = chosen.browser.then_some(("browser", browser as fn(&Project, &Options, &Path) -> Result<()>));
    for (name, work) in rust.chain(browser) {
        match binary {
            Some(binary) => drop(stages.run(name, || work(project, options, binary))),
            None => stages.skip(name, "nothing was compiled"),
        }
    }
}

fn install(project: &Project, chosen: &Chosen) -> Result<()> {
    tools::node()?;
    if chosen.rust {
        tools::nextest()?;
        tools::registry()?;
        node::install(&project.mcp_servers())?;
    }
    if chosen.rust || chosen.browser {
        tools::script_toolchains()?;
    }
    if chosen.browser {
        tools::chromium()?;
    }
    Ok(())
}

/// The gateway, and with it all tests when they are wanted: features are unified over one selection, so one call compiles
/// each dependency once.
fn compile(project: &Project, with_tests: bool) -> Result<PathBuf> {
    let mut command = shell::cargo();
    command.current_dir(project.root()).args(["build", "--workspace"]);
    if with_tests {
        command.args(["--lib", "--bins", "--tests", "--examples"]);
    } else {
        command.args(["--bin", tasks::build::WINGMAN.name]);
    }
    artifact::build(&mut command, tasks::build::WINGMAN)
}

fn nextest(project: &Project, options: &Options, binary: &Path) -> Result<()> {
    let mut command = shell::cargo();
    command.current_dir(project.root()).env("WINGMAN_BIN", binary).args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    if std::env::var_os("CI").is_some() {
        command.args(["--profile", "ci"]);
    }
    if options.fast {
        command.args(["-E", "not package(wingman-e2e)"]);
    }
    shell::run(command.args(&options.nextest))
}

/// nextest cannot run them.
fn doc_tests(project: &Project, _: &Options, _: &Path) -> Result<()> {
    shell::run(shell::cargo().current_dir(project.root()).args(["test", "--workspace", "--doc", "--quiet"]))
}

/// The conformance kit on the examples that are no crates; those that are go through it in the tests of `host/workbench`. What is
/// compiled is kept beside each example, so that only the first run takes minutes.
fn examples(project: &Project, _: &Options, binary: &Path) -> Result<()> {
    for example in tasks::plugins::scripts(project)? {
        let mut kit = Command::new(binary);
        shell::run(kit.args(["plugin", "test", "--tools"]).arg(project.guest_tools()).arg(example))?;
    }
    Ok(())
}

fn browser(project: &Project, _: &Options, binary: &Path) -> Result<()> {
    let dir = project.browser_tests();
    node::install(&dir)?;
    let chromium = tools::chromium()?;
    let gateway = Gateway::start(binary, &project.path("target/browser/gateway.log"))?;
    let mut tests = node::npm(&dir);
    tests.args(["test"]).env("WINGMAN_CHROMIUM", chromium);
    tests.env("WINGMAN_UI_URL", gateway.ui_url()).env("WINGMAN_TOKEN", gateway.token());
    shell::run(&mut tests)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn chosen(line: &str) -> Chosen {
        Line::parse_from(line.split(' ')).options.chosen()
    }

    #[test]
    fn everything_runs_unless_something_is_named() {
        assert_eq!(chosen("test"), Chosen { rust: true, ui: true, browser: true });
        assert_eq!(chosen("test --rust"), Chosen { rust: true, ui: false, browser: false });
        assert_eq!(chosen("test --ui --browser"), Chosen { rust: false, ui: true, browser: true });
        assert_eq!(chosen("test --fast"), Chosen { rust: true, ui: true, browser: false });
    }

    #[test]
    fn what_follows_the_dashes_is_for_nextest() {
        let line = Line::parse_from(["test", "--rust", "--", "-p", "wingman-route", "--no-capture"]);
        assert_eq!(line.options.nextest, ["-p", "wingman-route", "--no-capture"]);
    }
}
