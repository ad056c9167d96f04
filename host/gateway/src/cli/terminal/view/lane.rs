//! One session that is drawn: the run in it, and how far it was written.

use super::Ink;
use crate::cli::terminal::card;
use crate::cli::terminal::clean::{cut, one_line, visible};
use crate::cli::terminal::markdown::{Pen, Piece, Source};
use serde_json::Value;
use wingman_message::{RequestId, SessionKey};
use wingman_protocol::ToolCallPart;

/// How much of a thought is kept to be shown, in characters.
const THOUGHT: usize = 400;

pub(super) struct Lane {
    pub(super) session: SessionKey,
    /// How many sessions stand above it.
    pub(super) depth: usize,
    pub(super) run: Option<Run>,
}

impl Lane {
    /// The run in this session; one that is new where its beginning was missed.
    pub(super) fn run(&mut self, request: Option<&RequestId>, now: i64) -> &mut Run {
        self.run.get_or_insert_with(|| Run::new(request.cloned(), now))
    }

    /// Something else is written next: what is open is finished.
    pub(super) fn settle(&mut self, now: i64, ink: &mut Ink<'_>) {
        if let Some(run) = &mut self.run {
            run.flush(ink);
            run.end_thought(now, ink);
        }
    }
}

/// A run, and what was written of it.
pub(super) struct Run {
    /// The request that began it, where a client's did.
    pub(super) request: Option<RequestId>,
    pub(super) began: i64,
    /// All its text so far.
    pub(super) said: String,
    pub(super) source: Source,
    pub(super) thought: Option<Thought>,
    pub(super) tools: Vec<Tool>,
}

impl Run {
    pub(super) fn new(request: Option<RequestId>, now: i64) -> Self {
        Self { request, began: now, said: String::new(), source: Source::default(), thought: None, tools: Vec::new() }
    }

    pub(super) fn say(&mut self, text: &str, now: i64, ink: &mut Ink<'_>) {
        self.end_thought(now, ink);
        self.said.push_str(text);
        let pieces = self.source.push(text);
        ink.answer(text, &pieces);
    }

    /// What is open is finished.
    pub(super) fn flush(&mut self, ink: &mut Ink<'_>) {
        let pieces = self.source.finish();
        // Without a shape all text has been written already.
        ink.answer("", &pieces);
    }

    pub(super) fn end_thought(&mut self, now: i64, ink: &mut Ink<'_>) {
        if let Some(thought) = self.thought.take() {
            ink.note(&card::thought(&thought.text, now.saturating_sub(thought.began), ink.width()));
        }
    }

    /// What `text`, which is all of an answer, adds to what was said; none where it is another one. Space between words does not
    /// count: a stored answer may have other line breaks between its parts.
    pub(super) fn rest_of<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut all = text.char_indices();
        for said in self.said.chars().filter(|character| !character.is_whitespace()) {
            let (_, next) = all.find(|(_, character)| !character.is_whitespace())?;
            if next != said {
                return None;
            }
        }
        let rest = all.as_str();
        // Spaces that were said already.
        let open = self.said.len() - self.said.trim_end().len();
        let again = (rest.len() - rest.trim_start().len()).min(open);
        Some(rest.get(again..).unwrap_or(rest))
    }

    /// All of `text` was said, and more.
    pub(super) fn was_ahead_of(&self, text: &str) -> bool {
        let mut said = self.said.chars().filter(|character| !character.is_whitespace());
        text.chars().filter(|character| !character.is_whitespace()).all(|character| said.next() == Some(character))
    }

    pub(super) fn goes_on_with(&self, text: &str) -> bool {
        self.rest_of(text).is_some()
    }

    pub(super) fn begin(&mut self, id: &str, name: &str, input: &Value, now: i64, ink: &mut Ink<'_>) {
        if self.tools.iter().any(|tool| tool.id == id) {
            return;
        }
        if !ink.look.live {
            ink.note(&card::begun(name, input, ink.width()));
        }
        let (id, name) = (id.to_owned(), name.to_owned());
        self.tools.push(Tool { id, name, input: Some(input.clone()), began: now, tail: String::new() });
    }

    pub(super) fn end(&mut self, id: &str, name: &str, output: &str, is_error: bool, now: i64, ink: &mut Ink<'_>) {
        let known = self.tools.iter_mut().find(|tool| tool.id == id);
        let (input, began) = match known {
            // It has its card.
            Some(Tool { input: None, .. }) => return,
            Some(tool) => (tool.input.take(), Some(tool.began)),
            None => {
                let (id, name) = (id.to_owned(), name.to_owned());
                self.tools.push(Tool { id, name, input: None, began: now, tail: String::new() });
                (None, None)
            }
        };
        // Where its beginning has a row, the input stands there.
        let input = input.filter(|_| ink.look.live);
        for row in card::ended(name, input.as_ref(), output, is_error, began.map(|began| now.saturating_sub(began)), ink.width())
        {
            ink.note(&row);
        }
    }

    /// A tool as a snapshot has it.
    pub(super) fn tool(&mut self, tool: &ToolCallPart, now: i64, ink: &mut Ink<'_>) {
        let ToolCallPart { tool_call_id: id, tool_name: name, tool_input, tool_output, is_error, started_at, ended_at } = tool;
        let known = self.tools.iter().find(|tool| tool.id == *id);
        if known.is_some_and(|known| known.input.is_none() || tool_output.is_none()) {
            return;
        }
        self.flush(ink);
        self.begin(id, name, tool_input, started_at.unwrap_or(now), ink);
        if let Some(output) = tool_output {
            self.end(id, name, output, *is_error, ended_at.unwrap_or(now), ink);
        }
    }

    /// The rows that are not finished.
    pub(super) fn live(&self, pen: &Pen, width: usize, now: i64) -> Vec<String> {
        let mut rows = Vec::new();
        for piece in self.source.open() {
            match piece {
                // Two columns are the indent of code.
                Piece::Code(line) => {
                    let line = visible(&line).replace('\t', "    ");
                    rows.extend(pen.rows(&Piece::Code(cut(&line, width.saturating_sub(2))), width));
                }
                piece => rows.extend(pen.rows(&piece, width)),
            }
        }
        rows.extend(
            self.thought.iter().map(|thought| card::thought(&thought.newest(), now.saturating_sub(thought.began), width)),
        );
        let running = self.tools.iter().filter_map(|tool| Some((tool, tool.input.as_ref()?)));
        rows.extend(
            running.map(|(tool, input)| card::running(&tool.name, input, &tool.tail, now.saturating_sub(tool.began), width)),
        );
        rows
    }
}

/// What the model thinks.
pub(super) struct Thought {
    began: i64,
    /// How it began; the rest is counted by nobody.
    text: String,
    newest: String,
}

impl Thought {
    pub(super) fn new(now: i64) -> Self {
        Self { began: now, text: String::new(), newest: String::new() }
    }

    pub(super) fn push(&mut self, text: &str) {
        let room = THOUGHT.saturating_sub(self.text.chars().count());
        self.text.extend(text.chars().take(room));
        self.newest.push_str(text);
        let surplus = self.newest.chars().count().saturating_sub(THOUGHT);
        self.newest = self.newest.chars().skip(surplus).collect();
    }

    /// The last words, which are what one watches while they come.
    fn newest(&self) -> String {
        let line = self.newest.trim_end().rsplit('\n').next().unwrap_or_default();
        line.to_owned()
    }
}

/// A tool that was called.
pub(super) struct Tool {
    pub(super) id: String,
    name: String,
    /// What it was called with, until it has its card.
    input: Option<Value>,
    began: i64,
    /// The newest line of its output.
    tail: String,
}

impl Tool {
    pub(super) fn heard(&mut self, chunk: &str) {
        if let Some(line) = chunk.lines().rfind(|line| !line.trim().is_empty()) {
            self.tail = one_line(line, 200);
        }
    }
}
