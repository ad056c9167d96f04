//! `wingman gateway start|stop|restart|status`: a gateway in the background.

use super::RunArgs;
use crate::cli::running::Gateway;
use crate::daemon::PidFile;
use crate::exit::Failure;
use crate::{logs, settings, show};
use anyhow::{Context, Result, anyhow};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use wingman_config::{Config, Overrides};
use wingman_protocol::{ReloadError, ServerConfig};

/// How long a gateway may take to be ready: the first start compiles the plugins.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end: a little more than runs are given.
const STOP: Duration = Duration::from_secs(30);
/// Lines of the log that are shown when a start fails.
const TAIL: usize = 15;

pub(super) fn start(config: Option<&Path>, args: &RunArgs) -> Result<()> {
    let file = settings::locate(config)?;
    let loaded = settings::load(Some(&file), &args.overrides())?;
    loaded.credentials()?;
    let pid_file = PidFile::of(&loaded.gateway.state_dir);
    // Says who runs already. The lock goes again, for the child to take.
    drop(pid_file.hold()?);

    let spinner = show::spinner("starting the gateway");
    let mut child = command(&file, args)?.spawn().context("cannot start the gateway's process")?;
    let ready = pid_file.wait_for(&mut child, START);
    spinner.finish_and_clear();
    let running = ready.map_err(|error| explain(&error, &loaded))?;
    anstream::println!("{}  process {}", show::good("started"), running.pid);
    anstream::println!("gateway  {}", running.url);
    if let Some(control_ui) = &running.control_ui {
        anstream::println!("page     {control_ui}");
    }
    anstream::println!("log      {}", logs::folder(&loaded.gateway.state_dir).display());
    Ok(())
}

pub(super) fn stop(config: Option<&Path>) -> Result<()> {
    let config = settings::load(config, &Overrides::default())?;
    let spinner = show::spinner("stopping the gateway");
    let stopped = PidFile::of(&config.gateway.state_dir).stop(STOP);
    spinner.finish_and_clear();
    if stopped? {
        anstream::println!("{}", show::good("stopped"));
        Ok(())
    } else {
        Err(Failure::Unreachable("no gateway is running".to_owned()).into())
    }
}

pub(super) fn restart(config: Option<&Path>, args: &RunArgs) -> Result<()> {
    // A mistake in the configuration must not leave the user without a gateway.
    let loaded = settings::load(config, &args.overrides())?;
    loaded.credentials()?;
    let spinner = show::spinner("stopping the gateway");
    let stopped = PidFile::of(&loaded.gateway.state_dir).stop(STOP);
    spinner.finish_and_clear();
    stopped?;
    start(config, args)
}

pub(super) fn status(config: Option<&Path>, as_json: bool) -> Result<()> {
    let config = settings::load(config, &Overrides::default())?;
    let running = PidFile::of(&config.gateway.state_dir).running()?;
    if as_json {
        show::json(&match &running {
            Some(running) => match reload_error(&config) {
                Some(error) => json!({"running": true, "gateway": running, "reloadError": error}),
                None => json!({"running": true, "gateway": running}),
            },
            None => json!({"running": false}),
        })?;
    }
    match running {
        Some(_) if as_json => Ok(()),
        Some(running) => {
            anstream::println!("{}  process {}", show::good("running"), running.pid);
            anstream::println!("gateway  {}", running.url);
            if let Some(control_ui) = &running.control_ui {
                anstream::println!("page     {control_ui}");
            }
            // A gateway that does not tell runs all the same.
            if let Some(error) = reload_error(&config) {
                anstream::println!("{}  the changed configuration is not in force:\n{}", show::bad("mistake"), error.message);
            }
            Ok(())
        }
        None => Err(Failure::Unreachable("the gateway is not running; `wingman gateway start` starts it".to_owned()).into()),
    }
}

/// What the running gateway could not take of a changed configuration.
fn reload_error(config: &Config) -> Option<ReloadError> {
    Gateway::running(config).ok()??.get::<ServerConfig>("/api/config").ok()?.reload_error
}

/// The same program, as `gateway run`. Secrets go through the environment, where other users cannot see them.
fn command(file: &Path, args: &RunArgs) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("cannot find this program's own file")?);
    command.arg("--config").arg(file).args(["gateway", "run", "--background"]);
    let RunArgs { port, host, auth_mode, token, password, name, background: _ } = args;
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            command.arg(format!("--{name}={value}"));
        }
    };
    option("port", port.map(|port| port.to_string()));
    option("host", host.clone());
    option("auth-mode", auth_mode.clone());
    option("name", name.clone());
    let mut secret = |variable: &str, value: &Option<SecretString>| {
        if let Some(value) = value {
            command.env(variable, value.expose_secret());
        }
    };
    secret("WINGMAN_GATEWAY_TOKEN", token);
    secret("WINGMAN_GATEWAY_PASSWORD", password);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

/// Why a start failed: the last lines of the log say it.
fn explain(error: &anyhow::Error, config: &Config) -> anyhow::Error {
    let state_dir = &config.gateway.state_dir;
    let log = logs::newest(state_dir).and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    anyhow!("the gateway did not start: {error}\n\nThe end of its log ({}):\n{tail}", logs::folder(state_dir).display())
}
