//! What is kept: the messages of a conversation.

use crate::{Attachment, MessageId, RequestId, RunId, Sender};
use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A person, or whatever sent the message in.
    User,
    /// The agent.
    Assistant,
}

/// How an assistant's message ended. A user's message is always complete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    /// As the model meant it.
    #[default]
    Complete,
    /// The model hit its output limit.
    Truncated,
    /// Someone stopped the run.
    Cancelled,
    /// The run failed.
    Error,
}

/// A piece of an assistant's message, in the order in which it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "type")]
pub enum Part {
    /// Words.
    Text {
        /// Markdown.
        text: String,
    },
    /// What the model thought.
    Reasoning {
        /// Markdown.
        text: String,
    },
    /// A tool that the agent called.
    Tool(ToolPart),
}

/// A tool call, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolPart {
    /// The call's id.
    pub tool_call_id: String,
    /// The tool.
    pub tool_name: String,
    /// What it was called with.
    pub tool_input: serde_json::Value,
    /// What came of it; none while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_output: Option<String>,
    /// It failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
    /// Milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// Milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

/// One stored message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Who speaks.
    pub role: Role,
    /// All its text; for an assistant, the text parts joined.
    pub content: String,
    /// When it was stored: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// The sequence number, within its session, of the event that announced it.
    pub seq: i64,
    /// The client's request, if a client made one.
    pub request: Option<RequestId>,
    /// The run that it starts (user) or that it came from (assistant).
    pub run: Option<RunId>,
    /// Who sent it.
    pub sender: Option<Sender>,
    /// How it ended.
    pub status: MessageStatus,
    /// What went wrong, for people.
    pub error: Option<String>,
    /// Text and tools in order; empty for a user.
    pub parts: Vec<Part>,
    /// Files beside it.
    pub attachments: Vec<Attachment>,
    /// Strangers wrote it: it is shown to the model as data, not as instructions.
    pub untrusted: bool,
    /// Nobody said it to the agent: it is what was said and done around it since the turn before.
    pub overheard: bool,
}

/// What a session was opened by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
