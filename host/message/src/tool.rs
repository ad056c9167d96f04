//! The port to tools that agents call.

use crate::{RunId, SessionKey};
use async_trait::async_trait;
use std::path::Path;
use std::sync::Arc;
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
    /// Repeating a call with the same input is the same as calling once, so that a call in flight may be repeated after a crash.
    pub idempotent: bool,
}

/// Who does what a tool is called for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ToolKind {
    /// The tool itself, by [`Tool::call`].
    #[default]
    Runs,
    /// A person: the run waits for an answer to the input's `question`, perhaps one of its `choices`.
    Asks,
    /// Another agent: the run waits for what the input's `agent` makes of the `task`.
    Delegates,
    /// The network that the run answers: the input's `emoji` is put on the message. Offered only where [`RunContext::reacts`].
    ///
    /// [`RunContext::reacts`]: crate::RunContext::reacts
    Reacts,
}

/// Where a tool reports its output while it comes. Never blocks.
#[derive(Clone)]
pub struct ToolProgress(Arc<dyn Fn(String) + Send + Sync>);

impl ToolProgress {
    /// Reports to `sink`, which must return at once.
    pub fn new(sink: impl Fn(String) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Reports to nobody.
    #[must_use]
    pub fn ignored() -> Self {
        Self::new(drop)
    }

    /// Reports one piece of text. The tool's result stands on its own; nothing here is added to it.
    pub fn send(&self, chunk: String) {
        (self.0)(chunk);
    }
}

impl std::fmt::Debug for ToolProgress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ToolProgress")
    }
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
    /// The session's working folder: an absolute path. It may not be there yet.
    pub folder: Arc<Path>,
    /// Fires when the run is cancelled; the tool stops soon after.
    pub cancel: CancellationToken,
    /// Where the tool reports its output while it comes.
    pub progress: ToolProgress,
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

    /// What it belongs to, such as the plugin that offers it: an agent that may use a family may use each tool of it.
    fn family(&self) -> Option<&str> {
        None
    }

    /// Who does it. Whoever owns the run does what is not for the tool itself, and never calls the tool then.
    fn kind(&self) -> ToolKind {
        ToolKind::Runs
    }

    /// Runs it once.
    ///
    /// # Errors
    /// [`ToolError`] is shown to the model as the call's result.
    async fn call(&self, invocation: ToolInvocation) -> Result<ToolOutput, ToolError>;
}

/// Where tools come from that may come and go while the gateway runs. Asked at each step of a run.
pub trait ToolSource: Send + Sync + 'static {
    /// The tools there are now.
    fn tools(&self) -> Vec<Arc<dyn Tool>>;
}

/// Tools that are always there.
impl ToolSource for Vec<Arc<dyn Tool>> {
    fn tools(&self) -> Vec<Arc<dyn Tool>> {
        self.clone()
    }
}
