//! `POST /api/agents`, and one agent in full.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::AgentId;

/// How much of a conversation an agent's model is shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct AgentContext {
    /// The model's context window, in tokens.
    pub max_tokens: u64,
    /// The part of the window, from 0 to 1, that a conversation may fill before its older part is summarised.
    pub compact_at: f64,
    /// How many of the newest turns stay word for word.
    pub keep_recent: u32,
}

/// Where an agent's description stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum AgentSource {
    /// In the configuration file, which people edit: the API cannot change it.
    Config,
    /// In a file of its own, which the API changes.
    File,
}

/// One agent in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct AgentDetails {
    /// Its id.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub id: AgentId,
    /// Its display name.
    pub name: String,
    /// It answers where no binding matches.
    pub default: bool,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// It takes new messages.
    pub enabled: bool,
    /// Its model, as configured: `provider:model-name`.
    pub model: String,
    /// It answers with the built-in demo model, which is no AI.
    pub demo: bool,
    /// The tools that it may use, by name or family; all where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// The tools that it has now.
    pub available_tools: Vec<String>,
    /// What it is told before every conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// How much its model is shown, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<AgentContext>,
    /// Where its description stands.
    pub source: AgentSource,
}

/// Makes an agent. To change one, `PUT` the same fields: what is left out stays, `null` goes back to the default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct CreateAgent {
    /// Its id: 1 to 64 letters, digits, `.`, `_` or `-`. Made from the name where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub id: Option<AgentId>,
    /// Its display name; the id where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// It takes new messages; true unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Its model: `provider:model-name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The tools that it may use, by name or family; all where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// What it is told before every conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// How much its model is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<AgentContext>,
}
