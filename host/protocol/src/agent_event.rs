//! The payload of an `event:agent` frame: what happens in a session.

use crate::{Attachment, MessagePart, PendingQuestion, Role, StoredMessage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Not;
use std::sync::Arc;
use wingman_message::{AgentId, MessageId, QuestionId, RequestId, RunId, SessionKey};

/// One event of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct AgentEvent {
    /// What happened.
    #[serde(flatten)]
    pub kind: AgentEventKind,
    /// The session.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub session_id: SessionKey,
    /// The session's agent.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub agent_id: AgentId,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// The session whose run waits for this one, where another agent handed the task over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>", optional)]
    pub parent_session_id: Option<SessionKey>,
    /// The run that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>", optional)]
    pub parent_run_id: Option<RunId>,
}

/// What happened in a session. Exactly one `agent-complete` or `agent-error` ends a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[ts(optional_fields)]
pub enum AgentEventKind {
    /// A message was stored that the receiver has not seen: another client's, or one that it missed.
    SessionMessage {
        /// The message's id.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        message_id: MessageId,
        /// Who speaks.
        role: Role,
        /// Its text.
        content: String,
        /// Files beside it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attachments: Option<Vec<Attachment>>,
        /// The client's request that it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        #[ts(as = "Option<String>")]
        request_id: Option<RequestId>,
        /// The whole stored message.
        message: Box<StoredMessage>,
    },
    /// A request waits until the session is free.
    RequestQueued {
        /// The request.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        request_id: RequestId,
        /// How many stand before it, the running one included.
        position: u64,
    },
    /// The agent begins with a request.
    AgentStart {
        /// The agent's name.
        agent: String,
        /// What it answers.
        prompt: Arc<str>,
    },
    /// Something came from the model or a tool.
    AgentStream {
        /// The piece, in the form that parsers of agent streams know.
        chunk: StreamChunk,
    },
    /// A tool begins.
    ToolStart {
        /// Unique within the run.
        tool_call_id: String,
        /// The tool.
        tool_name: String,
        /// What it is called with.
        #[ts(type = "unknown")]
        tool_input: serde_json::Value,
    },
    /// A tool ended.
    ToolEnd {
        /// The call that ended.
        tool_call_id: String,
        /// The tool.
        tool_name: String,
        /// What came of it.
        tool_output: Arc<str>,
        /// It failed; `toolOutput` says how.
        #[serde(default, skip_serializing_if = "Not::not")]
        #[ts(as = "Option<bool>", optional)]
        is_error: bool,
    },
    /// The run in flight, whole so far: it replaces whatever the receiver has of that run.
    AgentSnapshot {
        /// The run.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        run_id: RunId,
        /// The client's request, if a client made one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        #[ts(as = "Option<String>")]
        request_id: Option<RequestId>,
        /// What it answers.
        prompt: Arc<str>,
        /// The answer so far.
        parts: Vec<MessagePart>,
        /// What it waits to be answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<Box<PendingQuestion>>,
    },
    /// The run waits for a person's answer: `req:answer`, or `POST /api/sessions/{id}/questions/{questionId}`.
    QuestionAsked {
        /// The question.
        question: Box<PendingQuestion>,
    },
    /// The question was answered, and the run goes on.
    QuestionAnswered {
        /// The question.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        question_id: QuestionId,
        /// Whether the tool may be called, where that was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved: Option<bool>,
        /// The answer in words, or why the tool may not be called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<String>,
    },
    /// The run has handed a task to another agent and waits for it. That agent's session can be watched like any other; its id and
    /// that of its agent stand here, where those of the waiting session stand in other events' `sessionId` and `agentId`.
    DelegateStart {
        /// The other agent's session.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        child_session_id: SessionKey,
        /// The other agent.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        child_agent_id: AgentId,
        /// The call that waits.
        parent_call_id: String,
    },
    /// The request was answered; the answer is stored.
    AgentComplete {
        /// The answer.
        result: AgentResult,
    },
    /// The request ended without an answer. The text says `cancelled` where someone stopped it.
    AgentError {
        /// What went wrong, for people.
        error: Arc<str>,
        /// What was said until then, where it was stored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        #[ts(as = "Option<String>")]
        message_id: Option<MessageId>,
    },
}

impl AgentEventKind {
    /// The request ends with this event.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::AgentComplete { .. } | Self::AgentError { .. })
    }

    /// A `session-message` for a stored message.
    #[must_use]
    pub fn session_message(message: StoredMessage) -> Self {
        Self::SessionMessage {
            message_id: message.id,
            role: message.role,
            content: message.content.clone(),
            attachments: message.attachments.clone(),
            request_id: message.request_id.clone(),
            message: Box::new(message),
        }
    }

    /// What becomes of a question with `answer`.
    #[must_use]
    pub fn question_answered(question_id: QuestionId, answer: &wingman_message::Answer) -> Self {
        use wingman_message::Answer;
        let (approved, answer) = match answer {
            Answer::Approved => (Some(true), None),
            Answer::Denied { reason } => (Some(false), reason.clone()),
            Answer::Text { text } => (None, Some(text.clone())),
        };
        Self::QuestionAnswered { question_id, approved, answer }
    }

    /// An `agent-stream` with some text of the answer.
    #[must_use]
    pub fn text(run: RunId, text: Arc<str>) -> Self {
        Self::AgentStream { chunk: StreamChunk::text(run, text) }
    }
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct AgentResult {
    /// All its text.
    pub response: String,
    /// The stored message.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub message_id: MessageId,
    /// The model hit its output limit: the answer is not whole.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub truncated: bool,
    /// Tokens used, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What it cost, in millionths of a US dollar, where the gateway knows the model's price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
    /// The model that answered, `provider:model-name`, where known. It may be a fallback of the agent's model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// Tokens used by a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens read, those from a cache included.
    pub input_tokens: u64,
    /// Tokens written, those of reasoning included.
    pub output_tokens: u64,
    /// Those of the tokens read that came from the provider's cache.
    #[serde(default)]
    pub cached_input_tokens: u64,
    /// Those of the tokens written that were reasoning.
    #[serde(default)]
    pub reasoning_tokens: u64,
}

impl From<wingman_message::Usage> for Usage {
    fn from(usage: wingman_message::Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_input_tokens: usage.cached_input_tokens,
            reasoning_tokens: usage.reasoning_tokens,
        }
    }
}

/// A piece of an agent's stream. Tools come as `tool-start` and `tool-end` events too; a client reads one of the two forms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum StreamChunk {
    /// Some text of the answer.
    OnChatModelStream {
        /// The run.
        run_id: String,
        /// The text.
        data: TextData,
    },
    /// Some of what the model thinks before it answers.
    OnChatModelReasoning {
        /// The run.
        run_id: String,
        /// The text.
        data: TextData,
    },
    /// The model could not be asked; it, or another, is asked again after a pause. Nothing of the answer was sent yet.
    OnChatModelRetry {
        /// The run.
        run_id: String,
        /// Why, and when.
        data: Retry,
    },
    /// A tool begins.
    OnToolStart {
        /// The call's id.
        run_id: String,
        /// The tool.
        name: String,
        /// What it is called with.
        data: ToolInput,
    },
    /// A tool that runs has some output. It is shown and not kept: the result, which follows, stands on its own.
    OnToolStream {
        /// The call's id.
        run_id: String,
        /// The tool.
        name: String,
        /// The piece.
        data: ToolChunk,
    },
    /// A tool ended well.
    OnToolEnd {
        /// The call's id.
        run_id: String,
        /// The tool.
        name: String,
        /// What came of it.
        data: ToolOutput,
    },
    /// A tool failed.
    OnToolError {
        /// The call's id.
        run_id: String,
        /// The tool.
        name: String,
        /// How.
        data: ToolFailure,
    },
}

impl StreamChunk {
    /// Some text of `run`'s answer.
    #[must_use]
    pub fn text(run: RunId, text: Arc<str>) -> Self {
        Self::OnChatModelStream { run_id: run.to_string(), data: TextData { chunk: ChunkText { content: text } } }
    }

    /// Some of what the model of `run` thinks.
    #[must_use]
    pub fn reasoning(run: RunId, text: Arc<str>) -> Self {
        Self::OnChatModelReasoning { run_id: run.to_string(), data: TextData { chunk: ChunkText { content: text } } }
    }

    /// A model is asked again for `run`, after `after_ms`.
    #[must_use]
    pub fn retry(run: RunId, after_ms: u64, reason: Arc<str>) -> Self {
        Self::OnChatModelRetry { run_id: run.to_string(), data: Retry { after_ms, reason } }
    }

    /// The call `id` of the tool `name` begins.
    #[must_use]
    pub fn tool_start(id: &str, name: &str, input: serde_json::Value) -> Self {
        Self::OnToolStart { run_id: id.to_owned(), name: name.to_owned(), data: ToolInput { input } }
    }

    /// The call `id` of the tool `name` has some output, and goes on.
    #[must_use]
    pub fn tool_output(id: &str, name: &str, chunk: Arc<str>) -> Self {
        Self::OnToolStream { run_id: id.to_owned(), name: name.to_owned(), data: ToolChunk { chunk } }
    }

    /// The call `id` of the tool `name` ended with `output`.
    #[must_use]
    pub fn tool_end(id: &str, name: &str, output: Arc<str>, is_error: bool) -> Self {
        let (run_id, name) = (id.to_owned(), name.to_owned());
        if is_error {
            Self::OnToolError { run_id, name, data: ToolFailure { error: output } }
        } else {
            Self::OnToolEnd { run_id, name, data: ToolOutput { output } }
        }
    }
}

/// Where a chunk keeps its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct TextData {
    /// The text.
    pub chunk: ChunkText,
}

/// The text of a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct ChunkText {
    /// To be appended to what was said before.
    pub content: Arc<str>,
}

/// Why and when a model is asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// The pause before it, in milliseconds.
    pub after_ms: u64,
    /// What went wrong, and who is asked next, for people.
    pub reason: Arc<str>,
}

/// Where a chunk keeps a tool's input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct ToolInput {
    /// The input.
    #[ts(type = "unknown")]
    pub input: serde_json::Value,
}

/// Where a chunk keeps a piece of a tool's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct ToolChunk {
    /// To be appended to what the call has put out before.
    pub chunk: Arc<str>,
}

/// Where a chunk keeps a tool's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct ToolOutput {
    /// The output.
    pub output: Arc<str>,
}

/// Where a chunk keeps a tool's failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct ToolFailure {
    /// What went wrong.
    pub error: Arc<str>,
}
