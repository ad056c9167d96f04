//! `GET /api/plugins`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Not;
use wingman_message::PluginStatus;

/// Whether a plugin can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum PluginState {
    /// Loaded and callable.
    Ready,
    /// Could not be loaded; `lastError` says why.
    Failed,
    /// Switched off after repeated failures.
    Quarantined,
    /// Switched off by the operator.
    Disabled,
}

impl From<wingman_message::PluginState> for PluginState {
    fn from(state: wingman_message::PluginState) -> Self {
        use wingman_message::PluginState as From;
        match state {
            From::Ready => Self::Ready,
            From::Failed => Self::Failed,
            From::Quarantined => Self::Quarantined,
            From::Disabled => Self::Disabled,
        }
    }
}

/// A plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct PluginSummary {
    /// Its name; its folder's where the manifest cannot be read.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `preset`, `channel` or `tool`.
    pub kind: String,
    /// The contract version that it speaks.
    pub contract: String,
    /// It came with the gateway.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub built_in: bool,
    /// Whether it can be called.
    pub state: PluginState,
    /// What it may use, in words.
    pub grants: Vec<String>,
    /// Calls in which it misbehaved since the gateway started.
    pub failures: u64,
    /// The last failure, or why it could not be loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What the operator should know or do besides, such as a grant that the plugin asks for and does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<String>>", optional)]
    pub notes: Vec<String>,
}

impl From<&PluginStatus> for PluginSummary {
    fn from(status: &PluginStatus) -> Self {
        Self {
            name: status.name.clone(),
            version: status.version.clone(),
            kind: status.kind.clone(),
            contract: status.contract.clone(),
            built_in: status.built_in,
            state: status.state.into(),
            grants: status.grants.clone(),
            failures: status.failures,
            last_error: status.last_error.clone(),
            notes: status.notes.clone(),
        }
    }
}
