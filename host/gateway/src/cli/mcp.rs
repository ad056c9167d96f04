//! `wingman mcp`: sees to the MCP servers of the running gateway, which alone knows how they are.

use super::running::Gateway;
use crate::{settings, show};
use anyhow::{Context, Result};
use clap::Subcommand;
use std::path::Path;
use wingman_config::Overrides;
use wingman_protocol::{McpServerState, McpServerSummary};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the MCP servers: how each is, and what it offers
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        let gateway = Gateway::required(&settings::load(config, &Overrides::default())?)?;
        match self {
            Self::List { json } => list(&gateway, json),
        }
    }
}

fn list(gateway: &Gateway, json: bool) -> Result<()> {
    let servers: Vec<McpServerSummary> = gateway.get("/api/mcp").context("the gateway does not say how its MCP servers are")?;
    if json {
        return show::json(&servers);
    }
    if servers.is_empty() {
        anstream::println!("There are no MCP servers. Name one in the section `mcp.servers` of the configuration.");
        return Ok(());
    }
    let rows = servers.iter().map(|server| {
        let state = match server.state {
            McpServerState::Ready => show::good("ready"),
            McpServerState::Connecting => "connecting".to_owned(),
            McpServerState::Failing => show::bad("failing"),
            McpServerState::Stopped => show::bad("stopped"),
        };
        let tools = if server.tools.is_empty() { "-".to_owned() } else { server.tools.join(", ") };
        [server.name.clone(), state, server.tools.len().to_string(), tools]
    });
    show::table(["NAME", "STATE", "TOOLS", ""], rows);
    for server in servers.iter().filter(|server| server.state != McpServerState::Ready) {
        if let Some(error) = &server.last_error {
            anstream::println!("\n{}: {error}", show::bad(&server.name));
        }
    }
    Ok(())
}
