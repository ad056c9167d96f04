//! `GET /health` and `GET /stats`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The gateway answers. Open to all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `healthy`.
    pub status: String,
    /// The gateway's version.
    pub version: String,
    /// What it has done.
    pub stats: GatewayStats,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}

/// What the gateway has done since it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct GatewayStats {
    /// How long it runs, in milliseconds.
    pub uptime: u64,
    /// Nodes that are registered.
    pub total_nodes: u64,
    /// Groups.
    pub total_groups: u64,
    /// Messages that came in.
    pub messages_processed: u64,
    /// When it started: milliseconds since the Unix epoch.
    pub started_at: i64,
    /// Sessions in which something runs or waits.
    pub active_sessions: u64,
}

/// What the gateway has done, and who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
pub struct Stats {
    /// What it has done.
    pub gateway: GatewayStats,
    /// Nodes that are registered.
    pub nodes: NodeList,
    /// Groups.
    pub groups: GroupList,
}

/// Nodes that are registered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeList {
    /// How many.
    pub total_nodes: u64,
    /// Which.
    pub nodes: Vec<NodeSummary>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct NodeSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it can do, in its own words.
    pub capabilities: Vec<String>,
    /// The ids of the groups that it is a member of.
    pub groups: Vec<String>,
    /// The session that it works in, where it has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub session_id: Option<String>,
    /// The agent that it belongs to, where it has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub agent_name: Option<String>,
    /// When it came: milliseconds since the Unix epoch.
    pub connected_at: i64,
}

/// Groups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct GroupList {
    /// How many.
    pub total_groups: u64,
    /// Which.
    pub groups: Vec<GroupSummary>,
}

/// A group of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct GroupSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub description: Option<String>,
    /// The node that made it.
    pub created_by: String,
    /// When it was made: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// How many nodes are in it.
    pub members: u64,
}
