//! MCP servers as an operator sees them, and the port to whoever is connected to them.

/// One MCP server as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServerStatus {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: McpServerState,
    /// The names of its tools, as agents call them, in order. They stay while a lost connection is made again.
    pub tools: Vec<String>,
    /// Why it failed or was lost the last time, for the operator; it stays when the server is well again.
    pub last_error: Option<String>,
    /// Since when it is so, in milliseconds since 1970.
    pub since: i64,
}

/// How an MCP server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum McpServerState {
    /// It is being connected to: for the first time, or because a good connection was lost.
    Connecting,
    /// Its tools can be called.
    Ready,
    /// It cannot be reached, or was given up. Its tools are not offered.
    Failing {
        /// When it is tried again, in milliseconds since 1970; in the past while it is being tried.
        next_try: i64,
    },
    /// It was stopped with the gateway.
    Stopped,
}

/// The gateway's MCP servers, asked whenever somebody wants to see them.
pub trait McpDirectory: std::fmt::Debug + Send + Sync + 'static {
    /// How each server is now, in the order of the configuration.
    fn servers(&self) -> Vec<McpServerStatus>;
}
