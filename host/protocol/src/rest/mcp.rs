//! `GET /api/mcp`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::McpServerStatus;

/// Whether the tools of an MCP server can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum McpServerState {
    /// It is being connected to: for the first time, or again because a good connection was lost.
    Connecting,
    /// Its tools can be called.
    Ready,
    /// It cannot be used; `lastError` says why, and `nextTry` when it is tried again.
    Failing,
    /// It was stopped: the gateway is about to end.
    Stopped,
}

impl From<wingman_message::McpServerState> for McpServerState {
    fn from(state: wingman_message::McpServerState) -> Self {
        use wingman_message::McpServerState as From;
        match state {
            From::Connecting => Self::Connecting,
            From::Ready => Self::Ready,
            From::Failing { .. } => Self::Failing,
            From::Stopped => Self::Stopped,
        }
    }
}

/// An MCP server whose tools agents may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct McpServerSummary {
    /// Its name in the configuration; the names of its tools begin with it.
    pub name: String,
    /// Whether its tools can be called.
    pub state: McpServerState,
    /// The names of its tools, as agents call them.
    pub tools: Vec<String>,
    /// Since when it is so: milliseconds since the Unix epoch.
    pub since: i64,
    /// Why it failed or was lost the last time; it stays when the server is well again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When a failing server is tried again: milliseconds since the Unix epoch, in the past while it is being tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<i64>,
}

impl From<&McpServerStatus> for McpServerSummary {
    fn from(status: &McpServerStatus) -> Self {
        let next_try = match status.state {
            wingman_message::McpServerState::Failing { next_try } => Some(next_try),
            _ => None,
        };
        Self {
            name: status.name.clone(),
            state: status.state.into(),
            tools: status.tools.clone(),
            since: status.since,
            last_error: status.last_error.clone(),
            next_try,
        }
    }
}
