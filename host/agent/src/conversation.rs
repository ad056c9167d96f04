//! What the entries of a conversation say: which tool call waits for its result, and what a history must look like for a
//! provider to take it. Pure functions; nothing here asks a model or calls a tool.

use std::collections::HashSet;
use wingman_message::{Entry, ToolCall, UserEntry};

/// Stands in for a result that was never stored: the run was stopped between the call and its result.
const INTERRUPTED: &str = "interrupted: the result of this call was lost; the tool may or may not have done its work";

/// Stands in for what came before an answer that opens the history.
const NOT_SHOWN: &str = "(What came before is not shown.)";

/// The first call of the run's last answer that has no result yet.
pub(crate) fn next_call(run: &[Entry]) -> Option<&ToolCall> {
    let mut answered = HashSet::new();
    for entry in run.iter().rev() {
        match entry {
            Entry::Tool { call_id, .. } => {
                answered.insert(call_id.as_str());
            }
            Entry::Assistant { calls, .. } => return calls.iter().find(|call| !answered.contains(call.id.as_str())),
            Entry::User(_) => {}
        }
    }
    None
}

/// The conversation in the form that providers insist on: it opens with a user, every call is followed at once by its
/// result, every result follows its call, and no answer is empty. What the entries say is otherwise left as it is.
pub(crate) fn acceptable(history: &[Entry], run: &[Entry]) -> Vec<Entry> {
    let mut repair = Repair::default();
    for entry in history.iter().chain(run) {
        repair.push(entry);
    }
    repair.finish()
}

/// A call that waits for its result.
struct Waiting {
    call: ToolCall,
    result: Option<Entry>,
}

#[derive(Default)]
struct Repair {
    accepted: Vec<Entry>,
    waiting: Vec<Waiting>,
    /// Users who wrote between the calls and the last result; they come after the results.
    held: Vec<Entry>,
}

impl Repair {
    fn push(&mut self, entry: &Entry) {
        match entry {
            Entry::User(_) if self.waiting.is_empty() => self.accepted.push(entry.clone()),
            Entry::User(_) => self.held.push(entry.clone()),
            Entry::Assistant { text, calls, .. } => {
                self.settle();
                if self.accepted.is_empty() {
                    let user = UserEntry { text: NOT_SHOWN.into(), attachments: Vec::new(), untrusted: false };
                    self.accepted.push(Entry::User(user));
                }
                if !text.trim().is_empty() || !calls.is_empty() {
                    self.accepted.push(entry.clone());
                    self.waiting = calls.iter().map(|call| Waiting { call: call.clone(), result: None }).collect();
                }
            }
            // A result that answers nothing has no place: providers refuse it.
            Entry::Tool { call_id, .. } => {
                let slot = self.waiting.iter_mut().find(|slot| slot.result.is_none() && slot.call.id == *call_id);
                if let Some(slot) = slot {
                    slot.result = Some(entry.clone());
                }
            }
        }
    }

    fn settle(&mut self) {
        for Waiting { call, result } in self.waiting.drain(..) {
            self.accepted.push(result.unwrap_or_else(|| Entry::Tool {
                call_id: call.id,
                name: call.name,
                output: INTERRUPTED.into(),
                is_error: true,
                started_at: 0,
                ended_at: 0,
            }));
        }
        self.accepted.append(&mut self.held);
    }

    fn finish(mut self) -> Vec<Entry> {
        self.settle();
        self.accepted
    }
}
