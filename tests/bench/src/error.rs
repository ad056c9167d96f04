//! What can go wrong with a measurement. A measurement that went wrong has no figures.

use std::net::SocketAddr;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The target is on another machine.
    #[error("{target} is not on this machine: this is a test tool, and loads loopback addresses only")]
    NotLoopback {
        /// What was given.
        target: String,
    },
    /// The target cannot be read.
    #[error("{target:?} is no target: {reason}; expected something like ws://127.0.0.1:18789/ws")]
    InvalidTarget {
        /// What was given.
        target: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The options do not fit together.
    #[error("{0}")]
    InvalidOption(String),
    /// Nobody listens, or the connection failed.
    #[error("{address}: {source}")]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The server answered with a refusal, in its own words.
    #[error("the server refused: {0}")]
    Refused(String),
    /// The server closed a connection in use.
    #[error("the server closed a connection: {0}")]
    Closed(String),
    /// The server sent what the protocol does not know.
    #[error("the server sent what was not expected: {0}")]
    Protocol(String),
    /// A message came twice, or before an earlier one of the same publisher.
    #[error("room {room}, member {member}: message {got} of publisher {publisher} came where {expected} was next")]
    OutOfOrder {
        /// The room.
        room: usize,
        /// Who received it.
        member: usize,
        /// Who sent it.
        publisher: usize,
        /// Its number.
        got: u64,
        /// The number that was next.
        expected: u64,
    },
    /// An answer did not come in time.
    #[error("{what}: no answer within {seconds} s")]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long.
        seconds: u64,
    },
    /// A file, a socket or a timer of this machine failed.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The floor's database failed.
    #[error("the database: {0}")]
    Database(#[from] rusqlite::Error),
}

impl BenchError {
    /// For `map_err`: the system failed at `what`.
    pub(crate) fn system<E: Into<std::io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::System { what, source: source.into() }
    }
}

/// A result of this crate.
pub(crate) type Result<T, E = BenchError> = std::result::Result<T, E>;
