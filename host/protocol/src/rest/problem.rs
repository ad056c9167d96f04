//! Errors of the HTTP API: problem details (RFC 9457).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The media type of a problem.
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[ts(optional_fields)]
pub struct Problem {
    /// What kind of problem it is: `about:blank` where the status says all.
    pub r#type: String,
    /// The kind of problem, for people; the same each time.
    pub title: String,
    /// The HTTP status code.
    pub status: u16,
    /// What was wrong this time, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Problem {
    /// A problem that its status names; `title` is the status code's own phrase.
    pub fn new(status: u16, title: impl Into<String>) -> Self {
        Self { r#type: "about:blank".to_owned(), title: title.into(), status, detail: None }
    }

    /// The same problem, with what was wrong this time.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}
