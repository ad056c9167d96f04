//! `/api/outbox`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::{AgentId, DeliveryId, SessionKey};

/// What goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum OutboxKind {
    /// A reply.
    Reply,
    /// A reaction to a message.
    Reaction,
}

/// Something that is to be delivered to a chat network, and is not yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct OutboxEntry {
    /// The delivery that it answers. A reply that is given up is a dead letter of this id.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub id: DeliveryId,
    /// What it is.
    pub kind: OutboxKind,
    /// The session that it was said in.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub session_id: SessionKey,
    /// The session's agent.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub agent_id: AgentId,
    /// The channel that it goes to.
    pub channel: String,
    /// The reply's text, or the emoji.
    pub text: String,
    /// When it was stored: milliseconds since the Unix epoch.
    pub at: i64,
    /// How often its delivery was tried in vain.
    pub attempts: u32,
    /// What the last attempt failed with: what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it is tried again, at the latest: milliseconds since the Unix epoch. Absent where it is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<i64>,
}
