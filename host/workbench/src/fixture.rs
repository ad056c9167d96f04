//! A case as an author writes it down: one call, what goes in, and what the world around it is like.
//!
//! ```json
//! {
//!   "call": "deliver",
//!   "input": { "id": "r1", "markdown": "Hello", "phase": "finish", "place": {} },
//!   "http": [{ "request": { "method": "POST", "url": "https://..." }, "response": { "status": 200, "body": "{}" } }],
//!   "settings": {}, "secrets": { "bot-token": "..." }, "state": { "cursor": "41" }, "now": 1767225600000, "account": "main"
//! }
//! ```
//!
//! All but `call` may be missing. Every field is the contract's own; one that is unknown is an error that names it.

mod input;

pub(crate) use input::{Call, Delivered, Stage, ToolCall};

use crate::words::{Header, Raw, Response};
use crate::{Result, WorkbenchError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use wingman_message::AccountName;

/// When a fixture plays that says nothing of the time: the first moment of 2026.
pub(crate) const NOW: i64 = 1_767_225_600_000;

/// A case.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// The file's name without its ending, or the line of a recording.
    pub name: String,
    pub(crate) file: String,
    pub(crate) call: Call,
    pub(crate) world: World,
    /// The answers to calls out, in any order; none: everything is answered alike.
    pub(crate) http: Option<Vec<Scripted>>,
}

/// What a call finds around it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct World {
    pub(crate) settings: Option<Value>,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) state: BTreeMap<String, String>,
    /// Milliseconds since the Unix epoch.
    pub(crate) now: i64,
    pub(crate) account: Option<AccountName>,
}

impl World {
    /// Nothing but the time.
    pub(crate) fn empty() -> Self {
        Self { settings: None, secrets: BTreeMap::new(), state: BTreeMap::new(), now: NOW, account: None }
    }
}

/// One answer to a call out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scripted {
    pub(crate) request: ScriptedRequest,
    pub(crate) response: Response,
}

/// Which call out is meant. Headers that are named must be there; a body that is named must be the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScriptedRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) headers: Vec<Header>,
    pub(crate) body: Option<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    call: String,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    http: Vec<Scripted>,
    settings: Option<Value>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    #[serde(default)]
    state: BTreeMap<String, String>,
    now: Option<i64>,
    account: Option<AccountName>,
}

impl Fixture {
    /// Reads a file.
    ///
    /// # Errors
    /// [`WorkbenchError::File`], [`WorkbenchError::Written`]
    pub fn open(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(WorkbenchError::file(path))?;
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self::parse(&name, &path.display().to_string(), &text)
    }

    /// Reads a text; `file` is what errors call it.
    ///
    /// # Errors
    /// [`WorkbenchError::Written`]
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Self> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let written: Written = serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| WorkbenchError::written(file, &error.path().to_string(), error.inner().to_string()))?;
        reader.end().map_err(|error| WorkbenchError::written(file, "", error.to_string()))?;
        let Written { call, input, http, settings, secrets, state, now, account } = written;
        let (call, moment) = Call::parse(file, &call, input)?;
        if settings.as_ref().is_some_and(|settings| !settings.is_object()) {
            return Err(WorkbenchError::written(file, "settings", "write an object"));
        }
        let world = World { settings, secrets, state, now: now.or(moment).unwrap_or(NOW), account };
        Ok(Self { name: name.to_owned(), file: file.to_owned(), call, world, http: Some(http) })
    }

    /// The fixtures in a folder, by name; none where there is no folder.
    ///
    /// # Errors
    /// As [`Fixture::open`].
    pub fn all_in(dir: &Path) -> Result<Vec<Self>> {
        let entries = match std::fs::read_dir(dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(WorkbenchError::file(dir))?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(WorkbenchError::file(dir))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.ends_with(".json") && !name.ends_with(".expected.json") {
                paths.push(path);
            }
        }
        paths.sort();
        paths.iter().map(|path| Self::open(path)).collect()
    }

    /// The same at another time, in milliseconds since the Unix epoch.
    pub(crate) fn at(&self, now: i64) -> Self {
        Self { world: World { now, ..self.world.clone() }, ..self.clone() }
    }

    /// Another call in the same world, whose network answers everything.
    pub(crate) fn unscripted(&self, call: Call) -> Self {
        Self { call, http: None, ..self.clone() }
    }

    /// The word of the call, such as `normalize`.
    #[must_use]
    pub fn call(&self) -> &'static str {
        self.call.word()
    }
}

/// Reads a JSON value that stands under `place` in `file`.
pub(crate) fn read<T: DeserializeOwned>(file: &str, place: &str, value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { place.to_owned() } else { format!("{place}.{path}") };
        WorkbenchError::written(file, &place, error.inner().to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Fixture::parse("case", "fixtures/case.json", text).unwrap_err().to_string()
    }

    #[test]
    fn a_mistake_is_named_with_file_and_field() {
        let unknown = refusal(r#"{"call":"normalize","inptu":{}}"#);
        assert!(unknown.starts_with("fixtures/case.json: ") && unknown.contains("`inptu`"), "{unknown}");
        let kind = refusal(
            r#"{"call":"deliver","input":{"id":"r","markdown":"","phase":"finish","place":{"peer":{"kind":"dn","id":""}}}}"#,
        );
        assert!(kind.contains("input.place.peer.kind") && kind.contains("`dm`"), "{kind}");
        assert!(refusal(r#"{"call":"recieve"}"#).contains("receive"), "a list of calls");
        assert!(refusal(r#"{"call":"tools","settings":[]}"#).contains("settings: write an object"));
        assert!(refusal("{").contains("EOF"));
    }

    #[test]
    fn a_digest_that_is_not_the_bodys_is_a_mistake() {
        let text = r#"{"call":"normalize","input":{"body":"{}","digest":"00"}}"#;
        assert!(refusal(text).contains("input.digest"), "{}", refusal(text));
    }

    #[test]
    fn the_time_of_a_delivery_is_the_time_of_the_call() {
        let fixture = Fixture::parse("c", "c", r#"{"call":"normalize","input":{"body":"","received-at":5}}"#).unwrap();
        assert_eq!(fixture.world.now, 5);
        assert_eq!(Fixture::parse("c", "c", r#"{"call":"probe"}"#).unwrap().world.now, NOW);
    }
}
