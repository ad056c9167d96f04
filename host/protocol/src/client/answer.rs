//! `req:answer`: answers a question that a run waits for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::{QuestionId, SessionKey};

/// An answer. A question for an approval takes `approve`, any other one `answer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct AnswerRequest {
    /// The session that waits.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub session_id: SessionKey,
    /// The question.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub question_id: QuestionId,
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
