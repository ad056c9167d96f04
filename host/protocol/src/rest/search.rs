//! `/api/search`.

use crate::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Not;
use wingman_message::{AgentId, MessageId, SessionKey};

/// A message that holds every word that was looked for. Case and accents do not count, and the last letters of a word may be
/// missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct SearchHit {
    /// The session.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub session_id: SessionKey,
    /// The session's display name.
    pub session_name: String,
    /// The session's agent.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub agent_id: AgentId,
    /// The message.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub message_id: MessageId,
    /// The message's number in its session.
    pub seq: i64,
    /// Who speaks.
    pub role: Role,
    /// When it was stored: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// The part of it around the first hit, in pieces. Plain text.
    pub snippet: Vec<SnippetPart>,
}

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[ts(optional_fields)]
pub struct SnippetPart {
    /// The text, as it was written.
    pub text: String,
    /// It is what was looked for.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub hit: bool,
}
