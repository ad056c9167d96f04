//! What the gateway says: the list of all message types.

mod ack;
mod error;
mod event;
mod node;
mod pong;
mod res;

pub use ack::{Ack, AckFrame, CancelStatus, QueueAck};
pub use error::{ErrorBody, ErrorFrame};
pub use event::{AgentFrame, EncodedEvent};
pub use node::{BroadcastFrame, DirectFrame, PingFrame};
pub use pong::PongFrame;
pub use res::{GATEWAY_READY, ResFrame};

use crate::FrameError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::{GroupId, NodeId};

/// A frame of the gateway. Clients ignore types and keys that they do not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(tag = "type")]
pub enum ServerFrame {
    /// Answers `connect`.
    #[serde(rename = "res")]
    Res(ResFrame),
    /// Confirms what a client asked for.
    #[serde(rename = "ack")]
    Ack(AckFrame),
    /// Refuses what a client said. A bad frame never closes a good socket.
    #[serde(rename = "error")]
    Error(ErrorFrame),
    /// Something happened in a session.
    #[serde(rename = "event:agent")]
    Agent(AgentFrame),
    /// A member of a group of nodes says something to all.
    #[serde(rename = "broadcast")]
    Broadcast(BroadcastFrame),
    /// A node says something to this one.
    #[serde(rename = "direct")]
    Direct(DirectFrame),
    /// Asks a registered node whether it is still there.
    #[serde(rename = "ping")]
    Ping(PingFrame),
    /// Answers `ping`.
    #[serde(rename = "pong")]
    Pong(PongFrame),
    /// A type that this program does not know.
    #[serde(other)]
    #[schemars(skip)]
    #[ts(skip)]
    Unknown,
}

impl ServerFrame {
    /// The answer to a `connect` that was let in.
    #[must_use]
    pub fn ready(id: Option<String>, now_ms: i64) -> Self {
        Self::Res(ResFrame { id, ok: true, payload: GATEWAY_READY.to_owned(), timestamp: now_ms })
    }

    /// The answer to a `connect` that was not; `reason` is shown to people.
    #[must_use]
    pub fn refused(id: Option<String>, reason: impl Into<String>, now_ms: i64) -> Self {
        Self::Res(ResFrame { id, ok: false, payload: reason.into(), timestamp: now_ms })
    }

    /// Confirms the frame `id`.
    #[must_use]
    pub fn ack(id: Option<String>, payload: Ack, now_ms: i64) -> Self {
        Self::Ack(AckFrame { id, node_id: None, group_id: None, payload, timestamp: now_ms })
    }

    /// Confirms the frame `id` to a node; `group` only where it has joined or left one.
    #[must_use]
    pub fn node_ack(id: Option<String>, node: NodeId, group: Option<GroupId>, payload: Ack, now_ms: i64) -> Self {
        Self::Ack(AckFrame { id, node_id: Some(node), group_id: group, payload, timestamp: now_ms })
    }

    /// Refuses the frame `id`.
    #[must_use]
    pub fn error(id: Option<String>, payload: ErrorBody, now_ms: i64) -> Self {
        Self::Error(ErrorFrame { id, payload, timestamp: now_ms })
    }

    /// Answers bytes that are no message.
    #[must_use]
    pub fn frame_error(error: FrameError, now_ms: i64) -> Self {
        Self::error(error.id, ErrorBody::new(error.code, error.message), now_ms)
    }

    /// Asks a node whether it is still there.
    #[must_use]
    pub fn ping(now_ms: i64) -> Self {
        Self::Ping(PingFrame { timestamp: now_ms })
    }

    /// Answers a `ping`.
    #[must_use]
    pub fn pong(id: Option<String>, now_ms: i64) -> Self {
        Self::Pong(PongFrame { id, timestamp: now_ms })
    }

    /// The frame as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        encode(self)
    }

    /// Reads one frame of a gateway.
    ///
    /// # Errors
    /// The bytes are no frame of this protocol. A type that is not known is [`ServerFrame::Unknown`].
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

/// Writes a frame. Our frames always can be written (no map in them has keys other than strings); the fallback is there so
/// that the one who reads gets a frame in any case.
pub(crate) fn encode(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).unwrap_or_else(|_| {
        r#"{"type":"error","payload":{"code":"INTERNAL","message":"a frame could not be written"},"timestamp":0}"#.to_owned()
    })
}
