//! `wingman agent --local`: a gateway for one question, in this process, on a port and with a token that nobody else knows. It is the
//! same gateway, so that there is no second way to run an agent.

use super::agent::{Output, ask, options};
use super::gateway::fresh_token;
use crate::{compose, logs};
use anyhow::{Context, Result};
use secrecy::SecretString;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use wingman_config::{AuthMode, Config, Overrides};
use wingman_protocol::AgentRequest;

/// How long the question waits for MCP servers that have not answered yet.
const MCP_PATIENCE: Duration = Duration::from_secs(15);

/// Asks `request` of a gateway that lives as long as the answer takes.
pub(super) async fn run(mut config: Config, request: AgentRequest, output: Output) -> Result<()> {
    logs::quiet();
    let token = SecretString::from(fresh_token()?);
    config.gateway.auth.mode = AuthMode::Token;
    config.gateway.auth.token = Some(token.clone());
    config.gateway.port = 0;
    config.gateway.control_ui.enabled = false;

    let core = compose::core(&config, Overrides::default())
        .await
        .context("cannot run locally; while a gateway is running, leave out `--local`")?;
    let listeners = compose::listen(&config).await?;
    // One question is all that this gateway will hear: the tools of MCP servers should be there by then.
    core.mcp.settled(MCP_PATIENCE).await;
    let url = format!("ws://{}/ws", listeners.gateway.local_addr()?);
    let shutdown = CancellationToken::new();
    let answered = async {
        let answered = ask(options(&url, Some(&token)), request, output).await;
        shutdown.cancel();
        answered
    };
    let (served, answered) = tokio::join!(compose::serve(&config, &core, listeners, shutdown.clone()), answered);
    core.shut_down().await;
    answered.and(served)
}
