//! What comes in: one message in the gateway's common shape, and where it came from.

use crate::{AccountName, ChannelName, ClientId, ParentRun, RequestId, WebhookId};
use serde::{Deserialize, Serialize};

/// What kind of conversation a peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PeerKind {
    /// One person.
    Dm,
    /// A closed group of people.
    Group,
    /// A room of a network.
    Channel,
}

impl PeerKind {
    /// The word used in configuration, on the wire and in session keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dm => "dm",
            Self::Group => "group",
            Self::Channel => "channel",
        }
    }
}

/// Whom the conversation is with, in the network's own id, exactly as written there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Peer {
    /// What kind of conversation it is.
    pub kind: PeerKind,
    /// The network's id.
    pub id: String,
}

/// Where a conversation is. Ids are compared exactly as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The network.
    pub channel: ChannelName,
    /// Which of the gateway's accounts on that network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// A guild (a community) of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild: Option<String>,
    /// A team (a workspace) of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The person, group or room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
    /// A thread below the peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

impl Place {
    /// A place that is known by its channel alone.
    #[must_use]
    pub fn of(channel: ChannelName) -> Self {
        Self { channel, account: None, guild: None, team: None, peer: None, thread: None }
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The network's id of the sender.
    pub id: String,
    /// What people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A program rather than a person.
    #[serde(default)]
    pub is_bot: bool,
}

/// Where an attachment's bytes are; they never travel inside a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContentSource {
    /// An address that the host may fetch under the plugin's grants, or a `data:` URL.
    Url(String),
    /// A blob that the plugin stored with the host.
    Blob(String),
    /// The network's own name for the file; the channel's plugin knows how to fetch it.
    Reference(String),
}

/// A file beside a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its media type (RFC 6838), such as `image/png`.
    pub media_type: String,
    /// Its size in bytes, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Where its bytes are.
    pub source: ContentSource,
}

/// One header of an HTTP message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name, in lower case.
    pub name: String,
    /// The value.
    pub value: String,
}

impl Header {
    /// Its value lets somebody in, here or at a proxy: no component is shown it.
    #[must_use]
    pub fn is_credential(&self) -> bool {
        ["authorization", "cookie", "proxy-authorization", "x-wingman-secret"].contains(&self.name.as_str())
    }
}

/// What a message does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InboundKind {
    /// It says something: the only kind that asks for a turn.
    #[default]
    Message,
    /// It replaces the text of the message that `reply_to` names.
    Edit,
    /// It takes back the message that `reply_to` names.
    Deletion,
    /// It reacts to the message that `reply_to` names; its text is the emoji.
    Reaction,
}

impl InboundKind {
    /// It says something.
    #[must_use]
    pub fn is_message(&self) -> bool {
        *self == Self::Message
    }
}

/// One message in. Only a component makes these: the host fills in the channel and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// The network's own id: the same id again is the same message.
    pub id: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "InboundKind::is_message")]
    pub kind: InboundKind,
    /// Where the conversation is.
    pub place: Place,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Sender>,
    /// What they wrote.
    pub text: String,
    /// Files beside the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The agent was addressed by name.
    #[serde(default)]
    pub mentioned: bool,
    /// The network's id of the message that this one answers or is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// When it was sent, as the network tells it: milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<u64>,
    /// Loose facts for the agent and the log; untrusted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<(String, String)>,
    /// What the channel's plugin needs in order to answer exactly this message. It is kept unread, never shown to an agent, and
    /// handed back with the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// Which entrance a delivery came through.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Origin {
    /// A client's request.
    Client {
        /// The client.
        client: ClientId,
        /// Its request.
        request: RequestId,
    },
    /// A webhook's POST.
    Webhook {
        /// The webhook.
        webhook: WebhookId,
    },
    /// A message of a chat network.
    Channel {
        /// The network.
        channel: ChannelName,
        /// Which of the operator's accounts received it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountName>,
    },
    /// A task that another agent's run hands over.
    Delegate {
        /// The run that waits for it.
        parent: Box<ParentRun>,
    },
}

impl Origin {
    /// The request, if a client made one.
    #[must_use]
    pub fn request(&self) -> Option<&RequestId> {
        match self {
            Self::Client { request, .. } => Some(request),
            Self::Webhook { .. } | Self::Channel { .. } | Self::Delegate { .. } => None,
        }
    }

    /// What came through this entrance was written by strangers, and is marked as such to the model.
    #[must_use]
    pub fn is_untrusted(&self) -> bool {
        !matches!(self, Self::Client { .. } | Self::Delegate { .. })
    }
}
