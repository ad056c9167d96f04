//! The one error of this crate: what went wrong, told so that a caller knows what to do and an author what to write.
//!
//! No text holds a secret: URLs are shown without their query and with `{secret}` unfilled, and what the other side said is
//! scrubbed before it leaves the crate.

use std::net::IpAddr;
use std::time::Duration;

/// Why a call out failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// A grant in a manifest is wrong. The text says which field, and what to write.
    #[error("{0}")]
    BadGrant(String),
    /// The policy has no grant for this. `missing` is what to add to the manifest.
    #[error("{what} is not granted; {missing}")]
    NotGranted {
        /// The call, such as `GET https://api.example.com/v1`.
        what: String,
        /// The lines for `plugin.toml`, or the field to raise.
        missing: String,
    },
    /// The host has no address that may be dialled. Only the operator can change that.
    #[error("{host} is at {address}, a {kind} address; the operator may grant its network to this plugin")]
    PrivateAddress {
        /// The host as it was called.
        host: String,
        /// One of the refused addresses.
        address: IpAddr,
        /// What sort of address that is.
        kind: &'static str,
    },
    /// The request cannot be sent as it is. A retry would fail as well.
    #[error("{0}")]
    BadRequest(String),
    /// A secret may not go there, or cannot.
    #[error("secret `{secret}`: {why}")]
    SecretNotAllowed {
        /// The secret's name in the manifest.
        secret: String,
        /// Why not, and what to do.
        why: String,
    },
    /// It took longer than the request or the grant allows.
    #[error("{host} took longer than {} ms", after.as_millis())]
    Timeout {
        /// The host that was called.
        host: String,
        /// The whole time that there was.
        after: Duration,
    },
    /// Something is larger than its cap.
    #[error("{what} is larger than {limit}")]
    TooLarge {
        /// What it is.
        what: String,
        /// The cap, with its unit.
        limit: String,
    },
    /// Nobody answered at that host: nothing was sent. Worth another try, later.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host that was called.
        host: String,
        /// What the system said.
        why: String,
    },
    /// The connection broke after the request was sent; the other side may have acted on it. Worth another try where that
    /// is harmless.
    #[error("the connection to {host} broke: {why}")]
    Interrupted {
        /// The host that was called.
        host: String,
        /// How it broke.
        why: String,
    },
    /// The other side could not prove who it is, or no common way to encrypt was found.
    #[error("no secure connection to {host}: {why}")]
    Tls {
        /// The host that was called.
        host: String,
        /// What the TLS library said.
        why: String,
    },
    /// The other side answered with what nobody can use: broken HTTP, endless redirects, a WebSocket that is none.
    #[error("{host} answered badly: {why}")]
    BadResponse {
        /// The host that was called.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// The other side answered a WebSocket's opening with an ordinary response.
    #[error("{host} refuses the WebSocket with status {status}")]
    HandshakeRefused {
        /// The host that was called.
        host: String,
        /// Its answer.
        status: u16,
    },
    /// The system has no trust roots, or an extra root is no certificate.
    #[error("TLS roots: {0}")]
    Roots(String),
}

impl EgressError {
    /// Whether the same call may work later without anybody changing anything.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Unreachable { .. } | Self::Interrupted { .. } => true,
            Self::HandshakeRefused { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    /// The same error with every text passed through `clean`.
    pub(crate) fn map_texts(mut self, clean: impl Fn(&str) -> String) -> Self {
        let texts: &mut [&mut String] = match &mut self {
            Self::BadGrant(text) | Self::BadRequest(text) | Self::Roots(text) => &mut [text],
            Self::NotGranted { what, missing } => &mut [what, missing],
            Self::PrivateAddress { host, .. } | Self::Timeout { host, .. } | Self::HandshakeRefused { host, .. } => &mut [host],
            Self::SecretNotAllowed { why, .. } => &mut [why],
            Self::TooLarge { what, .. } => &mut [what],
            Self::Unreachable { host, why }
            | Self::Interrupted { host, why }
            | Self::Tls { host, why }
            | Self::BadResponse { host, why } => &mut [host, why],
        };
        for text in texts {
            **text = clean(text);
        }
        self
    }
}

/// The innermost reason of an error, which is the one that people understand ("connection refused").
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut reason = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}
