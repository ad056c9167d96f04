//! The port to tools that agents call.

use crate::{RunId, SessionKey};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// What a model needs to know of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// Its name: 1 to 64 of `[A-Za-z0-9_-]`.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// JSON Schema of its input, an object.
    pub input_schema: serde_json::Value,
}

/// One call of a tool.
#[derive(Debug, Clone)]
pub struct ToolInvocation {
    /// The input, as the model wrote it.
    pub input: serde_json::Value,
    /// The session whose agent calls.
    pub session: SessionKey,
    /// The run that calls.
    pub run: RunId,
    /// The call's id, unique within the run: an idempotency key.
    pub call_id: String,
    /// Fires when the run is cancelled; the tool stops soon after.
    pub cancel: CancellationToken,
}

/// What a tool gave back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOutput {
    /// What the model reads.
    pub text: String,
}

/// Why a tool gave nothing back. The model reads the message and may try otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// The input does not fit.
    #[error("the input does not fit: {0}")]
    InvalidInput(String),
    /// The tool failed.
    #[error("{0}")]
    Failed(String),
}

/// A tool. One value serves many calls at once.
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    /// What it is; constant for the tool's life.
    fn spec(&self) -> &ToolSpec;

    /// Runs it once.
    ///
    /// # Errors
    /// [`ToolError`] is shown to the model as the call's result.
    async fn call(&self, invocation: ToolInvocation) -> Result<ToolOutput, ToolError>;
}
