//! What watchers of a session see.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};
use wingman_message::{Answer, ClientId, Message, ParentRun, Part, Question, RequestId, RunId, SessionKey, ToolCall, Usage};

/// One event of a session.
#[derive(Debug, Clone)]
pub struct Event {
    /// The session.
    pub session: SessionKey,
    /// Rising within the session; gaps are allowed.
    pub seq: i64,
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    /// The client's request that this belongs to, if a client made one.
    pub request: Option<RequestId>,
    /// The client that made it; unknown for events rebuilt from the store.
    pub client: Option<ClientId>,
    /// Rebuilt from the store for a watcher that was not there when it happened.
    pub replayed: bool,
    /// The run that waits for the one that this belongs to, where another agent handed a task over.
    pub parent: Option<Arc<ParentRun>>,
    /// What happened.
    pub what: What,
    /// What a transport has made of it for those who watch.
    pub rendered: Rendered,
}

/// What a transport has made of an event, once for all who watch: a hundred watchers of a stream cost one rendering. The transport
/// alone knows what is in it; a copy of the event begins without.
#[derive(Default)]
pub struct Rendered(OnceLock<Box<dyn Any + Send + Sync>>);

impl Rendered {
    /// What `render` makes, now or at an earlier call. None where another type was made before.
    pub fn get_or_render<T: Any + Send + Sync>(&self, render: impl FnOnce() -> T) -> Option<&T> {
        self.0.get_or_init(|| Box::new(render())).downcast_ref()
    }
}

impl Clone for Rendered {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.get().is_some() { "rendered" } else { "not rendered" })
    }
}

/// What happened in a session.
#[derive(Debug, Clone)]
pub enum What {
    /// A user's message was stored.
    UserMessage(Arc<Message>),
    /// A request waits behind others.
    Queued {
        /// How many stand before it, the running one included.
        position: usize,
    },
    /// A waiting request is being run.
    Dequeued {
        /// How many still wait.
        remaining: usize,
    },
    /// A waiting request has no turn of its own: it is answered together with another one.
    Joined {
        /// The run that answers it.
        run: RunId,
        /// The request that began the run, if a client's did.
        into: Option<RequestId>,
        /// It joined the run while it ran; otherwise both begin together.
        steered: bool,
    },
    /// A request that was answered together with another one has ended, as that one has. For who made it alone: the other request's
    /// end is the session's.
    JoinedEnded {
        /// What is stored of it; nothing for a request that was cancelled.
        answer: Option<Arc<Message>>,
        /// Why there is no answer, for people.
        error: Option<Arc<str>>,
        /// Tokens used by the run.
        usage: Option<Usage>,
    },
    /// The run waits for a person's answer.
    Asked(Arc<Question>),
    /// The question was answered, and the run goes on.
    Answered {
        /// The question.
        question: Arc<Question>,
        /// The answer.
        answer: Answer,
    },
    /// The run waits for another agent, in a session of that agent's own.
    Delegated {
        /// The call that waits.
        call_id: Arc<str>,
        /// The other agent's session.
        session: SessionKey,
    },
    /// A run began.
    Started {
        /// What it answers.
        prompt: Arc<str>,
    },
    /// Some text of the answer.
    Text {
        /// The run.
        run: RunId,
        /// The text.
        text: Arc<str>,
    },
    /// Some of what the model thinks before it answers.
    Reasoning {
        /// The run.
        run: RunId,
        /// The text.
        text: Arc<str>,
    },
    /// The model could not be asked; it, or another, is asked again after a pause. It is not stored.
    Retrying {
        /// The run.
        run: RunId,
        /// The pause, in milliseconds.
        after_ms: u64,
        /// What went wrong, and who is asked next.
        reason: Arc<str>,
    },
    /// A tool began.
    ToolStarted {
        /// The call.
        call: Arc<ToolCall>,
    },
    /// A tool that runs has some output. It is not stored.
    ToolOutput {
        /// The call.
        call: Arc<ToolCall>,
        /// The piece.
        chunk: Arc<str>,
    },
    /// A tool ended.
    ToolEnded {
        /// The call.
        call: Arc<ToolCall>,
        /// What came of it.
        output: Arc<str>,
        /// It failed.
        is_error: bool,
    },
    /// The run in flight, whole so far: it replaces whatever the watcher has of it.
    Snapshot(Arc<Snapshot>),
    /// The run ended with an answer, which is stored. `usage` is not known for events rebuilt from the store.
    Completed {
        /// The answer.
        answer: Arc<Message>,
        /// Tokens used.
        usage: Option<Usage>,
        /// The model that gave the answer, where it is known: `provider:model-name`.
        model: Option<Arc<str>>,
    },
    /// The run, or a request that waited, ended without an answer.
    Failed {
        /// What is stored of it; nothing for a request that was cancelled while it waited.
        answer: Option<Arc<Message>>,
        /// Why, for people.
        error: Arc<str>,
    },
}

impl What {
    /// It is the last event of its request.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed { .. } | Self::Failed { .. } | Self::JoinedEnded { .. })
    }
}

/// A run in flight.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The run.
    pub run: RunId,
    /// The client's request, if a client made one.
    pub request: Option<RequestId>,
    /// The client.
    pub client: Option<ClientId>,
    /// What it answers.
    pub prompt: Arc<str>,
    /// The answer so far.
    pub parts: Vec<Part>,
    /// What the run waits to be answered.
    pub question: Option<Arc<Question>>,
    /// The run that waits for this one.
    pub parent: Option<Arc<ParentRun>>,
}
