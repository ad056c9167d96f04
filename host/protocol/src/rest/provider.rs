//! `GET /api/providers`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A model provider that the gateway can speak to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ProviderSummary {
    /// Its name, as in a model's `provider:model-name`.
    pub name: String,
    /// Where it is asked.
    pub base_url: String,
    /// The environment variable that holds its key, if it needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Its key is there, or it needs none.
    pub configured: bool,
}
