//! Frames of a WebSocket, as a caller sees them. Pings are answered below and never get here.

use bytes::Bytes;

/// One message, or the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Text, at most 1 MiB.
    Text(String),
    /// Bytes, at most 1 MiB.
    Binary(Bytes),
    /// The end, with its code (RFC 6455, 7.4) and reason; none where the other side gave none.
    Close(Option<(u16, String)>),
}
