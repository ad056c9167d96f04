//! `POST /webhooks/:id`: verified here, before anything else sees it. Without the right secret nothing is read and nothing kept.

use crate::app::App;
use crate::auth::{self, Auth};
use crate::incoming::{all_headers, read, without_credentials};
use crate::problem::ApiError;
use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, SocketAddr};
use subtle::ConstantTimeEq;
use wingman_dispatch::{Refused, StoredWebhook, WebhookPost};
use wingman_message::{HttpRequest, UnverifiedRequest, WebhookId};
use wingman_protocol::WebhookAccepted;
use wingman_protocol::rest::WEBHOOK_SECRET_HEADER;

/// The webhook's own secret in the query: the published API allows it here, and only here.
#[derive(Deserialize)]
pub(crate) struct SecretQuery {
    secret: Option<String>,
}

/// Takes a delivery; the answer says that it is durable.
pub(crate) async fn receive(
    State(App { dispatch, auth, webhook_bytes, .. }): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    Query(query): Query<SecretQuery>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<WebhookAccepted>), ApiError> {
    let unknown = || ApiError::not_found("there is no such webhook");
    let id = WebhookId::new(&id).map_err(|_| unknown())?;
    let webhook = dispatch.webhooks().find(&id).await?.ok_or_else(unknown)?;
    auth.throttle().check(peer.ip())?;
    let accepted = if dispatch.has_rules(&webhook) {
        // Its senders sign the raw bytes, so that these are read first; who may send at all is checked before.
        check_open(&webhook.webhook, peer.ip())?;
        let request = HttpRequest {
            method: Method::POST.as_str().to_owned(),
            url: uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            headers: all_headers(&headers),
            body: read(body, webhook_bytes).await?,
        };
        let request = UnverifiedRequest { request, received_at: dispatch.now_ms() };
        dispatch.signed_webhook(webhook, request).await.inspect_err(|refused| {
            if matches!(refused, Refused::Unverified(_)) {
                auth.throttle().failed(peer.ip());
            }
        })?
    } else {
        verify(&webhook.webhook, &headers, query.secret.as_deref(), &auth, peer.ip())?;
        check_open(&webhook.webhook, peer.ip())?;
        let post = WebhookPost {
            content_type: text(&headers, CONTENT_TYPE.as_str()).unwrap_or_default(),
            headers: without_credentials(&headers),
            body: read(body, webhook_bytes).await?,
        };
        dispatch.webhook(webhook, post).await?
    };
    let status = if accepted.repeated { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(WebhookAccepted { ok: true, session_id: accepted.session, delivery_id: accepted.delivery })))
}

/// Checks the secret first, so that who does not know it learns nothing about the webhook but that it is there.
fn verify(
    webhook: &StoredWebhook,
    headers: &HeaderMap,
    in_query: Option<&str>,
    auth: &Auth,
    peer: IpAddr,
) -> Result<(), ApiError> {
    let in_header = text(headers, WEBHOOK_SECRET_HEADER);
    let secret = in_header.as_deref().or_else(|| auth::bearer(headers)).or(in_query);
    let Some(secret) = secret.filter(|secret| !secret.is_empty()) else {
        return Err(ApiError::unauthorized(format!(
            "the webhook's secret is needed, such as in the header `{WEBHOOK_SECRET_HEADER}`"
        )));
    };
    let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    if !bool::from(digest.ct_eq(&webhook.secret_hash)) {
        auth.throttle().failed(peer);
        return Err(ApiError::unauthorized("the webhook's secret is wrong"));
    }
    Ok(())
}

/// Checks that the webhook takes deliveries, and from there.
fn check_open(webhook: &StoredWebhook, peer: IpAddr) -> Result<(), ApiError> {
    if !webhook.enabled {
        return Err(ApiError::forbidden("this webhook is disabled"));
    }
    let networks: Vec<ipnet::IpNet> = webhook.allowed_ips.iter().filter_map(|network| parse_network(network)).collect();
    // A list in which nothing can be read allows nobody.
    if !webhook.allowed_ips.is_empty() && !networks.iter().any(|network| network.contains(&peer.to_canonical())) {
        return Err(ApiError::forbidden("this webhook does not take deliveries from your address"));
    }
    Ok(())
}

/// A network (`10.0.0.0/8`) or a single address.
pub(crate) fn parse_network(text: &str) -> Option<ipnet::IpNet> {
    text.parse::<ipnet::IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(Into::into))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
