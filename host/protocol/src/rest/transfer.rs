//! Exported sessions: JSON Lines, a header and then one message a line.

use crate::{Role, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Not;
use wingman_message::{AgentId, Attachment, Entry, Part, Sender, SessionKey};

/// The media type of an exported session.
pub const EXPORT_MEDIA_TYPE: &str = "application/x-ndjson";
/// What the header says that the file is.
pub const EXPORT_FORMAT: &str = "wingman-session";
/// The newest version of the format.
pub const EXPORT_VERSION: u32 = 1;

/// The first line of an exported session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ExportHeader {
    /// `wingman-session`.
    pub format: String,
    /// The version of the format: 1. A gateway refuses a newer one than it knows.
    pub version: u32,
    /// How many messages follow: a file that was cut short is known by it.
    pub messages: u64,
    /// The session's display name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the session was called where it comes from. An import gets a key of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub session_id: Option<SessionKey>,
    /// Its agent there. An import goes to the agent that it names itself, or to the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub agent_id: Option<AgentId>,
    /// When it was opened there: milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<i64>,
}

/// Every other line of an exported session: a message without what ties it to one gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ExportedMessage {
    /// Who speaks.
    pub role: Role,
    /// All its text.
    pub content: String,
    /// When it was said: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// How it ended; absent where it ended as it was meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// What went wrong, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    #[ts(type = "unknown", optional)]
    pub sender: Option<Sender>,
    /// Text and tools in the order in which they happened; on an assistant's message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<serde_json::Value>")]
    #[ts(type = "unknown[]", optional)]
    pub parts: Vec<Part>,
    /// Files beside it: where their bytes are, not the bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<serde_json::Value>")]
    #[ts(type = "unknown[]", optional)]
    pub attachments: Vec<Attachment>,
    /// Strangers wrote it: a model is shown it as data.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub untrusted: bool,
    /// It is what was said and done around the agent, and not to it.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub overheard: bool,
    /// What a model is shown of the run that it came from, step by step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<serde_json::Value>")]
    #[ts(type = "unknown[]", optional)]
    pub journal: Vec<Entry>,
}
