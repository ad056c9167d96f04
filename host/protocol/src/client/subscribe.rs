//! `session_subscribe` and `session_unsubscribe`: watching a session.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::SessionKey;

/// Which session to watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct SubscribeRequest {
    /// The session; it need not exist yet.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub session_id: SessionKey,
    /// The newest `seq` that the client has: stored messages after it come first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

/// Which session to watch no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct UnsubscribeRequest {
    /// The session.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub session_id: SessionKey,
}
