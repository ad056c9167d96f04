//! Questions that runs ask people: in events, in snapshots, and in the HTTP API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::{AgentId, QuestionId, RunId, SessionKey};

/// What kind of question it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum QuestionKind {
    /// Whether a tool may be called.
    Approval,
    /// Whatever the agent wants to know.
    Question,
}

/// A question that a run waits to be answered. The run goes on when it is, however long that takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct PendingQuestion {
    /// Its id.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub id: QuestionId,
    /// What kind of question it is.
    pub kind: QuestionKind,
    /// The session that waits.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub session_id: SessionKey,
    /// The session's agent.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub agent_id: AgentId,
    /// The run that waits.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub run_id: RunId,
    /// The call that waits.
    pub tool_call_id: String,
    /// The tool.
    pub tool_name: String,
    /// What it is called with.
    #[ts(type = "unknown")]
    pub tool_input: serde_json::Value,
    /// The question, for people.
    pub text: String,
    /// Answers to choose from; without them, any text answers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<String>>,
    /// When it was asked: milliseconds since the Unix epoch.
    pub asked_at: i64,
}

impl From<&wingman_message::Question> for PendingQuestion {
    fn from(question: &wingman_message::Question) -> Self {
        let wingman_message::Question { id, session, run, asked_at, asked } = question;
        Self {
            id: *id,
            kind: match asked.kind {
                wingman_message::QuestionKind::Approval => QuestionKind::Approval,
                wingman_message::QuestionKind::Question => QuestionKind::Question,
            },
            session_id: session.clone(),
            agent_id: session.agent().clone(),
            run_id: *run,
            tool_call_id: asked.call_id.clone(),
            tool_name: asked.tool.clone(),
            tool_input: asked.input.clone(),
            text: asked.text.clone(),
            choices: (!asked.choices.is_empty()).then(|| asked.choices.clone()),
            asked_at: *asked_at,
        }
    }
}
