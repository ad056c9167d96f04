//! What can go wrong, in words that a command line can print.

use std::time::Duration;
use wingman_protocol::ErrorBody;

/// Why the client could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address cannot be used.
    #[error("{url:?} is no address of a gateway: {reason}")]
    InvalidUrl {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An option cannot be used.
    #[error("{0}")]
    InvalidOption(String),
    /// Nobody listens there.
    #[error("no gateway can be reached at {url}: {reason}")]
    Unreachable {
        /// Where.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// Someone listens there who speaks another language.
    #[error("what listens at {url} is not a gateway: {reason}")]
    NotAGateway {
        /// Where.
        url: String,
        /// What it said.
        reason: String,
    },
    /// The gateway does not let this client in; the gateway's own words.
    #[error("the gateway refused the connection: {0}")]
    Rejected(String),
    /// The gateway did not answer.
    #[error("the gateway did not answer within {} ms", .after.as_millis())]
    TimedOut {
        /// How long it had.
        after: Duration,
    },
    /// The gateway refused a message; its own words.
    #[error("{}", .0.message)]
    Refused(Box<ErrorBody>),
    /// The connection is gone; what was under way may still be going on in the gateway.
    #[error("the connection to the gateway was lost: {0}")]
    Lost(String),
    /// The gateway said something that is not in the protocol.
    #[error("the gateway said something that this client does not understand: {0}")]
    Protocol(String),
}
