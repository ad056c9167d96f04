//! The gates that requests pass before a handler sees them.

use super::{Auth, AuthError, SitePolicy};
use crate::problem::ApiError;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::Arc;

/// Refuses requests for another host and from pages of another site.
pub(crate) async fn same_site(State(policy): State<Arc<SitePolicy>>, request: Request, next: Next) -> Response {
    match policy.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => {
            tracing::warn!(%refused, path = request.uri().path(), "a request was refused");
            ApiError::forbidden(refused.to_string()).into_response()
        }
    }
}

/// Refuses requests without valid credentials.
pub(crate) async fn signed_in(
    State(auth): State<Auth>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let is_write = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    match auth.check_request(request.headers(), is_write, peer.ip()) {
        Ok(()) => next.run(request).await,
        Err(refused) => ApiError::from(refused).into_response(),
    }
}

impl From<AuthError> for ApiError {
    fn from(refused: AuthError) -> Self {
        let detail = refused.to_string();
        match refused {
            AuthError::Missing(_) | AuthError::Wrong(_) => ApiError::unauthorized(detail),
            AuthError::Throttled { retry_after_s } => ApiError::too_many(detail, retry_after_s),
            AuthError::Csrf => ApiError::forbidden(detail),
        }
    }
}
