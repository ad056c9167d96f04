//! Why the gateway does not take something on. The caller is told what to do; the log is told what happened.

use crate::folders::FolderError;
use wingman_message::{AgentId, DeliveryId, PluginFailure, QuestionId, RequestId, SessionKey, Unverified, WebhookId};
use wingman_store::StoreError;

impl From<Unverified> for Refused {
    fn from(refused: Unverified) -> Self {
        match refused {
            Unverified::NoEntrance(why) => Self::NoEntrance(why),
            Unverified::Refused(why) => Self::Unverified(why),
            Unverified::NotReady(why) => Self::NotReady(why),
            Unverified::Repeated(why) => Self::Repeated(why),
            Unverified::InFlight(why) => Self::InFlight(why),
        }
    }
}

/// Why a request or a delivery was refused. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It cannot be used as it is.
    #[error("{0}")]
    Invalid(String),
    /// There is no such agent.
    #[error("there is no agent `{0}`; `wingman agents list` names those there are")]
    UnknownAgent(AgentId),
    /// The agent takes no new messages.
    #[error("the agent `{0}` is disabled and takes no new messages; enable it: `wingman agents enable {0}`")]
    AgentDisabled(AgentId),
    /// The session belongs to another agent than the one that was named.
    #[error("session `{session}` belongs to agent `{}`, not to `{agent}`", session.agent())]
    ForeignSession {
        /// The session.
        session: SessionKey,
        /// The agent that was named.
        agent: AgentId,
    },
    /// There is no such webhook.
    #[error("there is no webhook `{0}`")]
    UnknownWebhook(WebhookId),
    /// No request from outside is taken there; the text is for the log.
    #[error("{0}")]
    NoEntrance(String),
    /// A request from outside is not what it claims to be; the text is for the log.
    #[error("{0}")]
    Unverified(String),
    /// No request from outside can be verified before the operator does something; the text is for the log.
    #[error("{0}")]
    NotReady(String),
    /// A signed request from outside was taken before; the text is for the log.
    #[error("{0}")]
    Repeated(String),
    /// A signed request from outside is being read at this moment; the text is for the log.
    #[error("{0}")]
    InFlight(String),
    /// A webhook's sender signs with a secret that is not known here.
    #[error("the webhook's secret is not kept, only its hash, and its preset checks signatures: set the webhook's secret again")]
    SecretNotKept,
    /// There is no such dead letter.
    #[error("there is no dead letter `{0}`")]
    UnknownLetter(DeliveryId),
    /// There is no such question in the session.
    #[error("there is no question `{0}` in this session; the open ones are those that `/api/questions` lists")]
    UnknownQuestion(QuestionId),
    /// A question is answered once, while its run waits.
    #[error("question `{0}` is not open any more: it was answered, or the run that asked it has ended")]
    Answered(QuestionId),
    /// The session is busy, and the caller does not want to wait.
    #[error("Session already has an in-flight request. Set queueIfBusy=true to enqueue.")]
    SessionBusy,
    /// Too many requests wait in the session.
    #[error("{queued} requests already wait in this session; try again when some are done")]
    QueueFull {
        /// How many wait.
        queued: usize,
    },
    /// The request id was used before, for something else.
    #[error("request id `{0}` was already used for a request with another body; use a new id for a new request")]
    IdReused(RequestId),
    /// The component gave nothing.
    #[error(transparent)]
    Plugin(#[from] PluginFailure),
    /// The gateway is shutting down.
    #[error("the gateway is shutting down; try again in a moment")]
    ShuttingDown,
    /// A folder or a file cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The state cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refused {
    /// Why an answer was not taken.
    pub(crate) fn of_answer(question: QuestionId, error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) => Self::UnknownQuestion(question),
            StoreError::Conflict(_) => Self::Answered(question),
            error => Self::Store(error),
        }
    }
}
