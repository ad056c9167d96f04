//! Why a request was refused. What an author wrote wrong is not here: that is a sentence from `parse`, at load time.

/// Why a request was refused. Its text names headers and parameters of the rule, and never a value that came or a secret;
/// it is for the operator's log, and the sender needs no more than the status that each variant names.
///
/// `TooOld`, `FromTheFuture`, `Replayed` and `InFlight` are only said of a request that the key's owner signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No rule is for this method. 405 or 401; the plugin does not take such requests.
    #[error("no verification rule is for this method")]
    NoRule,
    /// The operator has not set the secret, or set a blank one. 503; an operator must act.
    #[error("{secret} is not set")]
    NoSecret {
        /// Which secret.
        secret: String,
    },
    /// The secret is set to something that is no key. 503; an operator must act.
    #[error("{secret} is no key for this rule: {why}")]
    BadSecret {
        /// Which secret.
        secret: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A value that the rule reads is not there. 401.
    #[error("{what} is missing")]
    Missing {
        /// The header or query parameter.
        what: String,
    },
    /// A value that the rule reads cannot be read. 401.
    #[error("{what} {why}")]
    Malformed {
        /// The header, query parameter or part of the request.
        what: String,
        /// What is wrong, as the sentence goes on.
        why: &'static str,
    },
    /// It was not signed with the key, or it was changed on the way. 401.
    #[error("the signature or shared secret is wrong")]
    WrongSignature,
    /// Signed longer ago than the rule tolerates. 401; when all requests are, a clock is wrong.
    #[error("signed {age_s} s ago, which is longer than the rule tolerates")]
    TooOld {
        /// Seconds since it was signed.
        age_s: u64,
    },
    /// Signed later than the rule tolerates. 401; when all requests are, a clock is wrong.
    #[error("signed {ahead_s} s in the future, which is more than the rule tolerates")]
    FromTheFuture {
        /// Seconds until it will have been signed.
        ahead_s: u64,
    },
    /// The same signed request was accepted before. A success without effect, so that a sender who missed the first answer
    /// stops sending.
    #[error("this signed request was accepted before")]
    Replayed,
    /// The same signed request is being handled right now, or the guard is full of requests that are; whether this one is a
    /// repetition cannot be told yet. 503 with `Retry-After`.
    #[error("the same signed request, or too many at once, are being handled right now")]
    InFlight,
}

impl Refusal {
    /// Whether the same request may be accepted later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::NoSecret { .. } | Self::BadSecret { .. } | Self::FromTheFuture { .. } | Self::InFlight)
    }
}
