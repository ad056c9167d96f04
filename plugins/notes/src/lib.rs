//! The tools `notes_add`, `notes_list`, `notes_search` and `notes_delete`. Each agent has notes of its own.

mod store;

use serde::Deserialize;
use serde_json::{Value, json};
use store::{Note, Notes};
use wingman_sdk::{Invocation, PluginError, Result, Tool, ToolOutput, ToolSpec, host::clock};

/// The longest note, in bytes.
const MAX_TEXT: usize = 4_000;

/// The tools.
pub struct NotesTool;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    query: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {
    id: u64,
}

impl Tool for NotesTool {
    fn tools() -> Vec<ToolSpec> {
        let object = |properties: Value, required: &[&str]| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
        let text = |what: &str| json!({ "type": "string", "minLength": 1, "description": what });
        vec![
            ToolSpec::new(
                "notes_add",
                "Keeps a note for later sessions.",
                object(json!({ "text": text("The note.") }), &["text"]),
            )
            .idempotent(),
            ToolSpec::new("notes_list", "Lists the notes, newest first.", object(json!({}), &[])).read_only(),
            ToolSpec::new(
                "notes_search",
                "Finds the notes that have every word of the query, in any case.",
                object(json!({ "query": text("Words.") }), &["query"]),
            )
            .read_only(),
            ToolSpec::new(
                "notes_delete",
                "Deletes a note.",
                object(json!({ "id": { "type": "integer", "description": "Its number in the list." } }), &["id"]),
            )
            .idempotent(),
        ]
    }

    fn call(invocation: Invocation) -> Result<ToolOutput> {
        let mut notes = Notes::of(&invocation.agent)?;
        match invocation.tool.as_str() {
            "notes_add" => {
                let Add { text } = invocation.parse_input()?;
                let text = text.trim();
                if text.is_empty() || text.len() > MAX_TEXT {
                    return Err(PluginError::invalid_input(format!(
                        "`text` has {} bytes; it must have 1 to {MAX_TEXT}",
                        text.len()
                    )));
                }
                let id = notes.add(text, &invocation.call_id, clock::now())?;
                Ok(ToolOutput::text(format!("Kept as note {id}.")))
            }
            "notes_list" => {
                let List {} = invocation.parse_input()?;
                Ok(told(notes.newest_first()))
            }
            "notes_search" => {
                let Search { query } = invocation.parse_input()?;
                Ok(told(notes.newest_first().filter(|note| note.has_all_words(&query))))
            }
            "notes_delete" => {
                let Delete { id } = invocation.parse_input()?;
                let was_there = notes.delete(id)?;
                Ok(ToolOutput::text(if was_there { format!("Note {id} is deleted.") } else { format!("There is no note {id}.") }))
            }
            other => Err(PluginError::unsupported(format!("there is no tool {other:?}"))),
        }
    }
}

fn told<'a>(notes: impl Iterator<Item = &'a Note>) -> ToolOutput {
    let notes: Vec<_> = notes.collect();
    let lines: Vec<_> = notes.iter().map(|note| format!("{}: {}", note.id, note.text)).collect();
    let text = if lines.is_empty() { "There are no such notes.".to_owned() } else { lines.join("\n") };
    let data: Vec<_> =
        notes.iter().map(|note| json!({ "id": note.id, "text": note.text, "created_at": note.created_at })).collect();
    ToolOutput::text(text).with_data(Value::from(data))
}

wingman_sdk::export_tool!(NotesTool);
