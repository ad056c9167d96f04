//! The floor: the least that a server on this stack can do for the protocol, as short and as fast as it can be made. It knows no
//! users, keeps no sessions and checks nothing that it does not need; what a gateway does more shows as a ratio to this.
//!
//! | file | what |
//! |---|---|
//! | `connection` | one task a connection: reads, spreads, writes everything that waits in one flush |
//! | `outbox` | what waits for a connection, bounded |
//! | `groups` | who is in which group |
//! | `frames` | the few frames it reads and writes |
//! | `insert` | one durable row a request, many requests a commit |

mod connection;
mod frames;
mod groups;
mod insert;
mod outbox;

use crate::error::{BenchError, Result};
use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::serve::ListenerExt as _;
use connection::Connection;
use groups::Groups;
use insert::Inserts;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What one read takes. The default of the library costs 135 KiB a connection, this 6.7.
const READ_BUFFER: usize = 4 << 10;
/// What is gathered before it is written without waiting for the flush: more than is ever gathered, where frames are small.
const WRITE_BUFFER: usize = 256 << 10;

/// Serves `/ws` and `/health` on `listener`, and with a folder for the database `POST /insert`, until dropped.
///
/// # Errors
/// The database cannot be opened, or the listener fails.
pub async fn serve(listener: TcpListener, data: Option<&Path>) -> Result<(), BenchError> {
    let mut app = Router::new()
        .route("/ws", any(upgrade))
        .with_state(Arc::new(Groups::default()))
        .route("/health", get(|| async { r#"{"status":"ok"}"# }));
    if let Some(data) = data {
        app = app.route("/insert", post(insert::handle).with_state(Inserts::open(data)?));
    }
    // A socket that cannot be set so is about to fail anyway.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).await.map_err(BenchError::system("serving"))
}

async fn upgrade(upgrade: WebSocketUpgrade, State(groups): State<Arc<Groups>>) -> Response {
    upgrade.read_buffer_size(READ_BUFFER).write_buffer_size(WRITE_BUFFER).on_upgrade(|socket| Connection::new(socket, groups))
}
