//! The port between those who own sessions (dispatch) and those who think (agent).
//!
//! A run is a sequence of steps, and a step depends on nothing but the conversation so far. Whoever owns the run stores each
//! step's entry before it asks for the next: after a crash the same question, with the stored entries, goes on where it was.

use crate::{
    AgentId, Approval, Compaction, Entry, ModelError, ModelInfo, QueueMode, RunId, SessionKey, StopReason, ToolCall, Usage,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What happens inside a step, for those who watch.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Some text of the answer.
    Text(String),
    /// Some of what the model thinks before it answers.
    Reasoning(String),
    /// The model could not be asked; it, or another, is asked again after a pause.
    Retrying {
        /// The pause, in milliseconds.
        after_ms: u64,
        /// What went wrong, and who is asked next.
        reason: String,
    },
    /// A tool begins.
    ToolStarted(ToolCall),
    /// A tool that runs has some output; its result stands on its own.
    ToolOutput {
        /// The call.
        call: ToolCall,
        /// The piece.
        chunk: String,
    },
    /// A tool ended.
    ToolEnded {
        /// The call.
        call: ToolCall,
        /// What came of it.
        output: String,
        /// It failed.
        is_error: bool,
    },
}

/// Where a step reports its progress. Never blocks: nobody who watches can slow a run.
#[derive(Clone)]
pub struct Emit(Arc<dyn Fn(Progress) + Send + Sync>);

impl Emit {
    /// Reports to `sink`, which must return at once.
    pub fn new(sink: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Reports `progress`.
    pub fn send(&self, progress: Progress) {
        (self.0)(progress);
    }
}

impl std::fmt::Debug for Emit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Emit")
    }
}

/// The run that a step belongs to.
#[derive(Debug, Clone)]
pub struct RunContext {
    /// The session.
    pub session: SessionKey,
    /// The run.
    pub run: RunId,
    /// The session's working folder: an absolute path. It may not be there yet.
    pub folder: Arc<Path>,
    /// The run answers a message of a network where agents can react to messages.
    pub reacts: bool,
    /// Fires when the run is cancelled or its time is up; the step ends soon after with [`RunError::Cancelled`].
    pub cancel: CancellationToken,
    /// Where progress goes.
    pub emit: Emit,
}

/// What comes next in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// A request to the model: [`AgentRuntime::step`] makes it.
    Model,
    /// The first unanswered call of the last answer.
    Call(NextCall),
}

/// A call, and what it takes to answer it.
#[derive(Debug, Clone, PartialEq)]
pub struct NextCall {
    /// The call.
    pub call: ToolCall,
    /// Whether a person is asked first.
    pub approval: Approval,
    /// Who answers it.
    pub work: Work,
}

/// Who answers a call. All but a tool is the business of whoever owns the run.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// A tool: [`AgentRuntime::step`] calls it.
    Tool {
        /// A call in flight may be repeated after a crash.
        repeatable: bool,
    },
    /// Nobody: the call cannot be done.
    Fails {
        /// Why, for the model.
        output: String,
    },
    /// A person.
    Question {
        /// What is asked.
        text: String,
        /// Answers to choose from; with none, any text answers it.
        choices: Vec<String>,
    },
    /// Another agent.
    Delegate {
        /// The agent.
        agent: AgentId,
        /// What it is to do.
        task: String,
    },
    /// The network that the run answers.
    Reaction {
        /// What is put on the message that the run answers.
        emoji: String,
    },
}

/// The run that handed a task to another agent, and waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ParentRun {
    /// Its session.
    pub session: SessionKey,
    /// The run.
    pub run: RunId,
    /// The call that waits.
    pub call_id: String,
    /// The session of the run that nobody handed over, from which all of them come.
    pub top_session: SessionKey,
    /// That run.
    pub top_run: RunId,
    /// How many runs stand above the one that is handed over: 1 below one that nobody handed over.
    pub depth: u32,
}

/// What a step achieved.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// To be stored and appended to the conversation before the next step.
    pub entry: Entry,
    /// Tokens used by the step.
    pub usage: Usage,
    /// The model that answered, as configured; none where the step asked no model.
    pub model: Option<String>,
    /// Why the model stopped, where the run is over; none while steps remain.
    pub finished: Option<StopReason>,
}

/// Why a run ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Someone stopped it.
    #[error("the request was cancelled")]
    Cancelled,
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model keeps calling tools.
    #[error("the agent was stopped after {0} steps: it kept calling tools")]
    TooManySteps(usize),
    /// The provider says that the conversation is too long for the model. A shorter one may fit: see
    /// [`AgentRuntime::compact`].
    #[error("the conversation is too long for the model ({0}); lower the agent's `context.maxTokens`, or begin a new session")]
    ContextFull(String),
}

/// What is known of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentInfo {
    /// Its id.
    pub id: AgentId,
    /// Its display name.
    pub name: String,
    /// What it is for, in a sentence, where somebody said so.
    pub description: Option<String>,
    /// It takes new messages. One that does not still ends what it has taken.
    pub enabled: bool,
    /// The agent that answers where no binding matches.
    pub is_default: bool,
    /// Its model.
    pub model: ModelInfo,
    /// Names of the tools that it may call.
    pub tools: Vec<String>,
    /// The working folder of sessions that have none of their own: an absolute path. It may not be there yet.
    pub outputs: Arc<Path>,
    /// What its sessions do with a message that comes while they are busy, unless the message says so itself.
    pub queue_mode: QueueMode,
}

/// An agent that can be asked for the next step of a run. One value serves all sessions of the agent at once.
#[async_trait]
pub trait AgentRuntime: Send + Sync + 'static {
    /// What it is.
    fn info(&self) -> &AgentInfo;

    /// What the next step is. Asked before each step; whoever owns the run makes sure of whatever must be durable before the step
    /// begins, asks whom it says must be asked, and calls [`Self::step`] for a request to the model and for a tool's call alone.
    /// `run` is what the run has done so far, its user entries first.
    fn next(&self, run: &[Entry]) -> Next;

    /// Does the next step: the first unanswered tool call of the last assistant entry, or else one model request.
    /// `history` is what came before the run; `run` is what the run has done so far, its user entries first.
    ///
    /// # Errors
    /// [`RunError`] ends the run; what `emit` has reported by then is the partial answer.
    async fn step(&self, context: &RunContext, history: &[Entry], run: &[Entry]) -> Result<Step, RunError>;

    /// Summarises the older part of `history` where it and `run` have become too long. Asked before the first step of a run, and
    /// after a step that ended with [`RunError::ContextFull`]. Whoever asks stores the summary and shows it in the place of what it
    /// covers. None where nothing need be done, or nothing can be: the next step then copes by itself, and leaves out what does
    /// not fit.
    async fn compact(&self, _context: &RunContext, _history: &[Entry], _run: &[Entry]) -> Option<Compaction> {
        None
    }
}
