//! What every tool needs of a call: its input as a type, and blocking work that ends when nobody waits for it.

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{self, Read};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use wingman_message::{ToolError, ToolOutput};

/// How long work that was told to stop may take to do so, before its caller goes on without it.
const STOPPING: Duration = Duration::from_secs(1);

/// What a cancelled call says.
pub(crate) fn stopped() -> ToolError {
    ToolError::Failed("stopped: the run was cancelled".into())
}

/// Fails once `stop` has fired.
pub(crate) fn go_on(stop: &CancellationToken) -> Result<(), ToolError> {
    if stop.is_cancelled() { Err(stopped()) } else { Ok(()) }
}

/// The input as a type.
pub(crate) fn input<T: DeserializeOwned>(input: Value) -> Result<T, ToolError> {
    serde_json::from_value(input).map_err(|error| ToolError::InvalidInput(error.to_string()))
}

/// Does `work` on a thread that may block. The token that it gets fires when the run is cancelled and when the returned future
/// is dropped; `work` looks at it often.
pub(crate) async fn blocking<T: Send + 'static>(
    cancel: &CancellationToken,
    work: impl FnOnce(&CancellationToken) -> Result<T, ToolError> + Send + 'static,
) -> Result<T, ToolError> {
    let stop = cancel.child_token();
    let _stop_on_drop = stop.clone().drop_guard();
    let mut task = tokio::task::spawn_blocking(move || work(&stop));
    let ended = tokio::select! {
        ended = &mut task => ended,
        // It is told already. What it did before it saw that is worth telling.
        () = cancel.cancelled() => tokio::time::timeout(STOPPING, task).await.map_err(|_| stopped())?,
    };
    ended.unwrap_or_else(|error| {
        tracing::error!(%error, "a tool broke");
        Err(ToolError::Failed("the tool broke; the gateway's log says more".into()))
    })
}

/// Text that a tool gives back.
pub(crate) fn output(text: String) -> ToolOutput {
    ToolOutput { text }
}

/// A reader that fails once its token has fired.
pub(crate) struct Watched<'a, R> {
    pub(crate) reader: R,
    pub(crate) stop: &'a CancellationToken,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_cancelled() {
            return Err(io::Error::other("stopped"));
        }
        self.reader.read(buffer)
    }
}
