//! `/channels/:channel` and `/channels/:channel/:account`: where chat networks send what happens. Open to strangers: the rules of the
//! channel's plugin say who is believed, and a component sees nothing of a request that they refuse.

use crate::app::App;
use crate::incoming::{all_headers, read};
use crate::problem::ApiError;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use std::net::SocketAddr;
use wingman_dispatch::Refused;
use wingman_message::{AccountName, ChannelName, HttpReply, HttpRequest, UnverifiedRequest};

/// What a plugin answers is never a page of the gateway: nothing in it runs, loads anything or has the gateway's origin.
const ANSWER_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
/// The headers that a plugin's answer may have. All others could act on the gateway's origin: cookies, CORS, caches, policies.
const ALLOWED: [HeaderName; 3] = [CONTENT_TYPE, LOCATION, RETRY_AFTER];

/// A request for a channel with one, unnamed account.
pub(crate) async fn receive(
    state: State<App>,
    peer: ConnectInfo<SocketAddr>,
    Path(channel): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    answer(state, peer, &channel, None, request).await
}

/// A request for one account of a channel.
pub(crate) async fn receive_for_account(
    state: State<App>,
    peer: ConnectInfo<SocketAddr>,
    Path((channel, account)): Path<(String, String)>,
    request: Request,
) -> Result<Response, ApiError> {
    answer(state, peer, &channel, Some(&account), request).await
}

async fn answer(
    State(App { dispatch, auth, webhook_bytes, .. }): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    channel: &str,
    account: Option<&str>,
    request: Request,
) -> Result<Response, ApiError> {
    auth.throttle().check(peer.ip())?;
    let unknown = || ApiError::not_found("there is nothing here");
    let channel = ChannelName::new(channel).map_err(|_| unknown())?;
    let account = account.map(AccountName::new).transpose().map_err(|_| unknown())?;
    let request = unverified(request, webhook_bytes, dispatch.now_ms()).await?;
    match dispatch.channel_request(&channel, account.as_ref(), request).await {
        Ok(reply) => Ok(response(reply)),
        Err(refused) => {
            if matches!(refused, Refused::Unverified(_)) {
                auth.throttle().failed(peer.ip());
            }
            Err(for_networks(refused))
        }
    }
}

async fn unverified(request: Request, limit: usize, received_at: i64) -> Result<UnverifiedRequest, ApiError> {
    let (parts, body): (_, Body) = request.into_parts();
    let request = HttpRequest {
        method: parts.method.as_str().to_owned(),
        url: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: all_headers(&parts.headers),
        body: read(body, limit).await?,
    };
    Ok(UnverifiedRequest { request, received_at })
}

/// Networks repeat what was answered with 503, and some give up on what was answered otherwise: whatever may pass is 503.
fn for_networks(refused: Refused) -> ApiError {
    match &refused {
        Refused::Plugin(failure) if failure.is_misbehaviour() => {
            tracing::error!(%failure, "a channel's plugin failed on a request");
            ApiError::unavailable("the request could not be read now", 60)
        }
        Refused::QueueFull { .. } => ApiError::unavailable("too much waits to be answered", 10),
        _ => refused.into(),
    }
}

fn response(reply: HttpReply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for header in reply.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok().filter(|name| ALLOWED.contains(name));
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(&header.value)) {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(ANSWER_POLICY));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use wingman_message::Header;

    #[test]
    fn a_plugins_answer_cannot_act_on_the_gateways_origin() {
        let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.to_owned() };
        let reply = HttpReply {
            status: 200,
            headers: vec![
                header("content-type", "text/html"),
                header("set-cookie", "wingman=stolen"),
                header("access-control-allow-origin", "*"),
                header("content-security-policy", "default-src *"),
                header("clear-site-data", "\"*\""),
                header("service-worker-allowed", "/"),
                header("bad name", "x"),
            ],
            body: "<script>alert(1)</script>".into(),
        };
        let response = response(reply);
        let names: Vec<&str> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["content-type", "content-security-policy"]);
        assert_eq!(response.headers()[CONTENT_SECURITY_POLICY], ANSWER_POLICY);
    }

    #[test]
    fn a_status_that_is_none_is_a_bad_gateway() {
        let reply = HttpReply { status: 7, headers: vec![], body: "".into() };
        assert_eq!(response(reply).status(), StatusCode::BAD_GATEWAY);
    }
}
