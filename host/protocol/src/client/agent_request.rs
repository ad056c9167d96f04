//! `req:agent`: asks an agent.

use crate::envelope::RawEnvelope;
use crate::{ErrorCode, FrameError, NewAttachment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wingman_message::{AgentId, ChannelName, Place, RequestId, SessionKey};

/// What is asked. Without `agentId` and `sessionKey` the bindings decide which agent answers, and in which session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct AgentRequest {
    /// The agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub agent_id: Option<AgentId>,
    /// The text. A request has text or attachments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Files beside the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<NewAttachment>>,
    /// Where the request comes from, for the bindings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing: Option<Routing>,
    /// The session to speak in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub session_key: Option<SessionKey>,
    /// Whether to wait where the session is busy, rather than fail. True unless said otherwise; false is the mode `reject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_if_busy: Option<bool>,
    /// What to do where the session is busy. The agent's own mode unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_mode: Option<QueueMode>,
    /// Settings of this one run; kept as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "Record<string, unknown>", optional)]
    pub execution: Option<serde_json::Map<String, serde_json::Value>>,
}

impl AgentRequest {
    /// A request that says `content` and leaves the rest to the gateway.
    pub fn new(content: impl Into<String>) -> Self {
        Self {
            agent_id: None,
            content: Some(content.into()),
            attachments: None,
            routing: None,
            session_key: None,
            queue_if_busy: None,
            queue_mode: None,
            execution: None,
        }
    }
}

/// What a request does where its session is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum QueueMode {
    /// It waits, and has a turn of its own.
    Queue,
    /// It joins the turn that runs, between a tool's result and the next request to the model; where the run ends before that, it
    /// has a turn of its own.
    Steer,
    /// It waits, and shares one turn with those directly behind it that wait in this mode and come from the same client.
    Collect,
    /// It stops the turn that runs, whose words so far are kept, and is next.
    Interrupt,
    /// It is refused.
    Reject,
}

impl From<QueueMode> for wingman_message::QueueMode {
    fn from(mode: QueueMode) -> Self {
        match mode {
            QueueMode::Queue => Self::Queue,
            QueueMode::Steer => Self::Steer,
            QueueMode::Collect => Self::Collect,
            QueueMode::Interrupt => Self::Interrupt,
            QueueMode::Reject => Self::Reject,
        }
    }
}

/// Where a request comes from. Ids are compared exactly as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Routing {
    /// The network.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub channel: ChannelName,
    /// Which of the gateway's accounts on that network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// A guild (a community) of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<String>,
    /// A team (a workspace) of the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    /// The person, group or room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
    /// A thread below the peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<String>,
}

/// Whom a conversation is with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct Peer {
    /// What kind of conversation it is.
    pub kind: PeerKind,
    /// The network's id, exactly as written there.
    pub id: String,
}

/// What kind of conversation a peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum PeerKind {
    /// One person.
    Dm,
    /// A closed group of people.
    Group,
    /// A room of a network.
    Channel,
}

impl From<PeerKind> for wingman_message::PeerKind {
    fn from(kind: PeerKind) -> Self {
        match kind {
            PeerKind::Dm => Self::Dm,
            PeerKind::Group => Self::Group,
            PeerKind::Channel => Self::Channel,
        }
    }
}

impl From<Routing> for Place {
    fn from(routing: Routing) -> Self {
        let Routing { channel, account_id, guild_id, team_id, peer, thread_id } = routing;
        let peer = peer.map(|Peer { kind, id }| wingman_message::Peer { kind: kind.into(), id });
        Self { channel, account: account_id, guild: guild_id, team: team_id, peer, thread: thread_id }
    }
}

/// A `req:agent`, read: what the host acts on, and the payload as it was written, for the component that makes a message of it.
#[derive(Debug, Clone)]
pub struct AgentRequestFrame {
    /// The request's name; also the frame's id.
    pub request_id: RequestId,
    /// The payload as the client wrote it: a JSON object of the shape of [`AgentRequest`].
    pub payload: Box<RawValue>,
    /// The agent, where the client names one.
    pub agent_id: Option<AgentId>,
    /// The session, where the client names one.
    pub session_key: Option<SessionKey>,
    /// What to do where the session is busy, where the client says so.
    pub queue_mode: Option<wingman_message::QueueMode>,
    /// Settings of this one run.
    pub execution: Option<serde_json::Map<String, serde_json::Value>>,
    /// Where the request comes from, where the client says so.
    pub routing: Option<Place>,
}

impl AgentRequestFrame {
    pub(crate) fn read(envelope: &RawEnvelope) -> Result<Self, FrameError> {
        let refuse = |message: &str| envelope.refuse(ErrorCode::InvalidRequest, message);
        let id = envelope.id().ok_or_else(|| refuse("`id` is missing: a request needs one, unique for its client"))?;
        let request_id =
            RequestId::new(&id).map_err(|_| refuse("`id`: expected 1 to 200 characters, none of them a control character"))?;
        let request: AgentRequest = envelope.payload()?;
        let payload = envelope.raw_payload().ok_or_else(|| refuse("`payload` is missing"))?.to_owned();
        let AgentRequest { agent_id, content, attachments, routing, session_key, queue_if_busy, queue_mode, execution } = request;
        let rejects = (queue_if_busy == Some(false)).then_some(wingman_message::QueueMode::Reject);
        let says_something =
            content.is_some_and(|text| !text.trim().is_empty()) || attachments.is_some_and(|all| !all.is_empty());
        if !says_something {
            return Err(refuse("`payload.content` is missing: a request needs text or `attachments`"));
        }
        Ok(Self {
            request_id,
            payload,
            agent_id,
            session_key,
            queue_mode: rejects.or(queue_mode.map(Into::into)),
            execution,
            routing: routing.map(Place::from),
        })
    }
}
