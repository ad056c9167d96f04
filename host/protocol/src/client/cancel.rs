//! `req:agent:cancel`: stops a request.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::RequestId;

/// Which request to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct CancelRequest {
    /// The `id` of the `req:agent`.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub request_id: RequestId,
}
