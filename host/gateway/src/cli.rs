//! The command line: the list of all commands.

mod agent;
mod agents;
mod chat;
mod gateway;
mod init;
mod local;
mod mcp;
mod plugin;
mod provider;
mod route;
mod running;
mod sessions;
mod terminal;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};

/// A gateway for AI agents: channels and webhooks are sandboxed plugins, and nothing accepted is lost.
#[derive(Parser)]
#[command(name = "wingman", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 well, 1 failed, 2 wrong usage, 3 gateway not running or not reached, 4 credentials refused, \
                        5 the agent's run failed, 78 configuration has mistakes, 130 interrupted."
)]
pub(crate) struct Cli {
    /// The configuration file [default: the first of ./.wingman/wingman.config.json, ./wingman.config.json,
    /// ~/.wingman/wingman.config.json]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway, in the background or in the foreground, and look after it
    #[command(subcommand)]
    Gateway(gateway::Command),
    /// Ask an agent, and see its answer as it comes
    Agent(agent::Args),
    /// See to the agents of the running gateway
    #[command(subcommand)]
    Agents(agents::Command),
    /// Talk with an agent on the terminal
    Chat(chat::Args),
    /// Write a first configuration, with an agent in it
    Init(init::Args),
    /// See the model providers, and give them keys
    #[command(subcommand)]
    Provider(provider::Command),
    /// See the plugins
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// See the MCP servers of the running gateway
    #[command(subcommand)]
    Mcp(mcp::Command),
    /// See, search and look after conversations
    #[command(subcommand)]
    Sessions(sessions::Command),
    /// See where messages go
    #[command(subcommand)]
    Route(route::Command),
}

impl Cli {
    pub(crate) fn run(self) -> Result<()> {
        let config: Option<&Path> = self.config.as_deref();
        match self.command {
            Command::Gateway(command) => command.run(config),
            Command::Agent(args) => args.run(config),
            Command::Agents(command) => command.run(config),
            Command::Chat(args) => args.run(config),
            Command::Init(args) => args.run(config),
            Command::Provider(command) => command.run(config),
            Command::Plugin(command) => command.run(config),
            Command::Mcp(command) => command.run(config),
            Command::Sessions(command) => command.run(config),
            Command::Route(command) => command.run(config),
        }
    }
}

/// A runtime for one command, and the TLS implementation that its HTTP clients use.
fn runtime() -> Result<tokio::runtime::Runtime> {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
