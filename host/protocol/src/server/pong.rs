//! `pong`: the answer to `ping`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The gateway is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[ts(optional_fields)]
pub struct PongFrame {
    /// The id of the `ping`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}
