//! Signing in on the Control UI.

use super::json::Body;
use crate::app::App;
use crate::auth::{AuthMode, cookie};
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};
use std::net::SocketAddr;
use wingman_protocol::{AuthSession, LoginRequest, Secret};

impl From<AuthMode> for wingman_protocol::AuthMode {
    fn from(mode: AuthMode) -> Self {
        match mode {
            AuthMode::Token => Self::Token,
            AuthMode::Password => Self::Password,
            AuthMode::None => Self::None,
        }
    }
}

pub(crate) async fn session(State(App { auth, info, .. }): State<App>, headers: HeaderMap) -> Json<AuthSession> {
    let mode = auth.mode();
    let authenticated = mode == AuthMode::None || auth.has_cookie(&headers);
    Json(AuthSession { authenticated, mode: mode.into(), gateway_name: Some(info.name.clone()) })
}

pub(crate) async fn login(
    State(App { auth, .. }): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Body(login): Body<LoginRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let secret = login.token.as_ref().or(login.password.as_ref()).map(Secret::expose);
    auth.check_secret(secret, peer.ip())?;
    // The browser says so itself; a page over plain HTTP could not send a `Secure` cookie back.
    let secure = headers.get("origin").is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, auth.sign_in_cookie(secure))])))
}

pub(crate) async fn logout() -> impl IntoResponse {
    (StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, cookie::expired())]))
}
