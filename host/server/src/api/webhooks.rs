//! `/api/webhooks`. A secret is shown once, in the answer to the request that made it.

use super::json::Body;
use crate::app::App;
use crate::problem::ApiError;
use crate::webhook::parse_network;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use wingman_dispatch::{Refused, StoredWebhook, WebhookChange, WebhookSecret};
use wingman_message::{AgentId, PluginName, SessionKey, WebhookId};
use wingman_protocol::{CreateWebhook, CreatedWebhook, Secret, WebhookSummary};

/// The shortest secret that is taken from a client, in bytes; those made here have 32.
const MIN_SECRET: usize = 16;

pub(crate) async fn list(State(App { dispatch, .. }): State<App>) -> Result<Json<Vec<WebhookSummary>>, ApiError> {
    let webhooks = dispatch.webhooks().list().await?;
    Ok(Json(webhooks.iter().map(|webhook| summary(&webhook.webhook)).collect()))
}

pub(crate) async fn read(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
) -> Result<Json<WebhookSummary>, ApiError> {
    let id = webhook_id(&id)?;
    let webhook = dispatch.webhooks().find(&id).await?.ok_or(Refused::UnknownWebhook(id))?;
    Ok(Json(summary(&webhook.webhook)))
}

pub(crate) async fn create(
    State(App { dispatch, .. }): State<App>,
    Body(request): Body<CreateWebhook>,
) -> Result<(StatusCode, Json<CreatedWebhook>), ApiError> {
    let CreateWebhook { id, name, agent_id, secret, enabled, event_label, preset, session_id, allowed_ips } = request;
    let secret = match secret {
        Some(secret) => checked_secret(secret)?,
        None => Secret::new(random_hex()?),
    };
    let id = match id {
        Some(id) => id,
        None => WebhookId::new(&random_hex()?[..16]).map_err(|error| ApiError::bad_request(error.to_string()))?,
    };
    let webhook = StoredWebhook {
        id,
        name,
        agent: agent_id.unwrap_or_else(|| dispatch.default_agent()),
        secret_hash: digest(&secret),
        secret: Some(SecretString::from(secret.expose())),
        enabled: enabled.unwrap_or(true),
        preset,
        session: session_id,
        event_label,
        allowed_ips: checked_networks(allowed_ips.unwrap_or_default())?,
        created_at: dispatch.now_ms(),
    };
    check_agent(&dispatch, &webhook.agent)?;
    check_preset(&dispatch, webhook.preset.as_ref())?;
    dispatch.webhooks().create(webhook.clone()).await?;
    Ok((StatusCode::CREATED, Json(CreatedWebhook { webhook: summary(&webhook), secret })))
}

/// What may be changed; a field that is left out stays, one that is `null` is cleared.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeWebhook {
    name: Option<String>,
    agent_id: Option<AgentId>,
    secret: Option<Secret>,
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    preset: Option<Option<PluginName>>,
    #[serde(default, deserialize_with = "nullable")]
    session_id: Option<Option<SessionKey>>,
    #[serde(default, deserialize_with = "nullable")]
    event_label: Option<Option<String>>,
    allowed_ips: Option<Vec<String>>,
}

/// A field that is there, be it `null`.
fn nullable<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(field: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(field).map(Some)
}

pub(crate) async fn change(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
    Body(request): Body<ChangeWebhook>,
) -> Result<Json<WebhookSummary>, ApiError> {
    let ChangeWebhook { name, agent_id, secret, enabled, preset, session_id, event_label, allowed_ips } = request;
    if let Some(agent) = &agent_id {
        check_agent(&dispatch, agent)?;
    }
    check_preset(&dispatch, preset.as_ref().and_then(Option::as_ref))?;
    let change = WebhookChange {
        name,
        agent: agent_id,
        secret: secret
            .map(checked_secret)
            .transpose()?
            .map(|secret| WebhookSecret { hash: digest(&secret), secret: SecretString::from(secret.expose()) }),
        enabled,
        preset,
        session: session_id,
        event_label,
        allowed_ips: allowed_ips.map(checked_networks).transpose()?,
    };
    Ok(Json(summary(&dispatch.webhooks().change(&webhook_id(&id)?, change).await?)))
}

pub(crate) async fn delete(State(App { dispatch, .. }): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    dispatch.webhooks().delete(&webhook_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn webhook_id(id: &str) -> Result<WebhookId, ApiError> {
    WebhookId::new(id).map_err(|error| ApiError::bad_request(error.to_string()))
}

fn check_agent(dispatch: &wingman_dispatch::Dispatch, agent: &AgentId) -> Result<(), ApiError> {
    let known = dispatch.agents().iter().any(|known| &known.id == agent);
    if known { Ok(()) } else { Err(ApiError::bad_request(Refused::UnknownAgent(agent.clone()).to_string())) }
}

fn check_preset(dispatch: &wingman_dispatch::Dispatch, preset: Option<&PluginName>) -> Result<(), ApiError> {
    let Some(preset) = preset else { return Ok(()) };
    let presets: Vec<String> =
        dispatch.plugins().into_iter().filter(|plugin| plugin.kind == "preset").map(|plugin| plugin.name).collect();
    if presets.iter().any(|known| known == preset.as_str()) {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("there is no preset `{preset}`; there are: {}", presets.join(", "))))
}

fn checked_secret(secret: Secret) -> Result<Secret, ApiError> {
    if secret.expose().len() < MIN_SECRET {
        return Err(ApiError::bad_request(format!("a secret has at least {MIN_SECRET} bytes; leave it out to have one made")));
    }
    Ok(secret)
}

fn checked_networks(networks: Vec<String>) -> Result<Vec<String>, ApiError> {
    match networks.iter().find(|network| parse_network(network).is_none()) {
        Some(bad) => Err(ApiError::bad_request(format!("{bad:?} is neither an address nor a network such as 192.0.2.0/24"))),
        None => Ok(networks),
    }
}

fn digest(secret: &Secret) -> [u8; 32] {
    Sha256::digest(secret.expose().as_bytes()).into()
}

fn random_hex() -> Result<String, ApiError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gave no random bytes");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "no random bytes are to be had; try again")
    })?;
    Ok(hex::encode(bytes))
}

fn summary(webhook: &StoredWebhook) -> WebhookSummary {
    WebhookSummary {
        id: webhook.id.clone(),
        name: webhook.name.clone(),
        agent_id: webhook.agent.clone(),
        enabled: webhook.enabled,
        event_label: webhook.event_label.clone(),
        preset: webhook.preset.clone(),
        session_id: webhook.session.clone(),
        allowed_ips: webhook.allowed_ips.clone(),
        created_at: webhook.created_at,
    }
}
