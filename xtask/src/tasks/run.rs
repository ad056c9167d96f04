//! `run`: from a fresh checkout to a gateway that answers, in one command.

use crate::{project::Project, shell, tasks};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Run an optimised build.
    #[arg(long)]
    release: bool,
    /// Options of `wingman gateway run`, after `--`.
    #[arg(last = true)]
    gateway: Vec<String>,
}

pub(crate) fn perform(project: &Project, options: &Options) -> Result<()> {
    let binary = tasks::build::everything(project, options.release)?;
    let config = match existing_configuration(project) {
        Some(config) => config,
        None => starter(project, &binary)?,
    };
    let mut gateway = Command::new(&binary);
    gateway.current_dir(project.root()).arg("--config").arg(&config).args(["gateway", "run"]).args(&options.gateway);
    eprintln!("{}", Welcome::read(&config)?.text(&binary, &config));
    become_program(&mut gateway)
}

/// The first file that `wingman` itself would find from the root of the repository.
fn existing_configuration(project: &Project) -> Option<PathBuf> {
    let here = [".wingman/wingman.config.json", "wingman.config.json"].map(|name| project.path(name));
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".wingman/wingman.config.json"));
    here.into_iter().chain(home).find(|path| path.is_file())
}

fn starter(project: &Project, binary: &Path) -> Result<PathBuf> {
    let config = project.path(".wingman/wingman.config.json");
    let mut init = Command::new(binary);
    init.current_dir(project.root()).arg("--config").arg(&config);
    shell::run(init.args(["init", "--agent", "main", "--model", "demo:echo"]))?;
    Ok(config)
}

/// What a newcomer needs to know, from the configuration.
#[derive(Debug, PartialEq)]
struct Welcome {
    gateway: String,
    ui: Option<String>,
    token: Option<String>,
}

impl Welcome {
    fn read(config: &Path) -> Result<Self> {
        let text = fs::read_to_string(config).with_context(|| format!("cannot read {}", config.display()))?;
        let value: Value = jsonc_parser::parse_to_serde_value(&text, &jsonc_parser::ParseOptions::default())
            .with_context(|| format!("cannot read {}", config.display()))?;
        Ok(Self::of(&value, std::env::var("WINGMAN_GATEWAY_TOKEN").ok()))
    }

    fn of(config: &Value, token: Option<String>) -> Self {
        let gateway = &config["gateway"];
        let host = gateway["host"].as_str().unwrap_or("127.0.0.1");
        let port = gateway["port"].as_u64().unwrap_or(18789);
        let ui_port = gateway["controlUi"]["port"].as_u64().unwrap_or(18790);
        let has_ui = gateway["controlUi"]["enabled"].as_bool().unwrap_or(true);
        Self {
            gateway: format!("http://{host}:{port}"),
            ui: has_ui.then(|| format!("http://{host}:{ui_port}")),
            token: token.or_else(|| gateway["auth"]["token"].as_str().map(str::to_owned)),
        }
    }

    fn text(&self, binary: &Path, config: &Path) -> String {
        let Self { gateway, ui, token } = self;
        let mut lines = vec![String::new(), "Wingman is starting. Once it says that it listens:".to_owned()];
        let mut line = |name: &str, value: &str| lines.push(format!("  {name:<12} {value}"));
        if let Some(ui) = ui {
            line("look", &format!("{ui}  (the Control UI)"));
        }
        if let Some(token) = token {
            line("token", token);
        }
        let authorization = token.as_ref().map(|token| format!(" -H 'Authorization: Bearer {token}'")).unwrap_or_default();
        line("try", &format!("curl{authorization} {gateway}/api/sessions"));
        line("", &format!("{} agent --agent main \"hello\"", binary.display()));
        line("settings", &config.display().to_string());
        line("stop", "Ctrl-C");
        lines.push(String::new());
        lines.join("\n")
    }
}

/// On Unix this process becomes the gateway, so that signals and the exit code are the gateway's own.
#[cfg(unix)]
fn become_program(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start `{}`", shell::display(command)))
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Result<()> {
    shell::run(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_welcome_is_what_the_configuration_says() {
        let config = json!({ "gateway": { "port": 1, "auth": { "token": "t0k" }, "controlUi": { "port": 2 } } });
        let welcome = Welcome::of(&config, None);
        let text = welcome.text(Path::new("target/debug/wingman"), Path::new("a.json"));
        assert!(text.contains("http://127.0.0.1:2  (the Control UI)"), "{text}");
        assert!(text.contains("curl -H 'Authorization: Bearer t0k' http://127.0.0.1:1/api/sessions"), "{text}");
        assert!(text.contains("target/debug/wingman agent --agent main \"hello\""), "{text}");
        assert_eq!(Welcome::of(&config, Some("from-env".to_owned())).token.as_deref(), Some("from-env"));
    }

    #[test]
    fn without_token_and_page_neither_is_named() {
        let config = json!({ "gateway": { "auth": { "mode": "none" }, "controlUi": { "enabled": false } } });
        let text = Welcome::of(&config, None).text(Path::new("w"), Path::new("a.json"));
        assert!(text.contains("curl http://127.0.0.1:18789/api/sessions"), "{text}");
        assert!(!text.contains("token") && !text.contains("Control UI"), "{text}");
    }

    #[test]
    fn comments_and_trailing_commas_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wingman.config.json");
        fs::write(&path, "// hello\n{ \"gateway\": { \"port\": 7, /* no more */ }, }").unwrap();
        assert_eq!(Welcome::read(&path).unwrap().gateway, "http://127.0.0.1:7");
    }
}
