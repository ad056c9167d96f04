//! Listening, and ending well.

use crate::app::{self, App};
use crate::auth::{Auth, SitePolicy};
use crate::info::GatewayInfo;
use crate::limit::RateLimit;
use crate::ws::Sockets;
use axum::Router;
use axum::serve::ListenerExt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wingman_dispatch::Dispatch;
use wingman_nodes::Nodes;

/// How long open connections have to end once the gateway shuts down.
const GRACE: Duration = Duration::from_secs(5);

/// Where a gateway listens: bound sockets, so that whoever starts it knows the ports.
pub struct Listeners {
    /// Clients, webhooks, the API.
    pub gateway: TcpListener,
    /// The same and the page; none where it is switched off or shares the gateway's port.
    pub control_ui: Option<TcpListener>,
    /// The gateway's port serves the page, too.
    pub page_on_gateway: bool,
}

/// Bounds of what clients may send.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// One WebSocket frame, in bytes.
    pub frame_bytes: usize,
    /// One webhook's body, in bytes.
    pub webhook_bytes: usize,
    /// Messages of one client in a minute; 0 means no limit.
    pub messages_per_minute: u32,
    /// Nodes that may be registered at once.
    pub nodes: usize,
    /// Groups of nodes that there may be at once.
    pub groups: usize,
}

/// The gateway's servers.
pub struct Server {
    app: App,
}

impl Server {
    /// Servers for `dispatch`. Nothing listens before [`Self::run`].
    #[must_use]
    pub fn new(dispatch: Dispatch, auth: Auth, site: SitePolicy, info: GatewayInfo, limits: ServerLimits) -> Self {
        let sockets = Sockets {
            dispatch: dispatch.clone(),
            auth: auth.clone(),
            frame_bytes: limits.frame_bytes,
            rate_limit: Arc::new(RateLimit::new(limits.messages_per_minute)),
            nodes: Arc::new(Nodes::new(wingman_nodes::Limits { nodes: limits.nodes, groups: limits.groups })),
            node_messages: Arc::default(),
            closing: CancellationToken::new(),
            open: TaskTracker::new(),
        };
        let webhook_bytes = limits.webhook_bytes;
        Self { app: App { dispatch, auth, info: Arc::new(info), sockets, site: Arc::new(site), webhook_bytes } }
    }

    /// Serves until `shutdown` fires, then lets in nobody new, closes sockets with a reason, and returns when all are gone or a
    /// grace period is over.
    ///
    /// # Errors
    /// When a listener fails for good.
    pub async fn run(self, listeners: Listeners, shutdown: CancellationToken) -> io::Result<()> {
        let Self { app } = self;
        let Sockets { closing, open, .. } = app.sockets.clone();
        let gateway = if listeners.page_on_gateway { app::control_ui(app.clone()) } else { app::gateway(app.clone()) };
        let gateway = listen(listeners.gateway, gateway, shutdown.clone());
        let control_ui = async {
            match listeners.control_ui {
                Some(listener) => listen(listener, app::control_ui(app), shutdown.clone()).await,
                None => Ok(()),
            }
        };
        let end_sockets = async {
            shutdown.cancelled().await;
            closing.cancel();
            open.close();
            open.wait().await;
            io::Result::Ok(())
        };
        let all = async { tokio::try_join!(gateway, control_ui, end_sockets) };
        tokio::select! {
            ended = all => ended.map(|_| ()),
            () = async { shutdown.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
        }
    }
}

async fn listen(listener: TcpListener, routes: Router, shutdown: CancellationToken) -> io::Result<()> {
    // Small frames go out when they are written, not when there are more (RFC 896).
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection could not be set to send at once");
        }
    });
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(async move { shutdown.cancelled().await }).await
}
