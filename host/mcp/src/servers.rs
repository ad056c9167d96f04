//! All servers, as the gateway holds them.

use crate::board::Board;
use crate::error::SettingsError;
use crate::server::{Mailbox, Server};
use crate::settings::{self, Limits, ServerSettings};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use wingman_message::{Clock, McpDirectory, McpServerState, McpServerStatus, Tool, ToolSource};

/// Calls that may wait for one server, beside those that it works on.
const MAX_WAITING: usize = 64;

/// The configured servers and their tools. Clones are the same servers; when the last is dropped, the servers end by themselves.
#[derive(Debug, Clone)]
pub struct McpServers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// In the order of the settings.
    servers: Vec<(String, watch::Receiver<Board>)>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl McpServers {
    /// Starts a task for each of `servers` and returns at once, in whatever state they are. To be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`SettingsError`]; nothing is started then.
    pub fn start(servers: Vec<ServerSettings>, limits: Limits, clock: &Arc<dyn Clock>) -> Result<Self, SettingsError> {
        settings::check(&servers)?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let start = |settings: ServerSettings| {
            let (sender, receiver) = mpsc::channel(MAX_WAITING);
            let (board, shown) = watch::channel(Board::new(clock.now_ms()));
            let name = settings.name.clone();
            let mailbox = Mailbox { sender, receiver };
            let server = Server { settings, limits, clock: Arc::clone(clock), mailbox, board, stop: stop.clone() };
            tasks.spawn(server.run());
            (name, shown)
        };
        let servers = servers.into_iter().map(start).collect();
        tasks.close();
        Ok(Self(Arc::new(Inner { servers, tasks, _stop_when_dropped: stop.clone().drop_guard(), stop })))
    }

    /// How each server is, in the order of the settings.
    #[must_use]
    pub fn status(&self) -> Vec<McpServerStatus> {
        let status = |(name, shown): &(String, watch::Receiver<Board>)| {
            let board = shown.borrow();
            let tools = board.tools.iter().map(|tool| tool.spec().name.clone()).collect();
            let last_error = board.last_error.clone();
            McpServerStatus { name: name.clone(), state: board.state, tools, last_error, since: board.since }
        };
        self.0.servers.iter().map(status).collect()
    }

    /// Waits until `fits` says yes to the status of all servers, which is asked again with each change.
    pub async fn wait_until(&self, mut fits: impl FnMut(&[McpServerStatus]) -> bool) {
        // Taken before the status is, so that no change is missed.
        let mut shown: Vec<_> = self.0.servers.iter().map(|(_, shown)| shown.clone()).collect();
        loop {
            shown.iter_mut().for_each(watch::Receiver::mark_unchanged);
            if fits(&self.status()) {
                return;
            }
            let changes: Vec<_> = shown.iter_mut().map(|shown| Box::pin(shown.changed())).collect();
            // None can come any more when all tasks are over, or when there is none.
            if changes.is_empty() || futures::future::select_ok(changes).await.is_err() {
                return;
            }
        }
    }

    /// Waits until each server was reached or failed once, but no longer than `longest`: for a gateway that has one thing to do.
    pub async fn settled(&self, longest: Duration) {
        let settled = |server: &McpServerStatus| server.state != McpServerState::Connecting || !server.tools.is_empty();
        let _ = tokio::time::timeout(longest, self.wait_until(|all| all.iter().all(settled))).await;
    }

    /// Ends all servers and waits until they are gone; processes that do not end are killed, with all that they started.
    pub async fn stop(&self) {
        self.0.stop.cancel();
        self.0.tasks.wait().await;
    }
}

impl McpDirectory for McpServers {
    fn servers(&self) -> Vec<McpServerStatus> {
        self.status()
    }
}

impl ToolSource for McpServers {
    fn tools(&self) -> Vec<Arc<dyn Tool>> {
        let tools = |(_, shown): &(String, watch::Receiver<Board>)| {
            let tools = Arc::clone(&shown.borrow().tools);
            tools.iter().map(|tool| Arc::clone(tool) as Arc<dyn Tool>).collect::<Vec<_>>()
        };
        self.0.servers.iter().flat_map(tools).collect()
    }
}
