//! Constructors for [`PluginError`]: each says what the host does next.

use crate::PluginError;
use std::time::Duration;

impl PluginError {
    /// This input can never be used: it becomes a dead letter. Say what is wrong with it and what to send instead.
    pub fn invalid_input(reason: impl Into<String>) -> Self {
        Self::InvalidInput(reason.into())
    }

    /// The network refused the credentials: the account stops and the operator is told.
    pub fn unauthorized(reason: impl Into<String>) -> Self {
        Self::Unauthorized(reason.into())
    }

    /// The network asks for patience: the host tries again after this time.
    pub fn retry_after(wait: Duration) -> Self {
        Self::RateLimited(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
    }

    /// It may work later: the host tries again with backoff.
    pub fn temporary(reason: impl Into<String>) -> Self {
        Self::Temporary(reason.into())
    }

    /// It will never work: the host does not try again.
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent(reason.into())
    }

    /// This plugin or its network cannot do that.
    pub fn unsupported(reason: impl Into<String>) -> Self {
        Self::Unsupported(reason.into())
    }
}
