//! What an operator is told of a server.

use crate::tool::McpTool;
use std::sync::Arc;

/// One server as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerStatus {
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: ServerState,
    /// The names of its tools, as agents call them, in order. They stay while a lost connection is made again.
    pub tools: Vec<String>,
    /// Since when it is so, in milliseconds since 1970.
    pub since: i64,
}

/// How a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerState {
    /// It is being connected to: for the first time, or because a good connection was lost.
    Connecting,
    /// Its tools can be called.
    Ready,
    /// It cannot be reached, or was given up. Its tools are not offered.
    Failing {
        /// Why, for the operator.
        reason: String,
        /// When it is tried again, in milliseconds since 1970; in the past while it is being tried.
        next_try: i64,
    },
    /// It was stopped with the gateway.
    Stopped,
}

/// What a server's task shows to the others.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    pub(crate) state: ServerState,
    pub(crate) since: i64,
    pub(crate) tools: Arc<[Arc<McpTool>]>,
}

impl Board {
    pub(crate) fn new(now: i64) -> Self {
        Self { state: ServerState::Connecting, since: now, tools: Arc::from([]) }
    }
}
