//! What the gateway tells about itself.

use std::sync::Arc;
use wingman_message::{AgentCatalog, McpDirectory};

/// A model provider that the gateway can speak to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderInfo {
    /// Its name, as in a model's `provider:model-name`.
    pub name: String,
    /// Where it is asked.
    pub base_url: String,
    /// The environment variable that holds its key, if it needs one.
    pub api_key_env: Option<String>,
    /// Its key is there.
    pub configured: bool,
}

/// What the gateway tells about itself.
#[derive(Debug, Clone)]
pub struct GatewayInfo {
    /// The gateway's name.
    pub name: String,
    /// The program's version.
    pub version: &'static str,
    /// Where it listens.
    pub host: String,
    /// The port it listens on.
    pub port: u16,
    /// Where its agents are described.
    pub agents: Arc<dyn AgentCatalog>,
    /// Who knows its MCP servers.
    pub mcp: Arc<dyn McpDirectory>,
    /// Where agents put their files.
    pub output_root: String,
    /// The providers it knows.
    pub providers: Vec<ProviderInfo>,
    /// When it started: milliseconds since the Unix epoch.
    pub started_at: i64,
}
