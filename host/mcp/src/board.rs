//! What a server's task shows to the others.

use crate::tool::McpTool;
use std::mem::discriminant;
use std::sync::Arc;
use wingman_message::McpServerState;

/// A server as it is now.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    pub(crate) state: McpServerState,
    /// Since when it is in this state, in milliseconds since 1970.
    pub(crate) since: i64,
    pub(crate) tools: Arc<[Arc<McpTool>]>,
    pub(crate) last_error: Option<String>,
}

impl Board {
    pub(crate) fn new(now: i64) -> Self {
        Self { state: McpServerState::Connecting, since: now, tools: Arc::from([]), last_error: None }
    }

    /// Shows `state` at the time `now`. A server that fails again fails since the first time.
    pub(crate) fn set(&mut self, state: McpServerState, now: i64) {
        if discriminant(&self.state) != discriminant(&state) {
            self.since = now;
        }
        self.state = state;
    }
}
