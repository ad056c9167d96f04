//! `/api/dead-letters`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::{AgentId, DeliveryId, SessionKey};

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum DeadLetterKind {
    /// Something that came in: a plugin failed on it.
    Inbound,
    /// A reply that could not be delivered.
    Reply,
}

/// Something that failed for good, unless a person has it tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct DeadLetter {
    /// Its id.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub id: DeliveryId,
    /// What it is.
    pub kind: DeadLetterKind,
    /// The session that it was for, or was said in.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub session_id: SessionKey,
    /// The session's agent.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub agent_id: AgentId,
    /// Where it came from or was to go: a client, a webhook or a channel, in words.
    pub origin: String,
    /// Why it failed.
    pub reason: String,
    /// When it came, or was said: milliseconds since the Unix epoch.
    pub at: i64,
    /// Of a reply: its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Of a reply: how often its delivery was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
}
