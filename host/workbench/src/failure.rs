//! Failures in the contract's words, and what the host itself found wrong.

use crate::words::PluginError;
use wingman_manifest::Limits;
use wingman_message::{PluginFailure, ToolError};

impl From<&PluginFailure> for PluginError {
    fn from(failure: &PluginFailure) -> Self {
        let (kind, text) = match failure {
            PluginFailure::InvalidInput(text) => ("invalid-input", text.clone()),
            PluginFailure::Unauthorized(text) => ("unauthorized", text.clone()),
            PluginFailure::RateLimited { retry_after_ms } => {
                return Self { kind: "rate-limited".to_owned(), text: None, retry_after_ms: Some(*retry_after_ms) };
            }
            PluginFailure::Temporary(text) => ("temporary", text.clone()),
            PluginFailure::Permanent(text) => ("permanent", text.clone()),
            PluginFailure::Unsupported(text) => ("unsupported", text.clone()),
            PluginFailure::Deadline { .. } => ("deadline", failure.to_string()),
            PluginFailure::OutOfMemory { .. } => ("out-of-memory", failure.to_string()),
            PluginFailure::Trapped(_) => ("trap", failure.to_string()),
            PluginFailure::InvalidOutput(_) => ("invalid-output", failure.to_string()),
            PluginFailure::NotFound { .. }
            | PluginFailure::Unavailable(_)
            | PluginFailure::Quarantined { .. }
            | PluginFailure::Busy => ("unavailable", failure.to_string()),
        };
        Self { kind: kind.to_owned(), text: Some(text), retry_after_ms: None }
    }
}

/// The failure behind a tool's error. Agents get it as words alone, so it is read back from them.
pub(crate) fn of_tool(error: ToolError, limits: &Limits) -> PluginFailure {
    let said = match error {
        ToolError::InvalidInput(text) => return PluginFailure::InvalidInput(text),
        ToolError::Failed(said) => said,
    };
    let fixed = [
        PluginFailure::Deadline { deadline_ms: limits.deadline_ms },
        PluginFailure::OutOfMemory { limit_mib: limits.memory_mib },
        PluginFailure::Busy,
    ];
    if let Some(failure) = fixed.into_iter().find(|failure| failure.to_string() == said) {
        return failure;
    }
    let worded: [fn(String) -> PluginFailure; 6] = [
        PluginFailure::Unauthorized,
        PluginFailure::Temporary,
        PluginFailure::Permanent,
        PluginFailure::Unsupported,
        PluginFailure::Trapped,
        PluginFailure::InvalidOutput,
    ];
    let read = |make: fn(String) -> PluginFailure| {
        let opening = make(String::new()).to_string();
        said.strip_prefix(opening.as_str()).map(|text| make(text.to_owned()))
    };
    if let Some(failure) = worded.into_iter().find_map(read) {
        return failure;
    }
    let number: String = said.chars().filter(char::is_ascii_digit).collect();
    match number.parse().map(|retry_after_ms| PluginFailure::RateLimited { retry_after_ms }) {
        Ok(failure) if failure.to_string() == said => failure,
        _ => PluginFailure::Unavailable(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_is_told_of_a_failure_leads_back_to_it() {
        let limits = Limits::default();
        for failure in [
            PluginFailure::Unauthorized("the key".into()),
            PluginFailure::RateLimited { retry_after_ms: 1500 },
            PluginFailure::Temporary("a: b".into()),
            PluginFailure::Permanent("for now".into()),
            PluginFailure::Unsupported("editing".into()),
            PluginFailure::Trapped("unreachable".into()),
            PluginFailure::InvalidOutput("a name".into()),
            PluginFailure::Deadline { deadline_ms: limits.deadline_ms },
            PluginFailure::OutOfMemory { limit_mib: limits.memory_mib },
        ] {
            assert_eq!(of_tool(ToolError::Failed(failure.to_string()), &limits), failure);
        }
        assert_eq!(of_tool(ToolError::InvalidInput("x".into()), &limits), PluginFailure::InvalidInput("x".into()));
    }
}
