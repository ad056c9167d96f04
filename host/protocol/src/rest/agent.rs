//! `GET /api/agents` and `GET /api/config`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Not;
use wingman_message::{AgentId, AgentInfo};

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct AgentSummary {
    /// Its id.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub id: AgentId,
    /// Its display name.
    pub name: String,
    /// It answers where no binding matches.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub default: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// It takes no new messages.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub disabled: bool,
    /// Its model, as configured: `provider:model-name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// It answers with the built-in demo model, which is no AI.
    #[serde(default, skip_serializing_if = "Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub demo: bool,
}

impl From<&AgentInfo> for AgentSummary {
    fn from(agent: &AgentInfo) -> Self {
        Self {
            id: agent.id.clone(),
            name: agent.name.clone(),
            default: agent.is_default,
            description: agent.description.clone(),
            disabled: !agent.enabled,
            model: Some(agent.model.name.clone()),
            demo: agent.model.demo,
        }
    }
}

/// What a page needs to know of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ServerConfig {
    /// Where the gateway listens.
    pub gateway_host: String,
    /// Where the gateway listens.
    pub gateway_port: u16,
    /// Clients have to sign in.
    pub require_auth: bool,
    /// The agent that answers where no binding matches.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub default_agent_id: AgentId,
    /// The folder below which agents write files.
    pub output_root: String,
    /// Agents may draw their own user interface.
    pub dynamic_ui_enabled: bool,
    /// All agents, the default one among them.
    pub agents: Vec<AgentSummary>,
    /// The last change of the configuration that could not be taken; what was there before is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload_error: Option<ReloadError>,
}

/// A change of the configuration, or of an agent's file, that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct ReloadError {
    /// When it was tried: milliseconds since the Unix epoch.
    pub at: i64,
    /// What is wrong, and where.
    pub message: String,
}
