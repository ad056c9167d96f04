//! The notes of one agent: one small document in the plugin's state.

use serde::{Deserialize, Serialize};
use wingman_sdk::{PluginError, Result, host::state, id};

/// More are refused, so that one value stays small.
const MAX_NOTES: usize = 200;

/// A note.
#[derive(Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) id: u64,
    pub(crate) text: String,
    /// Milliseconds since the Unix epoch.
    pub(crate) created_at: u64,
    /// The call that made it, so that a call that is repeated after a crash makes no second one.
    call: String,
}

impl Note {
    pub(crate) fn has_all_words(&self, query: &str) -> bool {
        let text = self.text.to_lowercase();
        query.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

/// What is kept under the agent's key.
#[derive(Serialize, Deserialize, Default)]
struct Document {
    /// Numbers are not used twice, so that a model that remembers one never deletes another note.
    last_id: u64,
    notes: Vec<Note>,
}

/// The notes of one agent.
pub(crate) struct Notes {
    key: String,
    document: Document,
}

impl Notes {
    pub(crate) fn of(agent: &str) -> Result<Self> {
        let key = id::join(&["notes", agent]);
        Ok(Self { document: state::get_json(&key)?.unwrap_or_default(), key })
    }

    /// Keeps a note and returns its number.
    pub(crate) fn add(&mut self, text: &str, call: &str, now: u64) -> Result<u64> {
        if let Some(known) = self.document.notes.iter().find(|note| note.call == call) {
            return Ok(known.id);
        }
        if self.document.notes.len() >= MAX_NOTES {
            return Err(PluginError::invalid_input(format!("there are {MAX_NOTES} notes already: delete some first")));
        }
        self.document.last_id += 1;
        let id = self.document.last_id;
        self.document.notes.push(Note { id, text: text.to_owned(), created_at: now, call: call.to_owned() });
        self.save()?;
        Ok(id)
    }

    /// Whether it was there.
    pub(crate) fn delete(&mut self, id: u64) -> Result<bool> {
        let before = self.document.notes.len();
        self.document.notes.retain(|note| note.id != id);
        let was_there = self.document.notes.len() < before;
        if was_there {
            self.save()?;
        }
        Ok(was_there)
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Note> {
        self.document.notes.iter().rev()
    }

    fn save(&self) -> Result<()> {
        state::set_json(&self.key, &self.document)
    }
}
