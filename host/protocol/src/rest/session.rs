//! `/api/sessions`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Not;
use wingman_message::{AgentId, MessageId, RunId, SessionKey};

/// What a session was opened by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum SessionSource {
    /// A client (Control UI, CLI or any other).
    Client,
    /// A webhook.
    Webhook,
    /// A chat network.
    Channel,
    /// Another agent, which handed a task over.
    Delegate,
}

impl From<wingman_message::SessionSource> for SessionSource {
    fn from(source: wingman_message::SessionSource) -> Self {
        use wingman_message::SessionSource as From;
        match source {
            From::Client => Self::Client,
            From::Webhook => Self::Webhook,
            From::Channel => Self::Channel,
            From::Delegate => Self::Delegate,
        }
    }
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionSummary {
    /// Its key; contains `:`, so it is percent-encoded in an address.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub id: SessionKey,
    /// Its display name.
    pub name: String,
    /// Its agent.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub agent_id: AgentId,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Milliseconds since the Unix epoch.
    pub updated_at: i64,
    /// How many messages it has.
    pub message_count: u64,
    /// The beginning of its newest message.
    pub last_message_preview: Option<String>,
    /// Its working folder, where it has one of its own: an absolute path.
    pub workdir: Option<String>,
    /// What it was opened by.
    pub source: SessionSource,
    /// Something runs or waits in it.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub running: bool,
    /// The session whose run handed over the task that it was opened for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>", optional)]
    pub parent_session_id: Option<SessionKey>,
    /// That run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>", optional)]
    pub parent_run_id: Option<RunId>,
}

/// Opens a session. The default agent, a name made of the first message and a new id stand where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct CreateSession {
    /// Its agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub agent_id: Option<AgentId>,
    /// Its display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its key; must be one of the agent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub session_id: Option<SessionKey>,
}

/// Renames a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct RenameSession {
    /// The new display name.
    pub name: String,
}

/// Makes a session of what was said up to a message, that one included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ForkSession {
    /// The last message that the new session shall have.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub message_id: MessageId,
    /// The new session's display name; without it, one made of the old name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Sets the folder that a session's agent works in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct SetWorkdir {
    /// An absolute path below one of the roots (`/api/fs/roots`). Null, or nothing but spaces: the agent's own folder again.
    pub workdir: Option<String>,
}
