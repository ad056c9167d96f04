//! `wingman route`: where messages go, and why.

use crate::{settings, show, translate};
use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;
use wingman_config::{Config, Overrides};
use wingman_message::{ChannelName, Peer, PeerKind, Place};
use wingman_route::{Explanation, Verdict};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say which agent answers a message from a place, which binding decides it, and why the others do not
    Explain(Explain),
}

#[derive(Args)]
pub(crate) struct Explain {
    /// The channel
    #[arg(long)]
    channel: ChannelName,
    /// The account
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The guild
    #[arg(long, value_name = "ID")]
    guild: Option<String>,
    /// The team
    #[arg(long, value_name = "ID")]
    team: Option<String>,
    /// The peer: dm:ID, group:ID or channel:ID
    #[arg(long, value_name = "KIND:ID", value_parser = parse_peer)]
    peer: Option<Peer>,
    /// The thread
    #[arg(long, value_name = "ID")]
    thread: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Command {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        let Self::Explain(Explain { channel, account, guild, team, peer, thread, json }) = self;
        let config = settings::load(config, &Overrides::default())?;
        let place = Place { channel, account, guild, team, peer, thread };
        let explanation = translate::router(&config)?.explain(&place);
        if json { show::json(&as_json(&explanation, &config)) } else { print(&explanation, &config) }
    }
}

fn parse_peer(text: &str) -> Result<Peer, String> {
    let usage = || "write dm:ID, group:ID or channel:ID".to_owned();
    let (kind, id) = text.split_once(':').ok_or_else(usage)?;
    let kind = match kind {
        "dm" => PeerKind::Dm,
        "group" => PeerKind::Group,
        "channel" => PeerKind::Channel,
        _ => return Err(usage()),
    };
    if id.is_empty() { Err(usage()) } else { Ok(Peer { kind, id: id.to_owned() }) }
}

fn print(explanation: &Explanation, config: &Config) -> Result<()> {
    let route = &explanation.route;
    let why = match route.binding {
        Some(index) => format!("agents.bindings[{index}]"),
        None => "the default agent: no binding matches".to_owned(),
    };
    anstream::println!("agent    {}  ({why})", show::good(route.agent.as_str()));
    anstream::println!("session  {}", route.session);
    if explanation.verdicts.is_empty() {
        anstream::println!("{}", show::faint("There are no bindings; `agents.bindings` in the configuration takes some."));
        return Ok(());
    }
    anstream::println!();
    let rows = explanation.verdicts.iter().zip(&config.agents.bindings).enumerate().map(|(index, (verdict, binding))| {
        let won = matches!(verdict, Verdict::Won(_));
        let mark = if won { show::good("wins") } else { show::faint("loses") };
        [format!("agents.bindings[{index}]"), binding.agent_id.as_str().to_owned(), mark, reason(verdict)]
    });
    show::table(["BINDING", "AGENT", "", "WHY"], rows);
    Ok(())
}

fn reason(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Won(tier) => format!("it matches by {}, and nothing more specific does", tier.as_str()),
        Verdict::LessSpecific { tier, winner } => {
            format!("it matches by {} only; agents.bindings[{winner}] is more specific", tier.as_str())
        }
        Verdict::Later { tier, winner } => {
            format!("it matches by {} too, but agents.bindings[{winner}] comes first", tier.as_str())
        }
        Verdict::Mismatch { field, wanted, found: Some(found) } => {
            format!("it wants {} {wanted:?}, the message has {found:?}", field.as_str())
        }
        Verdict::Mismatch { field, wanted, found: None } => {
            format!("it wants {} {wanted:?}, the message has none", field.as_str())
        }
    }
}

fn as_json(explanation: &Explanation, config: &Config) -> Value {
    let verdicts = explanation.verdicts.iter().zip(&config.agents.bindings).enumerate().map(|(index, (verdict, binding))| {
        json!({
            "binding": index,
            "agentId": binding.agent_id.as_str(),
            "won": matches!(verdict, Verdict::Won(_)),
            "why": reason(verdict),
        })
    });
    json!({
        "agentId": explanation.route.agent,
        "sessionId": explanation.route.session,
        "binding": explanation.route.binding,
        "bindings": verdicts.collect::<Vec<_>>(),
    })
}
