//! `wingman.config.json`: find it, read it, check it, resolve it, edit it.
//!
//! The path of a file through this crate, one module a step:
//! `locate` (which file) -> `tree` (JSONC with positions) -> `shape` (against the same JSON Schema that editors use)
//! -> `check` (rules that span settings, and the options of the command line) -> `resolve` (defaults and absolute
//! paths, a [`Config`]). Every step adds to one [`Report`], so that a person sees all mistakes at once.
//!
//! What does not live here: the environment and the command line are passed in ([`Environment`], [`Overrides`]),
//! nothing is looked up in the process; no other crate of the host is known. The only I/O is the one file, and the agents' own
//! (`agent_file`).

#![forbid(unsafe_code)]

mod agent_file;
mod check;
mod check_agent_files;
mod check_mcp;
mod check_plugins;
mod config;
mod edit;
mod edit_plugins;
mod file;
mod load;
mod locate;
mod mcp;
mod mcp_file;
mod money;
mod nearest;
mod overrides;
mod plugin_file;
mod plugins;
mod problem;
mod render;
mod resolve;
mod schema;
mod shape;
mod source;
mod starter;
mod syntax;
mod text;
mod tree;
mod write;

pub use agent_file::{AgentFileError, AgentFolder, parse_agent, render_agent};
pub use config::{Agent, Agents, Auth, Config, Credentials, Gateway, Webhook};
pub use edit::{Document, EditError};
pub use file::{
    AgentEntry, Approval, AuthMode, Binding, BindingMatch, Context, ControlUi, Discovery, DiscoveryMethod, DmScope, Limits,
    ModelPrice, Nodes, Peer, PeerKind, Provider, QueueMode, Session, TailscaleDiscovery, WebhookEntry,
};
pub use load::{ConfigError, Environment, Loaded, load, parse};
pub use locate::{CONFIG_FILE, locate};
pub use mcp::{McpEndpoint, McpServer};
pub use money::Usd;
pub use overrides::Overrides;
pub use plugin_file::{Grants, HttpGrant};
pub use plugins::{PluginAccount, PluginUse, Plugins, SecretError, SecretSource};
pub use problem::{Code, Place, Problem, Report, Severity};
pub use render::Look;
pub use schema::json_schema;
pub use starter::{StarterOptions, StarterProvider, starter};
pub use text::{
    AgentId, BadText, BaseUrl, CommandText, EnvName, Host, IpRange, ModelName, Origin, PathText, ServerUrl, WebhookId,
};
pub use write::{WriteError, write_new};
