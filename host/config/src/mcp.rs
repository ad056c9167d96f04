//! The section `mcp` as the gateway uses it: paths absolute, and secrets looked up only when a server is connected to.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use crate::{plugins::SecretSource, text::ServerUrl};

/// One MCP server that is enabled. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct McpServer {
    /// Its name: 1 to 32 of `[a-z0-9-]`.
    pub name: String,
    /// How it is reached.
    pub endpoint: McpEndpoint,
    /// The longest call of one of its tools, where it is shorter than that of all tools.
    pub tool_time: Option<Duration>,
}

/// How an MCP server is reached.
#[derive(Debug, Clone)]
pub enum McpEndpoint {
    /// A program that is started.
    Process {
        /// A name that is looked for in `PATH`, or an absolute path.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Variables for it.
        env: BTreeMap<String, SecretSource>,
        /// The folder it runs in; that of the gateway's process if there is none.
        cwd: Option<PathBuf>,
    },
    /// An address that speaks streamable HTTP.
    Http {
        /// The address.
        url: ServerUrl,
        /// Headers of each request.
        headers: BTreeMap<String, SecretSource>,
    },
}
