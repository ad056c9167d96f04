//! A string that does not print.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A token, a password or another secret. It travels on the wire as a plain string and shows itself nowhere else.
#[derive(Clone, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Secret(String);

impl Secret {
    /// Wraps `secret`.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself; for comparing and sending, never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
