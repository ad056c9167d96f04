//! `res`: the answer to `connect`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `res` says to a client that was let in.
pub const GATEWAY_READY: &str = "gateway-ready";

/// Whether a client was let in. After a refusal the gateway closes the socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ResFrame {
    /// The id of the `connect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The client was let in.
    pub ok: bool,
    /// `gateway-ready`, or why not, for people.
    pub payload: String,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}
