//! What a node hears of other nodes, and of the gateway: `broadcast`, `direct`, `ping`.

use super::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wingman_message::{GroupId, NodeId};

/// Another member of a group says something to all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct BroadcastFrame {
    /// Who says it.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub node_id: NodeId,
    /// In which group.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub group_id: GroupId,
    /// What it says.
    #[ts(type = "unknown")]
    pub payload: serde_json::Value,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}

/// Another node says something to this one alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct DirectFrame {
    /// Who says it.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub node_id: NodeId,
    /// To whom.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub target_node_id: NodeId,
    /// What it says.
    #[ts(type = "unknown")]
    pub payload: serde_json::Value,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}

/// Asks a registered node whether it is still there. Any frame is an answer; `pong` is the usual one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct PingFrame {
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}

/// [`BroadcastFrame`] and [`DirectFrame`] with a payload that is written already: it is passed on, not read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    r#type: &'static str,
    node_id: NodeId,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<GroupId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_node_id: Option<NodeId>,
    payload: &'a RawValue,
    timestamp: i64,
}

impl BroadcastFrame {
    /// The frame as one line of JSON, for all members alike.
    #[must_use]
    pub fn write(node_id: NodeId, group_id: GroupId, payload: &RawValue, now_ms: i64) -> String {
        let group_id = Some(group_id);
        encode(&Written { r#type: "broadcast", node_id, group_id, target_node_id: None, payload, timestamp: now_ms })
    }
}

impl DirectFrame {
    /// The frame as one line of JSON.
    #[must_use]
    pub fn write(node_id: NodeId, target: NodeId, payload: &RawValue, now_ms: i64) -> String {
        let target_node_id = Some(target);
        encode(&Written { r#type: "direct", node_id, group_id: None, target_node_id, payload, timestamp: now_ms })
    }
}
