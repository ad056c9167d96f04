//! What should come out of a fixture: `NAME.expected.json` beside `NAME.json`, in the contract's words.
//!
//! The host does not pass on all of them: of a tool's output the text, of a tool's description whether a call may be repeated. What it
//! leaves out is checked for its spelling and compared with nothing.

use crate::bench::{Outcome, as_json};
use crate::difference::{self, Difference};
use crate::fixture::read;
use crate::{Fixture, Result, WorkbenchError, words};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// What should come out.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    /// As the host passes it on.
    value: Value,
}

/// How an outcome stands to what should come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Judged {
    /// The same.
    Same,
    /// Something else.
    Differs(Vec<Difference>),
    /// There was nothing to compare with; it is written now.
    Written(PathBuf),
}

impl Expected {
    /// Reads the expectation of `fixture` from the text of a file.
    ///
    /// # Errors
    /// [`WorkbenchError::Written`]
    pub(crate) fn parse(fixture: &Fixture, file: &str, text: &str) -> Result<Self> {
        let value: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| WorkbenchError::written(file, "", error.to_string()))?;
        let mut value = value.into_iter();
        let (Some((key, value)), None) = (value.next(), value.next()) else {
            return Err(WorkbenchError::written(file, "", "write {\"ok\": ...} or {\"error\": {...}}"));
        };
        let value = match key.as_str() {
            "error" => respelled::<words::PluginError>(file, "error", value)?,
            "ok" => passed_on(fixture.call(), file, value)?,
            _ => return Err(WorkbenchError::written(file, &key, "write `ok` or `error`")),
        };
        Ok(Self { value: Value::Object(Map::from_iter([(key, value)])) })
    }

    /// Where `outcome` is another.
    #[must_use]
    pub(crate) fn differences(&self, outcome: &Outcome) -> Vec<Difference> {
        difference::between(&self.value, &comparable(outcome.result.clone()))
    }
}

/// Compares with the file beside the fixture. `update` replaces one that differs; one that is missing is written in any case, but
/// never with a crash in it.
pub(crate) fn judge(dir: &Path, fixture: &Fixture, outcome: &Outcome, update: bool) -> Result<Judged> {
    let path = dir.join(format!("{}.expected.json", fixture.name));
    let file = path.display().to_string();
    let is_there = path.exists();
    if is_there {
        let text = std::fs::read_to_string(&path).map_err(WorkbenchError::file(&path))?;
        match Expected::parse(fixture, &file, &text).map(|expected| expected.differences(outcome)) {
            Ok(differences) if differences.is_empty() => return Ok(Judged::Same),
            Ok(differences) if !update => return Ok(Judged::Differs(differences)),
            Err(error) if !update => return Err(error),
            _ => {}
        }
    }
    if outcome.result.get("crash").is_some() {
        return Ok(Judged::Differs(difference::between(&Value::Object(Map::new()), &outcome.result)));
    }
    let mut text = format!("{:#}", outcome.result);
    text.push('\n');
    std::fs::write(&path, text).map_err(WorkbenchError::file(&path))?;
    Ok(Judged::Written(path))
}

/// The same value as this crate would write it; an unknown field is an error.
fn respelled<T: DeserializeOwned + serde::Serialize>(file: &str, place: &str, value: Value) -> Result<Value> {
    Ok(as_json(&read::<T>(file, place, value)?))
}

/// What is left of a result once the host has passed it on.
fn passed_on(call: &str, file: &str, value: Value) -> Result<Value> {
    let value = match call {
        "normalize" => respelled::<Vec<words::Inbound>>(file, "ok", value)?,
        "receive" => respelled::<words::Received>(file, "ok", value)?,
        "deliver" => respelled::<words::Receipt>(file, "ok", value)?,
        "probe" => respelled::<words::Health>(file, "ok", value)?,
        "tools" => {
            let mut tools: Vec<words::ToolSpec> = read(file, "ok", value)?;
            for tool in &mut tools {
                tool.idempotent |= tool.read_only.take().unwrap_or_default();
            }
            as_json(&tools)
        }
        "call" => {
            let words::ToolOutput { text, data, attachments } = read(file, "ok", value)?;
            let mut text = if text.is_empty() { data.unwrap_or_default() } else { text };
            for words::Attachment { name, media_type, .. } in attachments {
                text.push_str(&format!("\n[file: {} ({media_type})]", name.as_deref().unwrap_or("without a name")));
            }
            as_json(&words::ToolOutput { text, data: None, attachments: Vec::new() })
        }
        _ => value,
    };
    Ok(comparable(value))
}

/// Schemas are JSON within a text, and may be spelled in many ways.
fn comparable(mut value: Value) -> Value {
    let tools = if value.is_array() { value.as_array_mut() } else { value.get_mut("ok").and_then(Value::as_array_mut) };
    for tool in tools.into_iter().flatten() {
        if let Some(schema) = tool.get_mut("input-schema")
            && let Some(parsed) = schema.as_str().and_then(|text| serde_json::from_str(text).ok())
        {
            *schema = parsed;
        }
    }
    value
}
