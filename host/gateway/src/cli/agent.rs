//! `wingman agent`: asks an agent, through the gateway or without one.

use super::local;
use super::runtime;
use crate::exit::Failure;
use crate::{settings, show, translate};
use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};
use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use wingman_client::{Client, ClientError, ConnectOptions};
use wingman_config::{Credentials, Overrides};
use wingman_message::{AgentId, Clock, RunId, SessionKey, SystemClock};
use wingman_protocol::{AgentEvent, AgentEventKind, AgentRequest, MessagePart, StreamChunk};

/// The longest prompt that is read from standard input, in bytes.
const MAX_PROMPT: u64 = 512 * 1024;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The agent [default: whichever the bindings choose]
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
    /// The session to go on with
    #[arg(long, value_name = "KEY")]
    session: Option<SessionKey>,
    /// The gateway's address, such as ws://127.0.0.1:18789/ws [default: as configured]
    #[arg(long, value_name = "URL", conflicts_with = "local")]
    gateway: Option<String>,
    /// The gateway's token or password [default: as configured]
    #[arg(long, conflicts_with = "local")]
    token: Option<SecretString>,
    /// Run the agent in this process, without a gateway
    #[arg(long)]
    local: bool,
    /// Print the events as they come, one JSON object a line
    #[arg(long)]
    json: bool,
    /// What to say; `-`, or nothing where standard input is piped, reads it from there
    prompt: Option<String>,
}

impl Args {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        let mut request = AgentRequest::new(self.prompt()?);
        request.agent_id.clone_from(&self.agent);
        request.session_key.clone_from(&self.session);
        let printer = Printer { json: self.json, ..Printer::default() };
        if self.local {
            let config = settings::load(config, &Overrides::default())?;
            return runtime()?.block_on(local::run(config, request, printer));
        }
        let options = self.connect_options(config)?;
        runtime()?.block_on(ask(options, request, printer))
    }

    fn prompt(&self) -> Result<String> {
        let piped = !std::io::stdin().is_terminal();
        let prompt = match self.prompt.as_deref() {
            None if !piped => bail!("say what the agent is asked: wingman agent \"hello\""),
            None | Some("-") => {
                let mut text = String::new();
                std::io::stdin().take(MAX_PROMPT + 1).read_to_string(&mut text).context("standard input is no UTF-8 text")?;
                if text.len() as u64 > MAX_PROMPT {
                    bail!("standard input is longer than {} KiB", MAX_PROMPT / 1024);
                }
                text
            }
            Some(prompt) => prompt.to_owned(),
        };
        if prompt.trim().is_empty() {
            bail!("the prompt is empty");
        }
        Ok(prompt)
    }

    /// What the command line says, and for the rest the configuration; none is needed where the command line says it all.
    fn connect_options(&self, config: Option<&Path>) -> Result<ConnectOptions> {
        if let (Some(url), Some(token)) = (&self.gateway, &self.token) {
            return Ok(options(url, Some(token)));
        }
        let config = match settings::load(config, &Overrides::default()) {
            Ok(config) => config,
            // A gateway elsewhere may need no token, and this machine no configuration.
            Err(_) if self.gateway.is_some() && config.is_none() => {
                return Ok(options(self.gateway.as_deref().unwrap_or_default(), None));
            }
            Err(error) => return Err(error),
        };
        let url = self
            .gateway
            .clone()
            .unwrap_or_else(|| format!("ws://{}/ws", translate::authority(config.gateway.host.as_str(), config.gateway.port)));
        let configured = match config.credentials() {
            Ok(Credentials::Token(secret) | Credentials::Password(secret)) => Some(secret),
            Ok(Credentials::None) | Err(_) => None,
        };
        Ok(options(&url, self.token.as_ref().or(configured.as_ref())))
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

pub(super) async fn ask(options: ConnectOptions, request: AgentRequest, mut printer: Printer) -> Result<()> {
    let spinner = show::spinner("connecting");
    let client = Client::connect(options).await.map_err(|error| failure(&error));
    spinner.finish_and_clear();
    let mut run = client?.request_agent(request).await.map_err(|error| failure(&error))?;
    let mut interrupted = false;
    loop {
        tokio::select! {
            event = run.next_event() => match event {
                Some(Ok(event)) => printer.print(&event)?,
                Some(Err(error)) => return Err(failure(&error)),
                None => return printer.finish(interrupted),
            },
            _ = tokio::signal::ctrl_c(), if !interrupted => {
                interrupted = true;
                run.cancel().await.map_err(|error| failure(&error))?;
            }
        }
    }
}

fn failure(error: &ClientError) -> anyhow::Error {
    let message = error.to_string();
    match error {
        ClientError::Rejected(_) => Failure::Refused(format!("{message}; see `--token`")).into(),
        ClientError::Refused(_) => Failure::RunFailed(message).into(),
        _ => Failure::Unreachable(format!("{message}; `wingman gateway start` starts a gateway, `--local` does without")).into(),
    }
}

/// Writes an answer to the terminal: words to standard output, everything else to standard error.
#[derive(Default)]
pub(super) struct Printer {
    json: bool,
    /// What the run has said so far, to be able to go on after a snapshot.
    said: String,
    error: Option<String>,
}

impl Printer {
    pub(super) fn print(&mut self, event: &AgentEvent) -> Result<()> {
        if self.json {
            anstream::println!("{}", serde_json::to_string(event)?);
        }
        match &event.kind {
            AgentEventKind::AgentError { error, .. } => self.error = Some(error.to_string()),
            _ if self.json => {}
            AgentEventKind::AgentStream { chunk: StreamChunk::OnChatModelStream { data, .. } } => {
                self.say(&data.chunk.content)?
            }
            AgentEventKind::AgentStream { chunk: StreamChunk::OnChatModelRetry { data, .. } } => {
                self.aside(&format!("[asked again: {}]", data.reason));
            }
            AgentEventKind::AgentSnapshot { parts, .. } => {
                let text = text_of(parts);
                if let Some(more) = text.strip_prefix(self.said.as_str()).map(str::to_owned) {
                    self.say(&more)?;
                }
            }
            AgentEventKind::RequestQueued { position, .. } => self.aside(&format!("waiting behind {position} other(s)")),
            AgentEventKind::ToolStart { tool_name, tool_input, .. } => self.aside(&format!("[{tool_name} {tool_input}]")),
            AgentEventKind::ToolEnd { tool_name, tool_output, is_error, .. } => {
                let first = tool_output.lines().next().unwrap_or_default();
                self.aside(&format!("[{tool_name} {}] {first}", if *is_error { "failed" } else { "done" }));
            }
            AgentEventKind::QuestionAsked { question } => {
                self.aside(&format!("waiting for an answer: {}", question.text));
                for choice in question.choices.iter().flatten() {
                    self.aside(&format!("- {choice}"));
                }
                self.aside(&format!(
                    "answer it on the page, or: POST /api/sessions/{}/questions/{}",
                    question.session_id, question.id
                ));
            }
            AgentEventKind::QuestionAnswered { .. } => self.aside("answered"),
            AgentEventKind::DelegateStart { child_agent_id, .. } => self.aside(&format!("[agent {child_agent_id} is at work]")),
            AgentEventKind::AgentComplete { result } if result.truncated => self.aside("[the model hit its output limit]"),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn finish(self, interrupted: bool) -> Result<()> {
        if !self.json && !self.said.is_empty() && !self.said.ends_with('\n') {
            anstream::println!();
        }
        match self.error {
            Some(_) if interrupted => Err(Failure::Interrupted.into()),
            Some(error) => Err(Failure::RunFailed(error).into()),
            None => Ok(()),
        }
    }

    fn say(&mut self, text: &str) -> Result<()> {
        self.said.push_str(text);
        let mut out = anstream::stdout();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    fn aside(&mut self, text: &str) {
        if !self.said.is_empty() && !self.said.ends_with('\n') {
            anstream::eprintln!();
        }
        anstream::eprintln!("{}", show::faint(text));
    }
}

/// All text of a run's parts, as the words came.
fn text_of(parts: &[MessagePart]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        MessagePart::Text { text } => Some(text.as_str()),
        MessagePart::Reasoning { .. } | MessagePart::Tool(_) => None,
    });
    texts.collect()
}
