//! The routes, and what handlers work with. Each handler takes from [`App`] what it uses.

use crate::auth::{Auth, SitePolicy, gate};
use crate::info::GatewayInfo;
use crate::ws::{self, Sockets};
use crate::{api, assets, channel, health, webhook};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use wingman_dispatch::Dispatch;

/// What handlers work with.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) dispatch: Dispatch,
    pub(crate) auth: Auth,
    pub(crate) info: Arc<GatewayInfo>,
    pub(crate) sockets: Sockets,
    pub(crate) site: Arc<SitePolicy>,
    pub(crate) webhook_bytes: usize,
}

/// The page may load nothing but what the gateway itself serves, and talk to nothing but the gateway.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; \
                           base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Bodies of the API, in bytes; webhooks have a limit of their own.
const API_BODY: usize = 1024 * 1024;

/// What both ports serve.
fn shared(app: &App) -> Router<App> {
    let guarded = api::routes().route("/stats", get(health::stats)).route("/api/stats", get(health::stats));
    let guarded = guarded.route_layer(from_fn_with_state(app.auth.clone(), gate::signed_in));
    let open = Router::new()
        .route("/health", get(health::health))
        .route("/api/health", get(health::health))
        .route("/ws", get(ws::upgrade))
        .merge(api::open_routes());
    // They read their bodies themselves, up to a limit of their own, and have their own ways to verify them.
    let strangers = Router::new()
        .route("/webhooks/{id}", post(webhook::receive))
        .route("/channels/{channel}", any(channel::receive))
        .route("/channels/{channel}/{account}", any(channel::receive_for_account));
    guarded.merge(open).layer(DefaultBodyLimit::max(API_BODY)).merge(strangers)
}

fn finish(routes: Router<App>, app: App) -> Router {
    let header =
        |name: HeaderName, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let site = Arc::clone(&app.site);
    routes
        .layer(from_fn_with_state(site, gate::same_site))
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(REFERRER_POLICY, "no-referrer"))
        .layer(header(X_FRAME_OPTIONS, "DENY"))
        .layer(header(CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .layer(CatchPanicLayer::new())
        .with_state(app)
}

/// The gateway's port.
pub(crate) fn gateway(app: App) -> Router {
    finish(shared(&app).fallback(api::no_such_page), app)
}

/// The Control UI's port: all that the gateway's port serves, and the page.
pub(crate) fn control_ui(app: App) -> Router {
    finish(shared(&app).merge(assets::router()).fallback(api::no_such_page), app)
}
