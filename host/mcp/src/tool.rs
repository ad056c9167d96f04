//! A server's tool as agents see it.

use crate::call::Call;
use crate::listing::Listed;
use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::sync::oneshot;
use wingman_message::{Tool, ToolError, ToolInvocation, ToolOutput, ToolSpec};

/// One tool of one server.
#[derive(Debug)]
pub(crate) struct McpTool {
    server: String,
    listed: Listed,
    calls: mpsc::Sender<Call>,
}

impl McpTool {
    pub(crate) fn new(server: &str, listed: Listed, calls: mpsc::Sender<Call>) -> Self {
        Self { server: server.to_owned(), listed, calls }
    }
}

#[async_trait]
impl Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.listed.spec
    }

    fn family(&self) -> Option<&str> {
        Some(&self.server)
    }

    async fn call(&self, invocation: ToolInvocation) -> Result<ToolOutput, ToolError> {
        let ToolInvocation { input, cancel, progress, .. } = invocation;
        let Value::Object(input) = input else { return Err(ToolError::InvalidInput("it must be a JSON object".to_owned())) };
        let server = &self.server;
        let failed = |why: String| Err(ToolError::Failed(why));
        let (reply, answer) = oneshot::channel();
        let call = Call { own_name: self.listed.own_name.clone(), input, cancel: cancel.clone(), progress, reply };
        match self.calls.try_send(call) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return failed(format!("too many calls wait for the MCP server `{server}`; try later")),
            Err(TrySendError::Closed(_)) => return failed(format!("the MCP server `{server}` was stopped")),
        }
        // Whoever is cancelled, or dropped, drops the answer's end: that is how the call hears of it.
        match cancel.run_until_cancelled(answer).await {
            None => failed("the call was cancelled".to_owned()),
            Some(Ok(answer)) => answer,
            Some(Err(_)) => {
                failed(format!("the MCP server `{server}` was lost during the call; whether the tool did its work is not known"))
            }
        }
    }
}
