//! The HTTP API: the list of all resources.

mod agents;
mod auth;
mod dead_letters;
mod folders;
mod gateway;
mod json;
mod messages;
mod outbox;
mod questions;
mod search;
mod sessions;
mod transfer;
mod webhooks;

use crate::app::App;
use crate::problem::ApiError;
use axum::Router;
use axum::http::Uri;
use axum::routing::{delete, get, post};

/// Resources behind the sign-in.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/config", get(gateway::config))
        .route("/api/plugins", get(gateway::plugins))
        .route("/api/mcp", get(gateway::mcp))
        .route("/api/providers", get(gateway::providers))
        .route("/api/agents", get(agents::list).post(agents::create))
        .route("/api/agents/{id}", get(agents::read).put(agents::change).delete(agents::delete))
        .route("/api/sessions", get(sessions::list).post(sessions::create))
        .route("/api/sessions/{id}", get(sessions::read).put(sessions::rename).delete(sessions::delete))
        .route("/api/sessions/{id}/messages", get(messages::list).delete(messages::clear))
        .route("/api/sessions/{id}/workdir", post(sessions::set_workdir))
        .route("/api/sessions/{id}/fork", post(sessions::fork))
        .route("/api/sessions/{id}/export", get(transfer::export))
        .route("/api/sessions/import", post(transfer::import))
        .route("/api/search", get(search::search))
        .route("/api/fs/roots", get(folders::roots))
        .route("/api/fs/list", get(folders::list))
        .route("/api/fs/file", get(folders::read))
        .route("/api/fs/mkdir", post(folders::make))
        .route("/api/sessions/{id}/questions/{question}", post(questions::answer))
        .route("/api/questions", get(questions::list))
        .route("/api/outbox", get(outbox::list))
        .route("/api/dead-letters", get(dead_letters::list))
        .route("/api/dead-letters/{id}", delete(dead_letters::discard))
        .route("/api/dead-letters/{id}/redeliver", post(dead_letters::redeliver))
        .route("/api/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/api/webhooks/{id}", get(webhooks::read).put(webhooks::change).delete(webhooks::delete))
}

/// Resources that one needs in order to sign in.
pub(crate) fn open_routes() -> Router<App> {
    Router::new()
        .route("/api/auth/session", get(auth::session))
        .route("/api/auth/login", post(auth::login))
        .route("/api/auth/logout", post(auth::logout))
}

/// Whatever else is asked for.
pub(crate) async fn no_such_page(uri: Uri) -> ApiError {
    ApiError::not_found(format!("there is nothing at {}", uri.path()))
}
