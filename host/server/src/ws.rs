//! The WebSocket: one connection, from the upgrade to the close.
//!
//! A connection has a reader (this task), a writer (one task, with a bounded queue in front of it), and a watcher for each
//! session it follows. Whoever reads slowly holds up its own watchers, which then fall behind and are brought up to date by a
//! snapshot. A node that reads slowly holds up those who speak to it for a few seconds, and is then cut.

mod connection;
mod events;
mod handshake;
mod nodes;
mod outbox;
mod requests;
mod watches;

use crate::app::App;
use crate::auth::{Auth, AuthMode};
use crate::limit::RateLimit;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::Response;
use handshake::Origin;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wingman_dispatch::Dispatch;
use wingman_nodes::Nodes;

pub(crate) use outbox::Outbox;

/// A connection's buffer for what comes in, in bytes: most frames are small, and most connections silent; a larger frame makes it grow.
const READ_BUFFER: usize = 4 * 1024;
/// What is written at once where much waits, in bytes. Less goes out with the flush at the end of what waits.
const WRITE_BUFFER: usize = 16 * 1024;

/// What connections work with.
#[derive(Clone)]
pub(crate) struct Sockets {
    pub(crate) dispatch: Dispatch,
    pub(crate) auth: Auth,
    pub(crate) frame_bytes: usize,
    pub(crate) rate_limit: Arc<RateLimit>,
    /// Who is registered, and reached on which outbox.
    pub(crate) nodes: Arc<Nodes<Outbox>>,
    /// Messages that nodes sent to each other since the start.
    pub(crate) node_messages: Arc<AtomicU64>,
    /// Fires when the gateway shuts down; every connection closes with a reason.
    pub(crate) closing: CancellationToken,
    pub(crate) open: TaskTracker,
}

/// `GET /ws`
pub(crate) async fn upgrade(
    State(App { sockets, .. }): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    // The page's cookie counts only for requests of the gateway's own pages: the gate before this has checked the origin.
    let signed_in = sockets.auth.mode() == AuthMode::None || sockets.auth.has_cookie(&headers);
    let origin = Origin { peer: peer.ip(), signed_in };
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(sockets.frame_bytes)
        .max_frame_size(sockets.frame_bytes)
        .on_upgrade(move |socket| {
            let open = sockets.open.clone();
            open.track_future(connection::serve(socket, sockets, origin))
        })
}
