//! The shape that the tools for files share: a description and a function that may block.

use crate::call::{blocking, output};
use crate::locks::Locks;
use async_trait::async_trait;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use wingman_message::{Tool, ToolError, ToolInvocation, ToolOutput, ToolSpec};

/// What the work of one call is done with.
pub(crate) struct Job<'a> {
    /// The session's working folder.
    pub(crate) folder: &'a Path,
    pub(crate) locks: &'a Locks,
    pub(crate) stop: &'a CancellationToken,
}

/// One tool for files.
pub(crate) struct FileTool {
    pub(crate) spec: ToolSpec,
    pub(crate) locks: Arc<Locks>,
    /// Does it; on a thread that may block.
    pub(crate) work: fn(Value, &Job<'_>) -> Result<String, ToolError>,
}

#[async_trait]
impl Tool for FileTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn family(&self) -> Option<&str> {
        Some("files")
    }

    async fn call(&self, invocation: ToolInvocation) -> Result<ToolOutput, ToolError> {
        let ToolInvocation { input, folder, cancel, .. } = invocation;
        let (work, locks) = (self.work, Arc::clone(&self.locks));
        blocking(&cancel, move |stop| work(input, &Job { folder: &folder, locks: &locks, stop })).await.map(output)
    }
}
