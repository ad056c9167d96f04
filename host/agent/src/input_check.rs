//! Inputs of tools against their JSON Schemas, before a tool sees them: the model is told what is wrong and may try again. Nothing is
//! fetched; a schema that refers to another document does not compile, and disables its tool.

use jsonschema::Validator;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use wingman_message::ToolSpec;

/// How many mistakes the model is told of at once.
const MAX_MISTAKES: usize = 5;
/// The longest description of one mistake, in characters.
const MAX_MISTAKE: usize = 300;
/// How many schemas are kept. Agents have dozens of tools; more come only from a source that keeps renaming them.
const MAX_KEPT: usize = 1024;

/// The compiled schemas of an agent's tools. Each is compiled once.
#[derive(Default)]
pub(crate) struct InputChecks(
    /// Held for look-ups and while one is compiled, never across an await.
    Mutex<HashMap<String, Kept>>,
);

struct Kept {
    schema: Value,
    /// None where the schema does not compile.
    check: Option<Arc<InputCheck>>,
}

/// One compiled schema.
pub(crate) struct InputCheck(Validator);

impl InputChecks {
    /// The check of the tool's input; none where its schema cannot be used, which the log is told once.
    pub(crate) fn of(&self, spec: &ToolSpec) -> Option<Arc<InputCheck>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&spec.name)
            && known.schema == spec.input_schema
        {
            return known.check.clone();
        }
        let check = match jsonschema::validator_for(&spec.input_schema) {
            Ok(validator) => Some(Arc::new(InputCheck(validator))),
            Err(error) => {
                tracing::warn!(tool = spec.name, %error, "the tool is disabled: its input schema cannot be used");
                None
            }
        };
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(spec.name.clone(), Kept { schema: spec.input_schema.clone(), check: check.clone() });
        check
    }
}

impl InputCheck {
    /// # Errors
    /// What is wrong, for the model.
    pub(crate) fn check(&self, input: &Value) -> Result<(), String> {
        let mistakes: Vec<String> = self.0.iter_errors(input).take(MAX_MISTAKES).map(|mistake| described(&mistake)).collect();
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("; ")) }
    }
}

fn described(mistake: &jsonschema::ValidationError<'_>) -> String {
    let place = mistake.instance_path().to_string();
    // Masked: the input itself, which may be long, is known to the model.
    let text: String = mistake.masked().to_string().chars().take(MAX_MISTAKE).collect();
    if place.is_empty() { text } else { format!("at `{place}`: {text}") }
}
