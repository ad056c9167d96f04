//! The port to components: what turns a vendor's shape into ours.

use crate::{
    AccountName, ChannelName, ChannelSkills, Entrance, Header, Inbound, Outbound, Place, PluginName, Receipt, Unverified,
    UnverifiedRequest, VerifiedRequest, WebhookId,
};
use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;

/// A verified webhook delivery, for a preset.
#[derive(Debug, Clone)]
pub struct WebhookDelivery {
    /// The webhook.
    pub webhook: WebhookId,
    /// The operator's label for its events.
    pub label: Option<String>,
    /// The media type that the sender named.
    pub content_type: String,
    /// The headers, names in lower case; those that carry credentials are gone.
    pub headers: Vec<Header>,
    /// The raw body.
    pub body: Bytes,
    /// The operator's settings for the preset: JSON, or nothing.
    pub settings: String,
}

/// A verified HTTP request, for a channel.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Path and query.
    pub url: String,
    /// The headers, names in lower case; those that carry credentials are gone.
    pub headers: Vec<Header>,
    /// The raw body.
    pub body: Bytes,
}

/// What a channel answers at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The status code, 200 to 599.
    pub status: u16,
    /// Headers.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Bytes,
}

/// What a channel made of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What to answer.
    pub reply: HttpReply,
    /// The messages in it.
    pub messages: Vec<Inbound>,
}

/// Why a component gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PluginFailure {
    /// The component: the input can never be used.
    #[error("{0}")]
    InvalidInput(String),
    /// The component: credentials are refused.
    #[error("the plugin's credentials were refused: {0}")]
    Unauthorized(String),
    /// The component: try again later.
    #[error("the plugin asks to be called again in {retry_after_ms} ms")]
    RateLimited {
        /// When, in milliseconds.
        retry_after_ms: u64,
    },
    /// The component: try again with back-off.
    #[error("the plugin failed for now: {0}")]
    Temporary(String),
    /// The component: never try again.
    #[error("the plugin failed: {0}")]
    Permanent(String),
    /// The component cannot do this.
    #[error("the plugin does not support this: {0}")]
    Unsupported(String),
    /// The host: no plugin of that name and kind is loaded.
    #[error("no {kind} plugin `{name}` is loaded; `wingman plugin list` shows what is")]
    NotFound {
        /// `preset`, `channel` or `tool`.
        kind: &'static str,
        /// The plugin or channel that was asked for.
        name: String,
    },
    /// The host: the plugin lacks something that the operator has to give, such as an account or a secret.
    #[error("{0}")]
    Unavailable(String),
    /// The host: the plugin is switched off after repeated failures.
    #[error("the plugin `{name}` is quarantined after repeated failures; the last one: {reason}")]
    Quarantined {
        /// The plugin.
        name: PluginName,
        /// Its last failure.
        reason: String,
    },
    /// The host: too many calls at once; try again.
    #[error("the plugin host is busy; try again")]
    Busy,
    /// The host: the call took too long and was stopped.
    #[error("the plugin was stopped after {deadline_ms} ms without a result")]
    Deadline {
        /// The limit, in milliseconds.
        deadline_ms: u64,
    },
    /// The host: the component wanted more memory than it may have.
    #[error("the plugin wanted more than its {limit_mib} MiB of memory")]
    OutOfMemory {
        /// The limit, in MiB.
        limit_mib: u64,
    },
    /// The host: the component crashed.
    #[error("the plugin crashed: {0}")]
    Trapped(String),
    /// The host: what the component returned cannot be used.
    #[error("the plugin returned something unusable: {0}")]
    InvalidOutput(String),
}

impl PluginFailure {
    /// The component misbehaved, as opposed to saying in its own words why it gave nothing.
    #[must_use]
    pub fn is_misbehaviour(&self) -> bool {
        matches!(self, Self::Deadline { .. } | Self::OutOfMemory { .. } | Self::Trapped(_) | Self::InvalidOutput(_))
    }
}

/// Whether a plugin can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginState {
    /// Loaded and callable.
    Ready,
    /// Could not be loaded; the reason stands beside it.
    Failed,
    /// Switched off after repeated failures.
    Quarantined,
    /// Switched off by the operator.
    Disabled,
}

impl PluginState {
    /// The word shown to people and sent to clients.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
            Self::Disabled => "disabled",
        }
    }
}

/// A plugin, as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginStatus {
    /// Its name; the folder's where the manifest cannot be read.
    pub name: String,
    /// Its version; empty where the manifest cannot be read.
    pub version: String,
    /// `preset`, `channel`, `tool`; empty where the manifest cannot be read.
    pub kind: String,
    /// The contract version that it speaks; empty where the manifest cannot be read.
    pub contract: String,
    /// Shipped inside the gateway.
    pub built_in: bool,
    /// What it may use, in words.
    pub grants: Vec<String>,
    /// Whether it can be called.
    pub state: PluginState,
    /// Calls in which it misbehaved since the gateway started.
    pub failures: u64,
    /// The last failure or the reason why it could not be loaded.
    pub last_error: Option<String>,
    /// What the operator should know or do besides, such as a grant that it asks for and does not have.
    pub notes: Vec<String>,
}

/// The loaded components. Each call runs in a fresh instance under a deadline and a memory limit; calls run side by side.
#[async_trait]
pub trait Components: Send + Sync + 'static {
    /// Has a preset turn a webhook delivery into messages. `preset` names a loaded plugin of kind `preset`.
    ///
    /// # Errors
    /// [`PluginFailure`]; the messages' `place.channel` is always `webhook`.
    async fn normalize(&self, preset: &PluginName, delivery: WebhookDelivery) -> Result<Vec<Inbound>, PluginFailure>;

    /// Has a channel's component read a request that is verified or comes from the gateway itself. The messages' `place.channel` is
    /// always `channel`, and `place.account` is `account` where one is named.
    ///
    /// # Errors
    /// [`PluginFailure`]
    async fn receive(
        &self,
        channel: &ChannelName,
        account: Option<&AccountName>,
        request: HttpRequest,
    ) -> Result<Received, PluginFailure>;

    /// Whether requests to this preset are verified by rules in its manifest, such as a signature over the body, and not by
    /// showing the webhook's secret.
    fn has_rules(&self, preset: &PluginName) -> bool;

    /// Holds a request from outside against the rules in the plugin's manifest, on its raw bytes, before any component sees it.
    /// A channel without rules takes no requests from outside; a preset without rules is for the caller to verify.
    ///
    /// # Errors
    /// [`Unverified`]
    fn verify(&self, entrance: Entrance<'_>, request: UnverifiedRequest) -> Result<VerifiedRequest, Unverified>;

    /// Has the channel of `outbound.place` deliver one phase of a reply.
    ///
    /// # Errors
    /// [`PluginFailure`]
    async fn deliver(&self, outbound: Outbound) -> Result<Receipt, PluginFailure>;

    /// Shows that the agent is writing; returns for how long the network shows it. `context` is that of the message it answers.
    ///
    /// # Errors
    /// [`PluginFailure`]; [`PluginFailure::Unsupported`] where the plugin has no `presence`.
    async fn typing(&self, place: &Place, context: Option<&str>) -> Result<Duration, PluginFailure>;

    /// Puts the agent's reaction on a message; no emoji takes it away.
    ///
    /// # Errors
    /// [`PluginFailure`]; [`PluginFailure::Unsupported`] where the plugin has no `presence`.
    async fn react(&self, place: &Place, message: &str, emoji: Option<&str>) -> Result<(), PluginFailure>;

    /// What the plugin of this channel can do; none where no plugin speaks for it now.
    fn skills(&self, channel: &ChannelName) -> Option<ChannelSkills>;

    /// All plugins, failed ones too, by name.
    fn list(&self) -> Vec<PluginStatus>;
}
