//! A stored message, as clients read it: from the HTTP API and inside `session-message` events.

use crate::Attachment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Not;
use wingman_message::{Message, MessageId, Part, RequestId, RunId, ToolPart};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A person, or whatever sent the message in.
    User,
    /// The agent.
    Assistant,
}

impl From<wingman_message::Role> for Role {
    fn from(role: wingman_message::Role) -> Self {
        match role {
            wingman_message::Role::User => Self::User,
            wingman_message::Role::Assistant => Self::Assistant,
        }
    }
}

impl From<Role> for wingman_message::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::User => Self::User,
            Role::Assistant => Self::Assistant,
        }
    }
}

/// How an assistant's message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As the model meant it.
    Complete,
    /// The model hit its output limit.
    Truncated,
    /// Someone stopped the run; the text is what had been said by then.
    Cancelled,
    /// The run failed; `error` says why, the text is what had been said by then.
    Error,
}

impl From<wingman_message::MessageStatus> for Status {
    fn from(status: wingman_message::MessageStatus) -> Self {
        use wingman_message::MessageStatus as From;
        match status {
            From::Complete => Self::Complete,
            From::Truncated => Self::Truncated,
            From::Cancelled => Self::Cancelled,
            From::Error => Self::Error,
        }
    }
}

impl From<Status> for wingman_message::MessageStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Complete => Self::Complete,
            Status::Truncated => Self::Truncated,
            Status::Cancelled => Self::Cancelled,
            Status::Error => Self::Error,
        }
    }
}

/// A piece of an assistant's message, in the order in which it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase", tag = "type")]
pub enum MessagePart {
    /// Words.
    Text {
        /// Markdown.
        text: String,
    },
    /// What the model thought. A client that does not know it leaves it out.
    Reasoning {
        /// Markdown.
        text: String,
    },
    /// A tool that the agent called.
    Tool(ToolCallPart),
}

/// A tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ToolCallPart {
    /// Unique within the run.
    pub tool_call_id: String,
    /// The tool.
    pub tool_name: String,
    /// What it was called with.
    #[ts(type = "unknown")]
    pub tool_input: serde_json::Value,
    /// What came of it; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_output: Option<String>,
    /// It failed; `toolOutput` says how.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub is_error: bool,
    /// Milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// Milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

impl From<&Part> for MessagePart {
    fn from(part: &Part) -> Self {
        match part {
            Part::Text { text } => Self::Text { text: text.clone() },
            Part::Reasoning { text } => Self::Reasoning { text: text.clone() },
            Part::Tool(tool) => Self::Tool(tool.into()),
        }
    }
}

impl From<&ToolPart> for ToolCallPart {
    fn from(tool: &ToolPart) -> Self {
        Self {
            tool_call_id: tool.tool_call_id.clone(),
            tool_name: tool.tool_name.clone(),
            tool_input: tool.tool_input.clone(),
            tool_output: tool.tool_output.clone(),
            is_error: tool.is_error,
            started_at: tool.started_at,
            ended_at: tool.ended_at,
        }
    }
}

/// One message of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct StoredMessage {
    /// Its id, a UUID.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub id: MessageId,
    /// Who speaks.
    pub role: Role,
    /// All its text, joined.
    pub content: String,
    /// When it was stored: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// The `seq` of the event that announced it; `session_subscribe` takes it as `since`.
    pub seq: i64,
    /// The client's request that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub request_id: Option<RequestId>,
    /// The run that it started (user) or came from (assistant).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub run_id: Option<RunId>,
    /// What people call the one who wrote it, or else the network's id of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Nobody said it to the agent: it is what was said and done around it since the turn before, for the agent to know.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub overheard: bool,
    /// How it ended; on an assistant's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// What went wrong, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Text and tools in the order in which they happened; on an assistant's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<MessagePart>>,
    /// Files beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<Attachment>>,
}

impl From<&Message> for StoredMessage {
    fn from(message: &Message) -> Self {
        let assistant = message.role == wingman_message::Role::Assistant;
        let sender = message.sender.as_ref().map(|sender| sender.name.as_ref().unwrap_or(&sender.id).clone());
        let attachments = message.attachments.iter().map(Attachment::from).collect::<Vec<_>>();
        Self {
            id: message.id,
            role: message.role.into(),
            content: message.content.clone(),
            created_at: message.created_at,
            seq: message.seq,
            request_id: message.request.clone(),
            run_id: message.run,
            sender,
            overheard: message.overheard,
            status: assistant.then(|| message.status.into()),
            error: message.error.clone(),
            parts: assistant.then(|| message.parts.iter().map(MessagePart::from).collect()),
            attachments: (!attachments.is_empty()).then_some(attachments),
        }
    }
}
