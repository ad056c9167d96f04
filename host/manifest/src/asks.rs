//! What a plugin asks the operator for: settings, secrets, calls out, sockets.

use serde_json::Value;

/// The shape of a plugin's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsSchema(pub(crate) Value);

impl SettingsSchema {
    /// The JSON Schema of the settings; its root is of type `object`.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.0
    }
}

/// A secret that the host keeps and fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// What to ask the operator for.
    pub prompt: String,
    /// The plugin works without it.
    pub optional: bool,
    /// The hosts that may be sent the secret, as in [`HttpAsk::host`]; empty for one that only verifies requests from outside.
    pub hosts: Vec<String>,
}

/// The host of an ask that means: whatever hosts the operator grants.
pub const ANY_HOST: &str = "*";

/// Where a plugin asks to call out to. Its host may be [`ANY_HOST`].
pub type HttpAsk = wingman_egress::GrantSpec;

/// Where a plugin asks to keep a WebSocket to.
pub type SocketAsk = wingman_egress::GrantSpec;
