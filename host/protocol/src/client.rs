//! What clients say: the list of all message types, as they are written and as they are read.

mod agent_request;
mod answer;
mod cancel;
mod connect;
mod node;
mod subscribe;

pub use agent_request::{AgentRequest, AgentRequestFrame, Peer, PeerKind, QueueMode, Routing};
pub use answer::AnswerRequest;
pub use cancel::CancelRequest;
pub use connect::{Auth, ClientInfo, ConnectRequest};
pub use node::{BroadcastRequest, DirectRequest, JoinGroupRequest, LeaveGroupRequest, Register, RegisterRequest};
pub use subscribe::{SubscribeRequest, UnsubscribeRequest};

use crate::envelope::RawEnvelope;
use crate::{ErrorCode, FrameError};
use schemars::JsonSchema;
use serde::Serialize;

/// A client's frame as it is written; [`ClientFrame::parse`] is how the gateway reads it.
#[derive(Debug, Clone, Serialize, JsonSchema, ts_rs::TS)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
#[ts(optional_fields)]
pub enum ClientFrame {
    /// The first frame: who connects, and with what right. Answered by `res`.
    #[serde(rename = "connect")]
    Connect {
        /// Echoed by the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Who connects.
        client: ClientInfo,
        /// With what right; not needed where the page's cookie says it, or where the gateway asks for nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        auth: Option<Auth>,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Asks an agent. Answered by `event:agent` frames that carry the same `id`.
    #[serde(rename = "req:agent")]
    AgentRequest {
        /// The request's name, unique for this client for ever: the same id again gets the first one's outcome.
        id: String,
        /// What is asked.
        payload: AgentRequest,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Stops a request of this client, running or queued. Answered by `ack`.
    #[serde(rename = "req:agent:cancel")]
    Cancel {
        /// Echoed by the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What to stop.
        payload: CancelRequest,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Answers a question that a run waits for, once. Answered by `ack`.
    #[serde(rename = "req:answer")]
    Answer {
        /// Echoed by the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The question, and what is said to it.
        payload: AnswerRequest,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Watches a session. Answered by `ack`, then by what was missed, then by live events.
    #[serde(rename = "session_subscribe")]
    SessionSubscribe {
        /// Echoed by the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What to watch.
        payload: SubscribeRequest,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Stops watching a session. Answered by `ack`.
    #[serde(rename = "session_unsubscribe")]
    SessionUnsubscribe {
        /// Echoed by the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What to watch no more.
        payload: UnsubscribeRequest,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Makes the connection a node, which hears of other nodes; needs no `connect`. Answered by `ack`. A second one changes who
    /// the node is, and nothing else.
    #[serde(rename = "register")]
    Register {
        /// Echoed by the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// With what right; `payload.token` does as well.
        #[serde(skip_serializing_if = "Option::is_none")]
        auth: Option<Auth>,
        /// Who registers.
        payload: RegisterRequest,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Ends the node and its connection (close 1000).
    #[serde(rename = "unregister")]
    Unregister {
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Joins a group of nodes. Answered by `ack`.
    #[serde(rename = "join_group")]
    JoinGroup {
        /// Echoed by the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Which group.
        payload: JoinGroupRequest,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Leaves a group, which is gone with its last member. Answered by `ack`.
    #[serde(rename = "leave_group")]
    LeaveGroup {
        /// Echoed by the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Which group.
        payload: LeaveGroupRequest,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Says something to all other members of a group. Answered only when it fails.
    #[serde(rename = "broadcast")]
    Broadcast {
        /// Echoed by an error.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What, and in which group.
        payload: BroadcastRequest,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Says something to one node. Answered only when it fails.
    #[serde(rename = "direct")]
    Direct {
        /// Echoed by an error.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What, and to whom.
        payload: DirectRequest,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Asks whether the gateway is there. Answered by `pong` at once.
    #[serde(rename = "ping")]
    Ping {
        /// Echoed by the answer.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
    /// Answers the gateway's `ping`.
    #[serde(rename = "pong")]
    Pong {
        /// Milliseconds since the Unix epoch.
        timestamp: i64,
    },
}

/// A client's frame, read: nothing about its shape needs to be checked again.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Echoed by every ack and error.
    pub id: Option<String>,
    /// What the client says.
    pub message: ClientMessage,
}

/// What a client says.
#[derive(Debug, Clone)]
pub enum ClientMessage {
    /// `connect`
    Connect(ConnectRequest),
    /// `req:agent`
    AgentRequest(AgentRequestFrame),
    /// `req:agent:cancel`
    Cancel(CancelRequest),
    /// `req:answer`
    Answer(AnswerRequest),
    /// `session_subscribe`
    SessionSubscribe(SubscribeRequest),
    /// `session_unsubscribe`
    SessionUnsubscribe(UnsubscribeRequest),
    /// `register`
    Register(Register),
    /// What only a registered node may say.
    Node(NodeMessage),
    /// `ping`
    Ping,
    /// `pong`
    Pong,
}

/// What a registered node says.
#[derive(Debug, Clone)]
pub enum NodeMessage {
    /// `unregister`
    Unregister,
    /// `join_group`
    JoinGroup(JoinGroupRequest),
    /// `leave_group`
    LeaveGroup(LeaveGroupRequest),
    /// `broadcast`
    Broadcast(BroadcastRequest),
    /// `direct`
    Direct(DirectRequest),
}

/// Message types of the protocol that this gateway does not speak yet.
const LATER: [&str; 4] = ["req:node", "event:node", "event:agent", "res"];

impl ClientFrame {
    /// Reads one frame of a client: `bytes` is the whole text or binary message.
    ///
    /// Keys that are not known are ignored, `null` counts as absent, `timestamp` may be any number.
    ///
    /// # Errors
    /// [`FrameError`] says what to answer: `INVALID_MESSAGE` for the envelope, `INVALID_CONNECT` for a `connect` that does
    /// not say who connects, `INVALID_REQUEST` for a payload, `UNKNOWN_MESSAGE_TYPE` for the rest.
    pub fn parse(bytes: &[u8]) -> Result<Frame, FrameError> {
        let envelope = RawEnvelope::read(bytes)?;
        // `client` and `auth` are part of the envelope: they must have their shape on every frame.
        let client = envelope.client()?;
        let auth = envelope.auth()?;
        let kind = envelope.kind()?;
        let message = match kind.as_ref() {
            "connect" => ClientMessage::Connect(ConnectRequest::read(&envelope, client, auth)?),
            "req:agent" => ClientMessage::AgentRequest(AgentRequestFrame::read(&envelope)?),
            "req:agent:cancel" => ClientMessage::Cancel(envelope.payload()?),
            "req:answer" => ClientMessage::Answer(envelope.payload()?),
            "session_subscribe" => ClientMessage::SessionSubscribe(envelope.payload()?),
            "session_unsubscribe" => ClientMessage::SessionUnsubscribe(envelope.payload()?),
            "register" => ClientMessage::Register(Register::read(&envelope, auth)?),
            "unregister" => ClientMessage::Node(NodeMessage::Unregister),
            "join_group" => ClientMessage::Node(NodeMessage::JoinGroup(JoinGroupRequest::read(&envelope)?)),
            "leave_group" => ClientMessage::Node(NodeMessage::LeaveGroup(LeaveGroupRequest::read(&envelope)?)),
            "broadcast" => ClientMessage::Node(NodeMessage::Broadcast(BroadcastRequest::read(&envelope)?)),
            "direct" => ClientMessage::Node(NodeMessage::Direct(DirectRequest::read(&envelope)?)),
            "ping" => ClientMessage::Ping,
            "pong" => ClientMessage::Pong,
            other => return Err(envelope.refuse(ErrorCode::UnknownMessageType, unknown(other))),
        };
        Ok(Frame { id: envelope.id(), message })
    }

    /// The frame as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::server::encode(self)
    }
}

fn unknown(kind: &str) -> String {
    let short: String = kind.chars().take(80).collect();
    if LATER.contains(&kind) {
        format!("this gateway does not speak `{short}` yet")
    } else {
        format!("there is no message type {short:?}")
    }
}
