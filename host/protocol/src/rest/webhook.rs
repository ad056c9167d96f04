//! `/api/webhooks`, and the answer to a delivery at `/webhooks/:id`.

use crate::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::{AgentId, DeliveryId, PluginName, SessionKey, WebhookId};

/// A webhook; its secret is never shown again after its creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct WebhookSummary {
    /// The last part of its address.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub id: WebhookId,
    /// Its display name.
    pub name: String,
    /// The agent that its deliveries go to.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub agent_id: AgentId,
    /// It takes deliveries.
    pub enabled: bool,
    /// What its events are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_label: Option<String>,
    /// The plugin that reads its deliveries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub preset: Option<PluginName>,
    /// The session that its deliveries go to; its own where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub session_id: Option<SessionKey>,
    /// Addresses and networks that may deliver; all where the list is empty.
    pub allowed_ips: Vec<String>,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
}

/// Makes a webhook.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct CreateWebhook {
    /// The last part of its address; made where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub id: Option<WebhookId>,
    /// Its display name.
    pub name: String,
    /// The agent that its deliveries go to; the default agent where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub agent_id: Option<AgentId>,
    /// Its secret; made where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub secret: Option<Secret>,
    /// It takes deliveries; true unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What its events are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_label: Option<String>,
    /// The plugin that reads its deliveries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub preset: Option<PluginName>,
    /// The session that its deliveries go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub session_id: Option<SessionKey>,
    /// Addresses and networks that may deliver; all where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_ips: Option<Vec<String>>,
}

/// A webhook that was just made, with its secret, this once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct CreatedWebhook {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookSummary,
    /// What a sender has to show.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub secret: Secret,
}

/// A delivery is kept; nothing that happens later loses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct WebhookAccepted {
    /// Always true.
    pub ok: bool,
    /// The session that it went to.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub session_id: SessionKey,
    /// The delivery; a repeat gets the same id.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub delivery_id: DeliveryId,
}
