//! `wingman agent`: asks an agent, through the gateway or without one.

mod prompt;
mod run;

pub(super) use run::{Output, ask};

use super::{local, runtime};
use crate::{settings, translate};
use anyhow::Result;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use wingman_client::ConnectOptions;
use wingman_config::{Config, Credentials, Overrides};
use wingman_message::{AgentId, Clock, RunId, SessionKey, SystemClock};
use wingman_protocol::{AgentRequest, QueueMode};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The agent [default: whichever the bindings choose]
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
    /// The session to go on with
    #[arg(long, value_name = "KEY")]
    session: Option<SessionKey>,
    #[command(flatten)]
    target: Target,
    /// Run the agent in this process, without a gateway
    #[arg(long, conflicts_with_all = ["gateway", "token"])]
    local: bool,
    /// Print the events as they come, one JSON object a line
    #[arg(long)]
    json: bool,
    /// What to do where the session is busy [default: as the agent is configured]
    #[arg(long, value_name = "MODE", value_parser = queue_modes())]
    queue_mode: Option<QueueMode>,
    /// What to say; what is piped into standard input is put below it. `-`, or nothing, takes the prompt from there
    prompt: Option<String>,
}

/// Which gateway.
#[derive(clap::Args)]
pub(super) struct Target {
    /// The gateway's address, such as ws://127.0.0.1:18789/ws [default: as configured]
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// The gateway's token or password [default: as configured]
    #[arg(long)]
    token: Option<SecretString>,
}

impl Args {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        let Self { agent, session, target, local, json, queue_mode, prompt } = self;
        let mut request = AgentRequest::new(prompt::read(prompt.as_deref())?);
        request.agent_id = agent;
        request.session_key = session;
        request.queue_mode = queue_mode;
        let output = Output::new(json);
        if local {
            let config = settings::load(config, &Overrides::default())?;
            return runtime()?.block_on(local::run(config, request, output));
        }
        let (found, _) = target.find(config)?;
        let options = options(&found.url, found.secret.as_ref());
        runtime()?.block_on(ask(options, request, output))
    }
}

/// A gateway's address, and what lets one in.
pub(super) struct Found {
    pub(super) url: String,
    pub(super) secret: Option<SecretString>,
}

impl Target {
    /// What the command line says, and for the rest the configuration, which is returned where it was read; none is needed where the
    /// command line says it all.
    pub(super) fn find(self, config: Option<&Path>) -> Result<(Found, Option<Config>)> {
        let Self { gateway, token } = self;
        let (gateway, token) = match (gateway, token) {
            (Some(url), Some(token)) => return Ok((Found { url, secret: Some(token) }, None)),
            other => other,
        };
        let config = match settings::load(config, &Overrides::default()) {
            Ok(config) => config,
            Err(error) => match gateway {
                // A gateway elsewhere may need no token, and this machine no configuration.
                Some(url) if config.is_none() => return Ok((Found { url, secret: None }, None)),
                _ => return Err(error),
            },
        };
        let url = gateway
            .unwrap_or_else(|| format!("ws://{}/ws", translate::authority(config.gateway.host.as_str(), config.gateway.port)));
        let configured = match config.credentials() {
            Ok(Credentials::Token(secret) | Credentials::Password(secret)) => Some(secret),
            Ok(Credentials::None) | Err(_) => None,
        };
        Ok((Found { url, secret: token.or(configured) }, Some(config)))
    }
}

pub(super) fn options(url: &str, secret: Option<&SecretString>) -> ConnectOptions {
    // A client of its own each time: nothing is asked twice.
    let instance = format!("cli-{}", RunId::new(SystemClock.now_ms()));
    let options = ConnectOptions::new(url, instance, "cli");
    match secret {
        Some(secret) => options.with_token(secret.expose_secret()),
        None => options,
    }
}

fn queue_modes() -> impl clap::builder::TypedValueParser<Value = QueueMode> {
    PossibleValuesParser::new(["queue", "steer", "collect", "interrupt", "reject"]).map(|mode| match mode.as_str() {
        "steer" => QueueMode::Steer,
        "collect" => QueueMode::Collect,
        "interrupt" => QueueMode::Interrupt,
        "reject" => QueueMode::Reject,
        _ => QueueMode::Queue,
    })
}
