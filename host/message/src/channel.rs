//! The ports of chat networks: what goes out, what comes back, and where messages go that a plugin fetched by itself.

use crate::{AccountName, Attachment, ChannelName, HttpRequest, Inbound, Place, PluginFailure, PluginName, WebhookId};
use async_trait::async_trait;
use std::time::Duration;

/// Which part of a growing reply a call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The first words; nothing of the reply was sent before.
    Start,
    /// More words. The text is the whole text so far.
    Append,
    /// The whole text. For a network without edits it is the only call.
    Finish,
}

/// One message out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// The reply's id, the same in all its phases and retries: an idempotency key where the network takes one.
    pub id: String,
    /// Where to.
    pub place: Place,
    /// The network's id of the message that it answers.
    pub reply_to: Option<String>,
    /// The whole text so far: CommonMark.
    pub markdown: String,
    /// Files to send, with the last phase.
    pub attachments: Vec<Attachment>,
    /// Which part of the reply it is.
    pub phase: Phase,
    /// The ids of the receipt before: of an earlier phase, or of an attempt that got only so far.
    pub previous: Vec<String>,
    /// [`Inbound::context`] of the message that it answers.
    pub context: Option<String>,
}

/// What the network now shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The network's ids of the messages that carry the reply, in order.
    pub ids: Vec<String>,
    /// How long to wait before the next [`Phase::Append`]. None: the network cannot edit, and only [`Phase::Finish`] follows.
    pub edit_after: Option<Duration>,
    /// Why the rest is not there yet. The next attempt passes `ids` as [`Outbound::previous`] and goes on after them.
    pub unfinished: Option<PluginFailure>,
}

/// What a channel's plugin can do beside reading requests and delivering.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChannelSkills {
    /// It shows signs of life: typing and reactions.
    pub presence: bool,
}

/// A request as it came in from outside, nothing of it checked.
#[derive(Debug, Clone)]
pub struct UnverifiedRequest {
    /// The request with all its headers.
    pub request: HttpRequest,
    /// When it came in: milliseconds since the Unix epoch.
    pub received_at: i64,
}

/// Whose rules a request from outside is held against.
#[derive(Debug, Clone, Copy)]
pub enum Entrance<'a> {
    /// A channel's account, which has its own secrets.
    Channel {
        /// The channel.
        channel: &'a ChannelName,
        /// The account; none for a channel with a single, unnamed one.
        account: Option<&'a AccountName>,
    },
    /// A webhook's preset; the secret is the webhook's.
    Preset {
        /// The preset.
        preset: &'a PluginName,
        /// The webhook: the same request to two of them is no repetition.
        webhook: &'a WebhookId,
        /// The webhook's secret.
        secret: &'a str,
    },
}

/// A request that passed, without the headers and query parameters that carried a credential or a signature, whoever's it was.
pub struct VerifiedRequest {
    /// The request.
    pub request: HttpRequest,
    /// To be committed once everything in the request is durable, so that the same signature is not taken again. Dropped without
    /// that, it is forgotten: the sender's next attempt passes.
    pub seen: Option<Box<dyn Seen>>,
}

impl std::fmt::Debug for VerifiedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedRequest").field("request", &self.request).finish_non_exhaustive()
    }
}

/// A signature that was accepted and is not yet remembered.
pub trait Seen: Send + Sync {
    /// Remembers it.
    fn commit(self: Box<Self>);
}

/// Why a request from outside was not let in. The texts are for the log and the operator: a stranger is told no more than the kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// There is no such channel or account, or the plugin takes no requests from outside.
    #[error("{0}")]
    NoEntrance(String),
    /// The credential or signature is missing, wrong, or too old.
    #[error("{0}")]
    Refused(String),
    /// Nothing can be verified before the operator does something, such as setting a secret; the sender may try again.
    #[error("{0}")]
    NotReady(String),
    /// The very same request was taken before: its sender is told that all is well, and nothing happens.
    #[error("{0}")]
    Repeated(String),
    /// The very same request is being read at this moment; the sender may try again.
    #[error("{0}")]
    InFlight(String),
}

/// Where plugins hand over messages that they fetched themselves, by a socket or by asking. Implemented by what owns sessions.
#[async_trait]
pub trait Intake: Send + Sync + 'static {
    /// Makes messages durable and returns once they are. Repeats are no error.
    ///
    /// # Errors
    /// [`IntakeError`]: nothing may be forgotten; the caller tries again.
    async fn take(&self, channel: &ChannelName, account: Option<&AccountName>, messages: Vec<Inbound>)
    -> Result<(), IntakeError>;

    /// Other plugins are loaded than before, or the operator gave them something: what waits for that may be tried again. Called
    /// after each change, and once at the start; returns at once.
    fn renewed(&self) {}
}

/// Why messages could not be made durable now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the messages could not be stored: {0}")]
pub struct IntakeError(pub String);
