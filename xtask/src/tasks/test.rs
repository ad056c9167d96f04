//! `test`: every test there is, the fast ones first; one failure does not hide the next.

use crate::{artifact, gateway::Gateway, node, project::Project, real_model::RealModel, shell, stages::Stages, tasks, tools};
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
    /// Only what needs a real model: a server is built and a model fetched for it. Never part of the others.
    #[arg(long, conflicts_with_all = ["fast", "rust", "ui", "browser"])]
    real_model: bool,
    /// Options and filters of `cargo nextest run`, after `--`.
    #[arg(last = true)]
    nextest: Vec<String>,
}

/// The file of tests, in `tests/e2e`, that need a real model.
const REAL_MODEL_TESTS: &str = "real_model";

/// What was chosen: everything, unless something is named.
#[derive(Debug, PartialEq)]
struct Chosen {
    rust: bool,
    ui: bool,
    browser: bool,
    real_model: bool,
}

impl Options {
    fn chosen(&self) -> Chosen {
        let everything = !(self.rust || self.ui || self.browser || self.real_model);
        Chosen {
            rust: self.rust || everything,
            ui: self.ui || everything,
            browser: (self.browser || everything) && !self.fast,
            real_model: self.real_model,
        }
    }
}

pub(crate) fn perform(project: &Project, options: &Options) -> Result<()> {
    let chosen = options.chosen();
    let mut stages = Stages::new();
    stages.run("tools", || install(project, &chosen));
    if chosen.ui {
        stages.run("control ui", || tasks::ui::test(project));
    }
    if chosen.rust || chosen.browser || chosen.real_model {
        let parts = stages.run("plugins", || tasks::plugins::perform(project)).is_some()
            & stages.run("page", || tasks::ui::perform(project)).is_some();
        let binary = if parts {
            stages.run("compile", || compile(project, &chosen))
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
    let real = chosen.real_model.then_some(("real model", real_model as fn(&Project, &Options, &Path) -> Result<()>));
    for (name, work) in rust.chain(browser).chain(real) {
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
    if chosen.real_model {
        tools::nextest()?;
        tools::cmake()?;
    }
    if chosen.rust || chosen.browser || chosen.real_model {
        tools::script_toolchains()?;
    }
    if chosen.browser {
        tools::chromium()?;
    }
    Ok(())
}

/// The gateway, and with it all tests when they are wanted: features are unified over one selection, so one call compiles
/// each dependency once.
fn compile(project: &Project, chosen: &Chosen) -> Result<PathBuf> {
    let mut command = shell::cargo();
    command.current_dir(project.root()).args(["build", "--workspace"]);
    if chosen.rust {
        command.args(["--lib", "--bins", "--tests", "--examples"]);
    } else {
        command.args(["--bin", tasks::build::WINGMAN.name]);
    }
    if chosen.real_model {
        command.args(["--test", REAL_MODEL_TESTS]);
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

/// The tests that the others leave out.
fn real_model(project: &Project, options: &Options, binary: &Path) -> Result<()> {
    let model = RealModel::start(project)?;
    let mut command = shell::cargo();
    command.current_dir(project.root()).env("WINGMAN_BIN", binary).env("WINGMAN_REAL_MODEL_URL", model.url());
    command.args(["nextest", "run", "--workspace", "--no-fail-fast", "--test", REAL_MODEL_TESTS, "--run-ignored", "only"]);
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
        assert_eq!(chosen("test"), Chosen { rust: true, ui: true, browser: true, real_model: false });
        assert_eq!(chosen("test --rust"), Chosen { rust: true, ui: false, browser: false, real_model: false });
        assert_eq!(chosen("test --ui --browser"), Chosen { rust: false, ui: true, browser: true, real_model: false });
        assert_eq!(chosen("test --real-model"), Chosen { rust: false, ui: false, browser: false, real_model: true });
        assert_eq!(chosen("test --fast"), Chosen { rust: true, ui: true, browser: false, real_model: false });
    }

    #[test]
    fn what_follows_the_dashes_is_for_nextest() {
        let line = Line::parse_from(["test", "--rust", "--", "-p", "wingman-route", "--no-capture"]);
        assert_eq!(line.options.nextest, ["-p", "wingman-route", "--no-capture"]);
    }
}
