//! The task of one server: connect, serve, and connect again, for as long as the gateway runs.

use crate::board::Board;
use crate::call::Call;
use crate::connection::End;
use crate::listing::Listed;
use crate::open;
use crate::pause;
use crate::settings::{Limits, ServerSettings};
use crate::tool::McpTool;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wingman_message::{Clock, McpServerState};

/// One server, owned by its task.
pub(crate) struct Server {
    pub(crate) settings: ServerSettings,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) mailbox: Mailbox,
    pub(crate) board: watch::Sender<Board>,
    pub(crate) stop: CancellationToken,
}

/// Where calls come in. It outlives connections: a call that comes while a lost connection is made again waits for it.
pub(crate) struct Mailbox {
    pub(crate) sender: mpsc::Sender<Call>,
    pub(crate) receiver: mpsc::Receiver<Call>,
}

impl Server {
    /// Runs until it is told to stop; then nothing of the server is left.
    pub(crate) async fn run(mut self) {
        let mut failures = 0;
        let mut again = VecDeque::new();
        loop {
            match self.connected(&mut again).await {
                Ok((End::Stopped, _)) => break,
                // A good connection that was lost is made again at once, and the tools stay.
                Ok((End::Lost(reason), lasted)) if lasted >= self.limits.good_connection => {
                    tracing::info!(server = self.settings.name, reason, "the connection to an MCP server was lost");
                    failures = 0;
                    self.board.send_modify(|board| board.last_error = Some(reason));
                    self.show(McpServerState::Connecting, None);
                }
                Ok((End::Lost(reason), _)) | Err(reason) => {
                    failures = u32::saturating_add(failures, 1);
                    if self.fail(reason, failures, &mut again).await.is_none() {
                        break;
                    }
                }
            }
        }
        self.show(McpServerState::Stopped, Some(Vec::new()));
    }

    /// One connection from its beginning to its end, and how long it lasted.
    async fn connected(&mut self, again: &mut VecDeque<Call>) -> Result<(End, Duration), String> {
        let Self { settings, limits, clock, mailbox, board, stop } = self;
        // Given up when the gateway stops, which kills what was started; a connection that was made is closed well.
        let Some(opened) = stop.run_until_cancelled(Box::pin(open::open(settings, limits))).await else {
            return Ok((End::Stopped, Duration::ZERO));
        };
        let (mut connection, tools) = opened?;
        let since = Instant::now();
        tracing::info!(server = settings.name, tools = tools.len(), "an MCP server is ready");
        let sender = mailbox.sender.clone();
        let show = |tools| show(board, clock.as_ref(), McpServerState::Ready, Some(offered(&settings.name, tools, &sender)));
        show(tools);
        let end = connection.serve(&mut mailbox.receiver, again, show, stop).await;
        let lasted = since.elapsed();
        connection.close().await;
        Ok((end, lasted))
    }

    /// Shows that it failed, and waits until it may be tried again; calls are refused meanwhile. None when it should stop.
    async fn fail(&mut self, reason: String, failures: u32, again: &mut VecDeque<Call>) -> Option<()> {
        let pause = pause::after(failures, &self.limits);
        tracing::warn!(server = self.settings.name, reason, again_after = ?pause, "an MCP server fails");
        let next_try = self.clock.now_ms().saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
        self.board.send_modify(|board| board.last_error = Some(reason));
        self.show(McpServerState::Failing { next_try }, Some(Vec::new()));
        let refused = || format!("the MCP server `{}` cannot be used now; it is tried again by itself", self.settings.name);
        again.drain(..).for_each(|call| call.fail(refused()));
        let waited = tokio::time::sleep(pause);
        tokio::pin!(waited);
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = &mut waited => return Some(()),
                Some(call) = self.mailbox.receiver.recv() => call.fail(refused()),
            }
        }
    }

    fn show(&self, state: McpServerState, tools: Option<Vec<Arc<McpTool>>>) {
        show(&self.board, self.clock.as_ref(), state, tools);
    }
}

fn offered(server: &str, tools: Vec<Listed>, calls: &mpsc::Sender<Call>) -> Vec<Arc<McpTool>> {
    tools.into_iter().map(|listed| Arc::new(McpTool::new(server, listed, calls.clone()))).collect()
}

/// Without `tools`, those of before stay.
fn show(board: &watch::Sender<Board>, clock: &dyn Clock, state: McpServerState, tools: Option<Vec<Arc<McpTool>>>) {
    board.send_modify(|board| {
        board.set(state, clock.now_ms());
        if let Some(tools) = tools {
            board.tools = tools.into();
        }
    });
}
