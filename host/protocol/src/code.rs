//! What can be wrong with a frame or a request, as the wire names it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The `code` of an `error` frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The frame is no message: not JSON, not an object, or a key of the envelope is missing or of the wrong type.
    InvalidMessage,
    /// The message's `type` is not one that this gateway speaks.
    UnknownMessageType,
    /// A `connect` that does not say who connects.
    InvalidConnect,
    /// The message's `payload` does not fit its type.
    InvalidRequest,
    /// The credentials are wrong.
    AuthFailed,
    /// The message needs a connection that has signed in.
    AuthRequired,
    /// The message needs a registered node.
    NotRegistered,
    /// No such group.
    GroupNotFound,
    /// No such node.
    NodeNotFound,
    /// The gateway takes no more nodes.
    MaxNodesReached,
    /// Too many messages; `retryAfterMs` says when to try again.
    RateLimited,
    /// The client may not do this.
    Forbidden,
    /// What the message names does not exist.
    NotFound,
    /// The request id was used before, with another body; or the question was answered before.
    Conflict,
    /// A queue is full; try again later.
    Busy,
    /// The gateway is going down; try again when it is back.
    ShuttingDown,
    /// The gateway failed; its log says why.
    Internal,
    /// A code that this program does not know.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// The code as it is written on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidMessage => "INVALID_MESSAGE",
            Self::UnknownMessageType => "UNKNOWN_MESSAGE_TYPE",
            Self::InvalidConnect => "INVALID_CONNECT",
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::AuthFailed => "AUTH_FAILED",
            Self::AuthRequired => "AUTH_REQUIRED",
            Self::NotRegistered => "NOT_REGISTERED",
            Self::GroupNotFound => "GROUP_NOT_FOUND",
            Self::NodeNotFound => "NODE_NOT_FOUND",
            Self::MaxNodesReached => "MAX_NODES_REACHED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::Busy => "BUSY",
            Self::ShuttingDown => "SHUTTING_DOWN",
            Self::Internal => "INTERNAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// Whether the same message can succeed later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::MaxNodesReached | Self::RateLimited | Self::Busy | Self::ShuttingDown | Self::Internal)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why bytes are no message. It never closes a socket: the sender is told, and goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct FrameError {
    /// What is wrong, for programs.
    pub code: ErrorCode,
    /// What is wrong, for people. Names keys, never repeats values.
    pub message: String,
    /// The frame's `id`, where it could be read.
    pub id: Option<String>,
}
