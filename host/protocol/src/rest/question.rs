//! `/api/questions`, and `/api/sessions/{id}/questions/{questionId}`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Answers a question. One for an approval takes `approve`, any other one `answer`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct QuestionReply {
    /// The answer in words: one of the choices, or any text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Whether the tool may be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approve: Option<bool>,
    /// Why it may not, for the agent to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
