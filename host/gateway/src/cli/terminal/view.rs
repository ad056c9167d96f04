//! From the events of sessions to what is written: pure, and without repeating what was written before.
//!
//! Each session has a lane. The first one is the conversation; sessions that it handed tasks to are drawn beside it, indented.

mod lane;

use super::card;
use super::clean::{one_line, visible};
use super::markdown::{Pen, Source};
use crate::show;
use lane::{Lane, Run, Thought};
use std::collections::VecDeque;
use wingman_message::{MessageId, RequestId, SessionKey};
use wingman_protocol::{AgentEvent, AgentEventKind, AgentResult, MessagePart, Role, StoredMessage, StreamChunk, ToolCallPart};

/// How many answers are remembered as told.
const TOLD: usize = 64;
/// How many delegated sessions are drawn at once; the gateway lets fewer run.
const MAX_LANES: usize = 64;

/// Something to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Out {
    /// More of the answer, as it is: text without a shape of its own.
    Words(String),
    /// A finished row of the answer.
    Row(String),
    /// A row that is not of the answer.
    Note(String),
    /// How it ended, and what it used.
    End(String),
}

/// How it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// The answer is drawn, rather than written as it is.
    pub(crate) rich: bool,
    /// What is not finished is drawn too, by [`View::live`]: a tool needs no row of its own when it begins.
    pub(crate) live: bool,
    /// Columns.
    pub(crate) width: usize,
}

/// What was written, and how the next event goes on from there.
pub(crate) struct View {
    look: Look,
    pen: Pen,
    lanes: Vec<Lane>,
    told: VecDeque<MessageId>,
}

impl View {
    pub(crate) fn new(look: Look) -> Self {
        Self { look, pen: Pen::default(), lanes: Vec::new(), told: VecDeque::new() }
    }

    /// The terminal has another width now.
    pub(crate) fn resize(&mut self, width: usize) {
        self.look.width = width;
    }

    /// A run of the conversation is going on.
    pub(crate) fn is_running(&self) -> bool {
        self.lanes.first().is_some_and(|lane| lane.run.is_some())
    }

    /// Another conversation: nothing of the old one is known any more.
    pub(crate) fn forget(&mut self) {
        self.lanes.clear();
        self.told.clear();
    }

    /// What `event`, which answers `request`, adds.
    pub(crate) fn event(&mut self, request: Option<&RequestId>, event: &AgentEvent) -> Vec<Out> {
        let mut outs = Vec::new();
        let Some(index) = self.lane_of(event) else { return outs };
        let now = event.timestamp;
        let lane = &mut self.lanes[index];
        let mut ink = Ink { look: self.look, pen: &self.pen, depth: lane.depth, outs: &mut outs };
        match &event.kind {
            AgentEventKind::SessionMessage { message, .. } => self.stored(index, message, now, &mut outs),
            AgentEventKind::RequestQueued { position, .. } => {
                ink.note(&show::faint(&format!("waiting behind {position} other(s)")));
            }
            AgentEventKind::AgentStart { .. } => {
                lane.settle(now, &mut ink);
                lane.run = Some(Run::new(request.cloned(), now));
            }
            AgentEventKind::AgentStream { chunk } => stream(lane, chunk, request, now, &mut ink),
            AgentEventKind::ToolStart { tool_call_id, tool_name, tool_input } => {
                lane.settle(now, &mut ink);
                lane.run(request, now).begin(tool_call_id, tool_name, tool_input, now, &mut ink);
            }
            AgentEventKind::ToolEnd { tool_call_id, tool_name, tool_output, is_error } => {
                lane.settle(now, &mut ink);
                lane.run(request, now).end(tool_call_id, tool_name, tool_output, *is_error, now, &mut ink);
            }
            AgentEventKind::AgentSnapshot { request_id, parts, .. } => {
                lane.run(request_id.as_ref(), now);
                catch_up(lane, parts, now, &mut ink);
            }
            // Who can answer is not known here: the caller writes it, when it asks.
            AgentEventKind::QuestionAsked { .. } => lane.settle(now, &mut ink),
            AgentEventKind::QuestionAnswered { approved, answer, .. } => {
                let what = match (approved, answer) {
                    (Some(true), _) => "allowed".to_owned(),
                    (Some(false), None) => "refused".to_owned(),
                    (Some(false), Some(why)) => format!("refused: {why}"),
                    (None, answer) => format!("answered: {}", answer.as_deref().unwrap_or_default()),
                };
                ink.note(&show::faint(&one_line(&what, self.look.width)));
            }
            AgentEventKind::DelegateStart { child_agent_id, .. } => {
                lane.settle(now, &mut ink);
                ink.note(&show::faint(&format!("agent {child_agent_id} is at work")));
            }
            AgentEventKind::AgentComplete { result } => self.complete(index, request, result, now, &mut outs),
            AgentEventKind::AgentError { error, .. } => {
                let own = lane.run.as_ref().is_some_and(|run| run.request.is_none() || run.request.as_ref() == request);
                if own {
                    lane.settle(now, &mut ink);
                    lane.run = None;
                }
                ink.end(&format!("{} {}", show::bad("ended:"), one_line(error, self.look.width.max(200))));
                self.leave(index);
            }
        }
        outs
    }

    /// A message of the conversation's past.
    pub(crate) fn message(&self, message: &StoredMessage) -> Vec<Out> {
        let mut outs = Vec::new();
        let mut ink = Ink { look: self.look, pen: &self.pen, depth: 0, outs: &mut outs };
        match message.role {
            Role::User => {
                // A client's name for itself tells people nothing.
                let sender = message.sender.as_deref().filter(|_| message.request_id.is_none());
                let sender = sender.map(|sender| format!("{}: ", one_line(sender, 40))).unwrap_or_default();
                for (number, line) in visible(&message.content).lines().enumerate() {
                    let lead = if number == 0 { format!("› {sender}") } else { "  ".to_owned() };
                    ink.note(&show::faint(&format!("{lead}{line}")));
                }
            }
            Role::Assistant => {
                for part in message.parts.as_deref().unwrap_or(&[MessagePart::Text { text: message.content.clone() }]) {
                    match part {
                        MessagePart::Text { text } => {
                            let mut source = Source::default();
                            let mut pieces = source.push(text);
                            pieces.extend(source.finish());
                            ink.answer(text, &pieces);
                        }
                        MessagePart::Reasoning { .. } => {}
                        MessagePart::Tool(tool) => ink.tool(tool),
                    }
                }
                if let Some(error) = &message.error {
                    ink.note(&format!("{} {}", show::bad("ended:"), one_line(error, self.look.width.max(200))));
                }
            }
        }
        outs
    }

    /// The rows that are not finished yet, as they are at `now_ms`.
    pub(crate) fn live(&self, now_ms: i64) -> Vec<String> {
        let mut rows = Vec::new();
        for lane in &self.lanes {
            let Some(run) = &lane.run else { continue };
            let lead = lead(lane.depth);
            let width = self.look.width.saturating_sub(2 * lane.depth);
            rows.extend(run.live(&self.pen, width, now_ms).into_iter().map(|row| format!("{lead}{row}")));
        }
        rows
    }

    fn lane_of(&mut self, event: &AgentEvent) -> Option<usize> {
        if let Some(index) = self.lanes.iter().position(|lane| lane.session == event.session_id) {
            return Some(index);
        }
        if self.lanes.len() >= MAX_LANES {
            return None;
        }
        let above = |parent: &SessionKey| self.lanes.iter().find(|lane| lane.session == *parent).map_or(0, |lane| lane.depth);
        let depth = match &event.parent_session_id {
            // A delegated session may itself be the conversation.
            Some(parent) if !self.lanes.is_empty() => above(parent) + 1,
            _ => 0,
        };
        self.lanes.push(Lane { session: event.session_id.clone(), depth, run: None });
        Some(self.lanes.len() - 1)
    }

    /// A delegated session that has ended is drawn no more.
    fn leave(&mut self, index: usize) {
        if index > 0 && self.lanes.get(index).is_some_and(|lane| lane.run.is_none()) {
            self.lanes.remove(index);
        }
    }

    fn stored(&mut self, index: usize, message: &StoredMessage, now: i64, outs: &mut Vec<Out>) {
        if self.told.contains(&message.id) {
            return;
        }
        self.tell(message.id);
        let lane = &mut self.lanes[index];
        let is_end = message.role == Role::Assistant
            && lane.run.as_ref().is_some_and(|run| run.request == message.request_id || run.goes_on_with(&message.content));
        if !is_end {
            outs.extend(self.message(message));
            return;
        }
        let mut ink = Ink { look: self.look, pen: &self.pen, depth: lane.depth, outs };
        catch_up(lane, message.parts.as_deref().unwrap_or_default(), now, &mut ink);
        lane.settle(now, &mut ink);
        lane.run = None;
        self.leave(index);
    }

    fn complete(&mut self, index: usize, request: Option<&RequestId>, result: &AgentResult, now: i64, outs: &mut Vec<Out>) {
        if self.told.contains(&result.message_id) {
            return;
        }
        self.tell(result.message_id);
        let lane = &mut self.lanes[index];
        let mut ink = Ink { look: self.look, pen: &self.pen, depth: lane.depth, outs };
        // A request that joined this run may end before the one that began it; any other answer is an earlier one.
        let others = lane
            .run
            .take_if(|run| run.request.is_some() && run.request.as_ref() != request && !run.goes_on_with(&result.response));
        let run = lane.run(request, now);
        if let Some(rest) = run.rest_of(&result.response).map(str::to_owned) {
            run.say(&rest, now, &mut ink);
        }
        let began = run.began;
        lane.settle(now, &mut ink);
        lane.run = others;
        if result.truncated {
            ink.note(&show::faint("the model hit its output limit: the answer is not whole"));
        }
        ink.end(&show::faint(&card::used(result, now.saturating_sub(began))));
        self.leave(index);
    }

    fn tell(&mut self, message: MessageId) {
        if self.told.len() >= TOLD {
            self.told.pop_front();
        }
        self.told.push_back(message);
    }
}

fn stream(lane: &mut Lane, chunk: &StreamChunk, request: Option<&RequestId>, now: i64, ink: &mut Ink<'_>) {
    match chunk {
        StreamChunk::OnChatModelStream { data, .. } => lane.run(request, now).say(&data.chunk.content, now, ink),
        StreamChunk::OnChatModelReasoning { data, .. } => {
            let run = lane.run(request, now);
            run.flush(ink);
            run.thought.get_or_insert_with(|| Thought::new(now)).push(&data.chunk.content);
        }
        StreamChunk::OnChatModelRetry { data, .. } => {
            let when = i64::try_from(data.after_ms).unwrap_or(i64::MAX);
            let words = format!("asked again in {}: {}", card::duration(when), data.reason);
            ink.note(&show::faint(&one_line(&words, ink.look.width.max(200))));
        }
        StreamChunk::OnToolStream { run_id, data, .. } => {
            if let Some(tool) = lane.run.as_mut().and_then(|run| run.tools.iter_mut().find(|tool| tool.id == *run_id)) {
                tool.heard(&data.chunk);
            }
        }
        // `tool-start` and `tool-end` say the same.
        StreamChunk::OnToolStart { .. } | StreamChunk::OnToolEnd { .. } | StreamChunk::OnToolError { .. } => {}
    }
}

/// Brings what was written of a run up to `parts`, which is all of it so far.
fn catch_up(lane: &mut Lane, parts: &[MessagePart], now: i64, ink: &mut Ink<'_>) {
    let run = lane.run(None, now);
    let text: String =
        parts.iter().filter_map(|part| if let MessagePart::Text { text } = part { Some(text.as_str()) } else { None }).collect();
    let mut behind = match run.rest_of(&text) {
        Some(rest) => text.len() - rest.len(),
        // The gateway was killed in the middle of a step, and does that one again.
        None if run.was_ahead_of(&text) => {
            run.flush(ink);
            ink.note(&show::faint("broken off; the last step is done again:"));
            run.said.clone_from(&text);
            text.len()
        }
        None => {
            run.flush(ink);
            ink.note(&show::faint("from its beginning again:"));
            run.said.clear();
            0
        }
    };
    // Text and tools in their order: what was written already is passed over.
    for part in parts {
        match part {
            MessagePart::Text { text } => {
                let known = behind.min(text.len());
                behind -= known;
                if let Some(rest) = text.get(known..).filter(|rest| !rest.is_empty()) {
                    run.say(rest, now, ink);
                }
            }
            MessagePart::Reasoning { .. } => {}
            MessagePart::Tool(tool) => run.tool(tool, now, ink),
        }
    }
}

/// What an event is written with.
pub(super) struct Ink<'a> {
    look: Look,
    pen: &'a Pen,
    depth: usize,
    outs: &'a mut Vec<Out>,
}

impl Ink<'_> {
    fn width(&self) -> usize {
        self.look.width.saturating_sub(2 * self.depth)
    }

    fn note(&mut self, row: &str) {
        self.outs.push(Out::Note(format!("{}{row}", lead(self.depth))));
    }

    fn end(&mut self, row: &str) {
        self.outs.push(Out::End(format!("{}{row}", lead(self.depth))));
    }

    /// More of an answer: `text`, by which `pieces` were finished.
    fn answer(&mut self, text: &str, pieces: &[super::markdown::Piece]) {
        if self.depth == 0 && !self.look.rich {
            // Half of a line break is dropped rather than shown.
            let text = visible(text.strip_suffix('\r').unwrap_or(text)).into_owned();
            if !text.is_empty() {
                self.outs.push(Out::Words(text));
            }
            return;
        }
        let (pen, width) = (self.pen, self.width());
        let rows = pieces.iter().flat_map(|piece| pen.rows(piece, width));
        let (lead, is_answer) = (lead(self.depth), self.depth == 0);
        self.outs.extend(rows.map(|row| if is_answer { Out::Row(row) } else { Out::Note(format!("{lead}{row}")) }));
    }

    fn tool(&mut self, tool: &ToolCallPart) {
        let took = tool.started_at.zip(tool.ended_at).map(|(from, to)| to - from);
        let output = tool.tool_output.as_deref().unwrap_or("no result");
        for row in card::ended(&tool.tool_name, Some(&tool.tool_input), output, tool.is_error, took, self.width()) {
            self.note(&row);
        }
    }
}

/// What stands before the rows of a session that was handed a task.
fn lead(depth: usize) -> String {
    if depth == 0 { String::new() } else { show::faint(&"│ ".repeat(depth.min(8))) }
}

#[cfg(test)]
mod tests;
