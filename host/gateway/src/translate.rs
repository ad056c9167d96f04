//! From the configuration's words to those of the crates that it configures. Nothing is decided here.

use anyhow::{Context, Result};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use wingman_config::{BindingMatch, Config, Credentials, DmScope, McpEndpoint, PeerKind, SecretSource};
use wingman_dispatch::{Limits, RetryPolicy, StoredWebhook};
use wingman_mcp::{Endpoint, LookupError, Secrets, ServerSettings};
use wingman_message::{AgentId, Approval, ChannelName, Peer, PluginName, SessionKey, WebhookId};
use wingman_route::{Binding, Match, Router};
use wingman_server::ServerLimits;

pub(crate) fn router(config: &Config) -> Result<Router> {
    let bindings = config.agents.bindings.iter().map(|binding| {
        Ok(Binding {
            agent: AgentId::new(binding.agent_id.as_str())?,
            matches: matches(&binding.matches)?,
            context: binding.context,
        })
    });
    let dm_scope = match config.gateway.session.dm_scope {
        DmScope::Main => wingman_message::DmScope::Main,
        DmScope::PerPeer => wingman_message::DmScope::PerPeer,
    };
    Ok(Router::new(AgentId::new(config.agents.default.as_str())?, bindings.collect::<Result<_>>()?, dm_scope))
}

fn matches(matches: &BindingMatch) -> Result<Match> {
    let BindingMatch { channel, account_id, guild_id, team_id, peer } = matches;
    Ok(Match {
        channel: ChannelName::new(channel)?,
        account: account_id.clone(),
        guild: guild_id.clone(),
        team: team_id.clone(),
        peer: peer.as_ref().map(|peer| Peer { kind: peer_kind(peer.kind), id: peer.id.clone() }),
    })
}

fn peer_kind(kind: PeerKind) -> wingman_message::PeerKind {
    match kind {
        PeerKind::Dm => wingman_message::PeerKind::Dm,
        PeerKind::Group => wingman_message::PeerKind::Group,
        PeerKind::Channel => wingman_message::PeerKind::Channel,
    }
}

/// The webhooks of the configuration file.
pub(crate) fn webhooks(config: &Config, now_ms: i64) -> Result<Vec<StoredWebhook>> {
    let webhook = |webhook: &wingman_config::Webhook| -> Result<StoredWebhook> {
        Ok(StoredWebhook {
            id: WebhookId::new(webhook.id.as_str())?,
            name: webhook.name.clone(),
            agent: AgentId::new(webhook.agent_id.as_str())?,
            secret_hash: Sha256::digest(webhook.secret.expose_secret().as_bytes()).into(),
            secret: Some(webhook.secret.clone()),
            enabled: webhook.enabled,
            preset: webhook.preset.as_ref().map(PluginName::new).transpose()?,
            session: webhook.session_id.as_deref().map(str::parse::<SessionKey>).transpose()?,
            event_label: webhook.event_label.clone(),
            allowed_ips: webhook.allowed_ips.iter().map(|range| range.as_str().to_owned()).collect(),
            created_at: webhook.created_at.and_then(|at| i64::try_from(at).ok()).unwrap_or(now_ms),
        })
    };
    config.webhooks.iter().map(|one| webhook(one).with_context(|| format!("webhook `{}`", one.id.as_str()))).collect()
}

pub(crate) fn credentials(config: &Config) -> Result<wingman_server::Credentials> {
    Ok(match config.credentials()? {
        Credentials::Token(token) => wingman_server::Credentials::token(&token),
        Credentials::Password(password) => wingman_server::Credentials::password(&password),
        Credentials::None => wingman_server::Credentials::none(),
    })
}

/// The MCP servers of the configuration file. Their secrets are looked up when they are connected to.
pub(crate) fn mcp_servers(config: &Config) -> Result<Vec<ServerSettings>> {
    let server = |server: &wingman_config::McpServer| -> Result<ServerSettings> {
        let endpoint = match &server.endpoint {
            McpEndpoint::Process { command, args, env, cwd } => Endpoint::Process {
                command: command.clone(),
                arguments: args.clone(),
                variables: secrets(env),
                folder: cwd.clone(),
            },
            McpEndpoint::Http { url, headers } => {
                Endpoint::Http { url: url.as_str().parse::<reqwest::Url>().context("its address")?, headers: secrets(headers) }
            }
        };
        Ok(ServerSettings { name: server.name.clone(), endpoint, call_time: server.tool_time })
    };
    config.mcp.iter().map(|one| server(one).with_context(|| format!("MCP server `{}`", one.name))).collect()
}

fn secrets(sources: &BTreeMap<String, SecretSource>) -> Secrets {
    let sources = sources.clone();
    Secrets::new(move || {
        let read = |(name, source): (&String, &SecretSource)| {
            let secret = source.read(|variable| std::env::var(variable).ok()).map_err(|error| LookupError(error.to_string()))?;
            Ok((name.clone(), secret))
        };
        sources.iter().map(read).collect()
    })
}

pub(crate) fn queue_mode(mode: wingman_config::QueueMode) -> wingman_message::QueueMode {
    use wingman_config::QueueMode as From;
    match mode {
        From::Queue => wingman_message::QueueMode::Queue,
        From::Steer => wingman_message::QueueMode::Steer,
        From::Collect => wingman_message::QueueMode::Collect,
        From::Interrupt => wingman_message::QueueMode::Interrupt,
        From::Reject => wingman_message::QueueMode::Reject,
    }
}

/// When a person is asked before a tool is called, by the tool's name or its plugin's.
pub(crate) fn approval(agent: &wingman_config::Agent) -> BTreeMap<String, Approval> {
    use wingman_config::Approval as From;
    let when = |when: &From| match when {
        From::Never => Approval::Never,
        From::Ask => Approval::Ask,
        From::Always => Approval::Always,
    };
    agent.approval.iter().map(|(tool, asked)| (tool.clone(), when(asked))).collect()
}

/// Bounds of what moves.
pub(crate) fn limits(config: &Config) -> Limits {
    Limits {
        queued_per_session: config.limits.queued_per_session,
        concurrent_runs: config.limits.concurrent_runs,
        run_seconds: config.limits.run_seconds.into(),
        delegate_depth: config.limits.delegate_depth,
        delegate_runs: config.limits.delegate_runs,
        retry: RetryPolicy::default(),
    }
}

/// Bounds of what model providers may do.
pub(crate) fn model_limits(config: &Config) -> wingman_agent::Limits {
    wingman_agent::Limits {
        first_byte: config.limits.model_first_byte_time(),
        idle: config.limits.model_idle_time(),
        ..wingman_agent::Limits::default()
    }
}

/// Bounds of what clients may send.
pub(crate) fn server_limits(config: &Config) -> ServerLimits {
    ServerLimits {
        frame_bytes: config.limits.frame_bytes,
        webhook_bytes: config.limits.webhook_bytes,
        messages_per_minute: config.limits.messages_per_minute,
        nodes: config.limits.nodes,
        groups: config.limits.groups,
    }
}

/// Host and port as they stand in a URL (RFC 3986, 3.2): an IPv6 address in brackets.
pub(crate) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
