//! From what a run does to what people read, and from what is stored to what a model reads. Pure.

use wingman_message::{Entry, Message, Part, Progress, Role, ToolPart, UserEntry};

/// Collects a run's progress into the parts of its answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartsBuilder(Vec<Part>);

impl PartsBuilder {
    /// What a run had done in an earlier life of the process, from its journal.
    pub(crate) fn from_journal(steps: &[Entry]) -> Self {
        let mut parts = Self::default();
        for step in steps {
            match step {
                Entry::User(_) => {}
                Entry::Assistant { text, calls: _, reasoning } => {
                    parts.reasoning(reasoning.as_ref().map_or("", |reasoning| reasoning.text.as_str()));
                    parts.text(text);
                }
                Entry::Tool { call_id, name, output, is_error, started_at, ended_at } => parts.0.push(Part::Tool(ToolPart {
                    tool_call_id: call_id.clone(),
                    tool_name: name.clone(),
                    tool_input: input_of(steps, call_id),
                    tool_output: Some(output.clone()),
                    is_error: *is_error,
                    started_at: Some(*started_at),
                    ended_at: Some(*ended_at),
                })),
            }
        }
        parts
    }

    /// Takes in `progress`, which happened at `now_ms`.
    pub(crate) fn apply(&mut self, progress: &Progress, now_ms: i64) {
        match progress {
            Progress::Text(text) => self.text(text),
            Progress::Reasoning(text) => self.reasoning(text),
            Progress::ToolStarted(call) => self.0.push(Part::Tool(ToolPart {
                tool_call_id: call.id.clone(),
                tool_name: call.name.clone(),
                tool_input: call.input.clone(),
                tool_output: None,
                is_error: false,
                started_at: Some(now_ms),
                ended_at: None,
            })),
            // It is shown as it comes and kept nowhere: the result stands on its own.
            Progress::ToolOutput { .. } | Progress::Retrying { .. } => {}
            Progress::ToolEnded { call, output, is_error } => {
                let open = self.0.iter_mut().rev().find_map(|part| match part {
                    Part::Tool(tool) if tool.tool_call_id == call.id => Some(tool),
                    _ => None,
                });
                if let Some(tool) = open {
                    tool.tool_output = Some(output.clone());
                    tool.is_error = *is_error;
                    tool.ended_at = Some(now_ms);
                }
            }
        }
    }

    pub(crate) fn to_vec(&self) -> Vec<Part> {
        self.0.clone()
    }

    fn text(&mut self, more: &str) {
        if more.is_empty() {
            return;
        }
        if let Some(Part::Text { text }) = self.0.last_mut() {
            text.push_str(more);
        } else {
            self.0.push(Part::Text { text: more.to_owned() });
        }
    }

    fn reasoning(&mut self, more: &str) {
        if more.is_empty() {
            return;
        }
        if let Some(Part::Reasoning { text }) = self.0.last_mut() {
            text.push_str(more);
        } else {
            self.0.push(Part::Reasoning { text: more.to_owned() });
        }
    }
}

fn input_of(steps: &[Entry], call_id: &str) -> serde_json::Value {
    let calls = steps.iter().filter_map(|step| match step {
        Entry::Assistant { calls, .. } => Some(calls),
        _ => None,
    });
    calls.flatten().find(|call| call.id == call_id).map_or(serde_json::Value::Null, |call| call.input.clone())
}

/// All text of an answer: to the letter what somebody has who kept every word that streamed by.
pub(crate) fn text_of(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.as_str()),
        Part::Reasoning { .. } | Part::Tool(_) => None,
    });
    texts.collect()
}

/// What a user's stored message is to a model.
pub(crate) fn user_entry(message: &Message) -> Entry {
    Entry::User(UserEntry {
        text: message.content.clone(),
        attachments: message.attachments.clone(),
        untrusted: message.untrusted,
    })
}

/// The conversation as a model reads it: an assistant's message becomes the journal of its run. A run that broke off between a
/// model step and its end keeps what people saw of it, so that the model knows what was said.
pub(crate) fn history(messages: Vec<(Message, Vec<Entry>)>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (message, journal) in messages {
        match message.role {
            Role::User => entries.push(user_entry(&message)),
            Role::Assistant => {
                let answered = matches!(journal.last(), Some(Entry::Assistant { calls, .. }) if calls.is_empty());
                entries.extend(journal);
                if !answered && !message.content.is_empty() {
                    entries.push(Entry::assistant(message.content, Vec::new()));
                }
            }
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wingman_message::{Reasoning, ToolCall};

    fn call(id: &str) -> ToolCall {
        ToolCall { id: id.into(), name: "look".into(), input: json!({"at": id}) }
    }

    #[test]
    fn words_grow_and_tools_keep_their_place_between_them() {
        let mut parts = PartsBuilder::default();
        for progress in [
            Progress::Reasoning("Where ".into()),
            Progress::Reasoning("is it?".into()),
            Progress::Text("Let me ".into()),
            Progress::Text("look.".into()),
            Progress::ToolStarted(call("1")),
            Progress::ToolEnded { call: call("1"), output: "found".into(), is_error: false },
            Progress::Text("Done.".into()),
        ] {
            parts.apply(&progress, 7);
        }
        let parts = parts.to_vec();
        assert_eq!(parts.len(), 4);
        assert_eq!(parts[0], Part::Reasoning { text: "Where is it?".into() });
        assert_eq!(text_of(&parts), "Let me look.Done.");
        let Part::Tool(tool) = &parts[2] else { panic!("{parts:?}") };
        assert_eq!((tool.tool_output.as_deref(), tool.ended_at), (Some("found"), Some(7)));
    }

    #[test]
    fn a_journal_reads_back_as_the_parts_that_were_seen() {
        let reasoning = Reasoning { text: "Where is it?".into(), replay: None };
        let steps = [
            Entry::Assistant { text: "Let me look.".into(), calls: vec![call("1")], reasoning: Some(reasoning) },
            Entry::Tool {
                call_id: "1".into(),
                name: "look".into(),
                output: "found".into(),
                is_error: false,
                started_at: 1,
                ended_at: 2,
            },
        ];
        let parts = PartsBuilder::from_journal(&steps).to_vec();
        assert_eq!(parts[0], Part::Reasoning { text: "Where is it?".into() });
        let Part::Tool(tool) = &parts[2] else { panic!("{parts:?}") };
        assert_eq!((&tool.tool_input, tool.started_at), (&json!({"at": "1"}), Some(1)));
    }
}
