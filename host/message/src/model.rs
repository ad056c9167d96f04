//! The port to language models, and the conversation in the shape in which a model reads it.

use crate::{Attachment, RunId, ToolSpec};
use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

/// A call that a model asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Unique within the run; made by the host where the provider gives none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Its input; an object where the model kept to the schema.
    pub input: serde_json::Value,
}

/// What a person, or whatever wrote in, said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserEntry {
    /// The text.
    pub text: String,
    /// Files beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Strangers wrote it: the model is told that it is data, not instructions.
    #[serde(default)]
    pub untrusted: bool,
}

/// One entry of the conversation as the model reads it; also what the journal keeps of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Entry {
    /// Someone wrote.
    User(UserEntry),
    /// The model answered; with tool calls it waits for their results.
    Assistant {
        /// What it said, possibly nothing.
        text: String,
        /// What it asks for, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<ToolCall>,
        /// What it thought before, where it tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reasoning: Option<Reasoning>,
    },
    /// A tool's result.
    Tool {
        /// The call that it answers.
        call_id: String,
        /// The tool's name.
        name: String,
        /// What the model reads.
        output: String,
        /// The tool failed; `output` says how.
        #[serde(default)]
        is_error: bool,
        /// When the call began: milliseconds since the Unix epoch.
        started_at: i64,
        /// When it ended.
        ended_at: i64,
    },
}

impl Entry {
    /// An answer without reasoning.
    #[must_use]
    pub fn assistant(text: impl Into<String>, calls: Vec<ToolCall>) -> Self {
        Self::Assistant { text: text.into(), calls, reasoning: None }
    }
}

/// What a model thought before it answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reasoning {
    /// The part that people may read; possibly nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What the provider wants back with the next request, signatures among it. Only the model that made it reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<serde_json::Value>,
}

impl Reasoning {
    /// There is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.replay.is_none()
    }
}

/// What a model is asked.
#[derive(Debug, Clone)]
pub struct ModelRequest {
    /// The run that asks; for logs.
    pub run: RunId,
    /// The system prompt.
    pub instructions: String,
    /// Where the model works: folder, files of instructions, notes. Shown before the conversation, outside the system prompt, made
    /// for each request and never stored. Empty where there is nothing to say.
    pub surroundings: String,
    /// The conversation, oldest first; never empty.
    pub history: Vec<Entry>,
    /// Tools that the model may ask for.
    pub tools: Vec<ToolSpec>,
}

/// Tokens used by one request, or by several together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The price in millionths of a US dollar; none where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<u64>,
}

impl Usage {
    fn is_nothing(&self) -> bool {
        self.input_tokens == 0 && self.output_tokens == 0
    }
}

impl std::ops::AddAssign for Usage {
    /// A sum has a price where each of its parts has one, or used nothing.
    fn add_assign(&mut self, other: Self) {
        self.cost_micro_usd = match (self.cost_micro_usd, other.cost_micro_usd) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (known, None) if other.is_nothing() => known,
            (None, known) if self.is_nothing() => known,
            _ => None,
        };
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cached_input_tokens = self.cached_input_tokens.saturating_add(other.cached_input_tokens);
        self.reasoning_tokens = self.reasoning_tokens.saturating_add(other.reasoning_tokens);
    }
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// It said what it had to say.
    EndTurn,
    /// It waits for tools.
    ToolUse,
    /// It hit its output limit.
    Truncated,
}

/// A piece of a model's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelEvent {
    /// Some text.
    Text(String),
    /// Some of what the model thinks, for people.
    Reasoning(String),
    /// Nothing was said yet, and the request failed; it is made again after a pause. Comes before anything else.
    Retrying {
        /// The pause, in milliseconds.
        after_ms: u64,
        /// What went wrong, and who is asked next.
        reason: String,
    },
    /// A complete tool call.
    Call(ToolCall),
    /// The end; always the last event of a stream that went well.
    Finished {
        /// Why it stopped.
        stop: StopReason,
        /// What it cost.
        usage: Usage,
        /// The model that answered, as configured: `provider:model-name`.
        model: String,
        /// What the provider wants back; see [`Reasoning::replay`].
        replay: Option<serde_json::Value>,
    },
}

/// A model's answer as it comes. A stream that ends without [`ModelEvent::Finished`] was cut off, and is a failure.
pub type ModelStream = BoxStream<'static, Result<ModelEvent, ModelError>>;

/// Why a model gave no (whole) answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The provider refused the credentials.
    #[error("the model provider refused the credentials: {0}")]
    Unauthorized(String),
    /// The account has no credit left.
    #[error("the account with the model provider has no credit left: {0}")]
    NoCredit(String),
    /// Neither the model nor any of its fallbacks answered.
    #[error("no model answered: {0}")]
    NoneAnswered(String),
    /// The provider has no such model.
    #[error("the model provider does not have this model: {0}")]
    NotFound(String),
    /// The provider is busy.
    #[error("the model provider is busy{}", .retry_after_ms.map(|ms| format!("; try again in {} s", ms.div_ceil(1000))).unwrap_or_default())]
    RateLimited {
        /// When the provider says to try again, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// The provider could not be reached, or failed.
    #[error("the model provider failed: {0}")]
    Unavailable(String),
    /// The provider cannot use what it was asked.
    #[error("the model provider refused the request: {0}")]
    Rejected(String),
    /// The answer broke off.
    #[error("the model's answer broke off: {0}")]
    Interrupted(String),
    /// The provider said something that makes no sense, or too much of it.
    #[error("the model provider's answer cannot be used: {0}")]
    Malformed(String),
}

/// What is known of a model without asking it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// As configured: `provider:model-name`.
    pub name: String,
    /// The built-in demo, which is no AI.
    pub demo: bool,
}

/// A language model. One value serves many runs at once; dropping the stream stops the request.
#[async_trait]
pub trait Model: Send + Sync + 'static {
    /// What it is.
    fn info(&self) -> &ModelInfo;

    /// Asks the model; called once for each model step of a run.
    ///
    /// # Errors
    /// [`ModelError`] when the provider does not begin to answer; later failures come through the stream.
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError>;
}
