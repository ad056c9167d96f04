//! The contract's words (wit/) as JSON: field names in kebab case, what is absent left out. Fixtures, expectations and outcomes
//! are written in them. Nothing is checked here that the host checks.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use wingman_message as host;

/// Bytes: a text where they are UTF-8, else `{"base64": "..."}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Raw(pub(crate) Bytes);

#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum RawText {
    Text(String),
    Binary { base64: String },
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => RawText::Binary { base64: BASE64_STANDARD.encode(&self.0) }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = "write a text, or {\"base64\": \"...\"} for bytes that are none";
        match RawText::deserialize(deserializer).map_err(|_| D::Error::custom(wanted))? {
            RawText::Text(text) => Ok(Self(text.into())),
            RawText::Binary { base64 } => BASE64_STANDARD.decode(base64).map(Into::into).map(Self).map_err(D::Error::custom),
        }
    }
}

/// A header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PeerKind {
    Dm,
    Group,
    Channel,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    pub(crate) kind: PeerKind,
    pub(crate) id: String,
}

/// Where something is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) guild: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) team: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer: Option<Peer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thread: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Sender {
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) is_bot: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ContentSource {
    Url(String),
    Blob(String),
    Reference(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Attachment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) media_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
    pub(crate) source: ContentSource,
}

/// What a message does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InboundKind {
    #[default]
    Message,
    Edit,
    Deletion,
    Reaction,
}

/// One message in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Inbound {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) kind: InboundKind,
    #[serde(default)]
    pub(crate) place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sender: Option<Sender>,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) attachments: Vec<Attachment>,
    #[serde(default)]
    pub(crate) mentioned: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply_to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent_at: Option<u64>,
    #[serde(default)]
    pub(crate) facts: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<String>,
}

/// A response, to a request that came in or of one that went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Response {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: Vec<Header>,
    #[serde(default)]
    pub(crate) body: Raw,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Received {
    pub(crate) reply: Response,
    #[serde(default)]
    pub(crate) messages: Vec<Inbound>,
}

/// What the network now shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Receipt {
    #[serde(default)]
    pub(crate) ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) edit_after_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unfinished: Option<PluginError>,
}

/// What the contract calls `plugin-error`: a kind and a text, or for `rate-limited` a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PluginError {
    pub(crate) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_ms: Option<u64>,
}

/// A tool, as a model is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ToolSpec {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) input_schema: String,
    /// The host knows one thing alone: whether a call may be repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) read_only: Option<bool>,
    #[serde(default)]
    pub(crate) idempotent: bool,
}

/// What came of a tool's call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolOutput {
    pub(crate) text: String,
    /// The host passes it on only where there is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<String>,
    /// The host passes on what they are called, behind the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<Attachment>,
}

/// How an account is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Health {
    pub(crate) ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    pub(crate) detail: String,
}

impl Place {
    pub(crate) fn at(self, channel: host::ChannelName) -> host::Place {
        let Self { account, guild, team, peer, thread } = self;
        let peer = peer.map(|Peer { kind, id }| host::Peer {
            kind: match kind {
                PeerKind::Dm => host::PeerKind::Dm,
                PeerKind::Group => host::PeerKind::Group,
                PeerKind::Channel => host::PeerKind::Channel,
            },
            id,
        });
        host::Place { channel, account, guild, team, peer, thread }
    }
}

impl From<host::Place> for Place {
    fn from(host::Place { channel: _, account, guild, team, peer, thread }: host::Place) -> Self {
        let peer = peer.map(|host::Peer { kind, id }| Peer {
            kind: match kind {
                host::PeerKind::Dm => PeerKind::Dm,
                host::PeerKind::Group => PeerKind::Group,
                host::PeerKind::Channel => PeerKind::Channel,
            },
            id,
        });
        Self { account, guild, team, peer, thread }
    }
}

impl From<Attachment> for host::Attachment {
    fn from(Attachment { name, media_type, size, source }: Attachment) -> Self {
        let source = match source {
            ContentSource::Url(url) => host::ContentSource::Url(url),
            ContentSource::Blob(blob) => host::ContentSource::Blob(blob),
            ContentSource::Reference(reference) => host::ContentSource::Reference(reference),
        };
        Self { name, media_type, size, source }
    }
}

impl From<host::Attachment> for Attachment {
    fn from(host::Attachment { name, media_type, size, source }: host::Attachment) -> Self {
        let source = match source {
            host::ContentSource::Url(url) => ContentSource::Url(url),
            host::ContentSource::Blob(blob) => ContentSource::Blob(blob),
            host::ContentSource::Reference(reference) => ContentSource::Reference(reference),
        };
        Self { name, media_type, size, source }
    }
}

impl From<host::Inbound> for Inbound {
    fn from(said: host::Inbound) -> Self {
        let host::Inbound { id, kind, place, sender, text, attachments, mentioned, reply_to, sent_at, facts, context } = said;
        Self {
            id,
            kind: match kind {
                host::InboundKind::Message => InboundKind::Message,
                host::InboundKind::Edit => InboundKind::Edit,
                host::InboundKind::Deletion => InboundKind::Deletion,
                host::InboundKind::Reaction => InboundKind::Reaction,
            },
            place: place.into(),
            sender: sender.map(|host::Sender { id, name, is_bot }| Sender { id, name, is_bot }),
            text,
            attachments: attachments.into_iter().map(Into::into).collect(),
            mentioned,
            reply_to,
            sent_at,
            facts,
            context,
        }
    }
}

pub(crate) fn headers(headers: Vec<Header>) -> Vec<host::Header> {
    headers.into_iter().map(|Header { name, value }| host::Header { name, value }).collect()
}

impl From<host::Received> for Received {
    fn from(host::Received { reply, messages }: host::Received) -> Self {
        let headers = reply.headers.into_iter().map(|host::Header { name, value }| Header { name, value }).collect();
        let reply = Response { status: reply.status, headers, body: Raw(reply.body) };
        Self { reply, messages: messages.into_iter().map(Into::into).collect() }
    }
}

impl From<host::Receipt> for Receipt {
    fn from(host::Receipt { ids, edit_after, unfinished }: host::Receipt) -> Self {
        let ms = |wait: std::time::Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self { ids, edit_after_ms: edit_after.map(ms), unfinished: unfinished.as_ref().map(PluginError::from) }
    }
}

impl From<host::ToolSpec> for ToolSpec {
    fn from(host::ToolSpec { name, description, input_schema, idempotent }: host::ToolSpec) -> Self {
        Self { name, description, input_schema: input_schema.to_string(), read_only: None, idempotent }
    }
}
