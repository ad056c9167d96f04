//! From what happened in a session to the frames that one client is sent.

use axum::extract::ws::Utf8Bytes;
use std::borrow::Cow;
use wingman_dispatch::{Event, What};
use wingman_message::{ClientId, Message, MessageStatus, Question, RequestId, RunId};
use wingman_protocol::{
    Ack, AgentEvent, AgentEventKind, AgentResult, EncodedEvent, MessagePart, PendingQuestion, QueueAck, ServerFrame,
    StoredMessage, StreamChunk,
};

/// How a client stands to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// It asked for this, on this connection or an earlier one.
    Requester,
    /// It watches the session.
    Watcher,
}

/// The frames of an event, as JSON texts, in order; possibly none. All who watch share one rendering.
pub(crate) fn frames<'a>(event: &'a Event, client: &ClientId, stands: Stands) -> Cow<'a, [Utf8Bytes]> {
    let render = || render(event, client, stands).into_iter().map(Utf8Bytes::from).collect::<Vec<_>>();
    let shared = if stands == Stands::Watcher { event.rendered.get_or_render(render) } else { None };
    shared.map_or_else(|| Cow::Owned(render()), |shared| Cow::Borrowed(shared.as_slice()))
}

fn render(event: &Event, client: &ClientId, stands: Stands) -> Vec<String> {
    let is_requester = stands == Stands::Requester;
    let kinds = match &event.what {
        // The requester knows what it said; after a reconnect it may not know that it was taken.
        What::UserMessage(_) if is_requester && !event.replayed => vec![],
        What::UserMessage(message) => vec![session_message(message)],
        What::Queued { position } => event
            .request
            .iter()
            .map(|request| AgentEventKind::RequestQueued { request_id: request.clone(), position: *position as u64 })
            .collect(),
        What::Dequeued { remaining } => return dequeued(event, *remaining, is_requester),
        What::Joined { run, into, steered } => return joined(event, *run, into.as_ref(), *steered, is_requester),
        // The session's own end has told those who watch.
        What::JoinedEnded { .. } if !is_requester => vec![],
        What::JoinedEnded { answer: Some(answer), error: None, usage } => {
            vec![AgentEventKind::AgentComplete { result: result(answer, usage.map(Into::into)) }]
        }
        What::JoinedEnded { answer, error, .. } => vec![AgentEventKind::AgentError {
            error: error.clone().unwrap_or_else(|| "the request ended without an answer".into()),
            message_id: answer.as_ref().map(|answer| answer.id),
        }],
        What::Asked(question) => vec![asked(question)],
        What::Answered { question, answer } => vec![AgentEventKind::question_answered(question.id, answer)],
        What::Delegated { call_id, session } => vec![AgentEventKind::DelegateStart {
            child_agent_id: session.agent().clone(),
            child_session_id: session.clone(),
            parent_call_id: call_id.to_string(),
        }],
        What::Started { prompt } => {
            vec![AgentEventKind::AgentStart { agent: event.session.agent().to_string(), prompt: prompt.clone() }]
        }
        What::Text { run, text } => vec![AgentEventKind::text(*run, text.clone())],
        What::Reasoning { run, text } => {
            vec![AgentEventKind::AgentStream { chunk: StreamChunk::reasoning(*run, text.clone()) }]
        }
        What::Retrying { run, after_ms, reason } => {
            vec![AgentEventKind::AgentStream { chunk: StreamChunk::retry(*run, *after_ms, reason.clone()) }]
        }
        What::ToolStarted { call } => vec![
            AgentEventKind::ToolStart {
                tool_call_id: call.id.clone(),
                tool_name: call.name.clone(),
                tool_input: call.input.clone(),
            },
            AgentEventKind::AgentStream { chunk: StreamChunk::tool_start(&call.id, &call.name, call.input.clone()) },
        ],
        What::ToolOutput { call, chunk } => {
            vec![AgentEventKind::AgentStream { chunk: StreamChunk::tool_output(&call.id, &call.name, chunk.clone()) }]
        }
        What::ToolEnded { call, output, is_error } => vec![
            AgentEventKind::ToolEnd {
                tool_call_id: call.id.clone(),
                tool_name: call.name.clone(),
                tool_output: output.clone(),
                is_error: *is_error,
            },
            AgentEventKind::AgentStream { chunk: StreamChunk::tool_end(&call.id, &call.name, output.clone(), *is_error) },
        ],
        What::Snapshot(snapshot) => vec![AgentEventKind::AgentSnapshot {
            run_id: snapshot.run,
            request_id: snapshot.request.clone(),
            prompt: snapshot.prompt.clone(),
            parts: snapshot.parts.iter().map(MessagePart::from).collect(),
            question: snapshot.question.as_ref().map(|question| Box::new(PendingQuestion::from(question.as_ref()))),
        }],
        // What ended while nobody looked is a message of the history to a watcher, and the awaited end to its requester.
        What::Completed { answer, .. } | What::Failed { answer: Some(answer), .. } if event.replayed && !is_requester => {
            vec![session_message(answer)]
        }
        What::Completed { answer, usage, model } => {
            let cost = usage.and_then(|usage| usage.cost_micro_usd);
            let model = model.as_deref().map(str::to_owned);
            let result = AgentResult { cost, model, ..result(answer, usage.map(Into::into)) };
            vec![AgentEventKind::AgentComplete { result }]
        }
        What::Failed { answer, error } => {
            vec![AgentEventKind::AgentError { error: error.clone(), message_id: answer.as_ref().map(|answer| answer.id) }]
        }
    };
    kinds.into_iter().map(|kind| encode(event, kind, client, is_requester)).collect()
}

/// A new message or a question, for a client that lists sessions and does not watch this one.
pub(crate) fn notice(event: &Event, client: &ClientId) -> Option<String> {
    let message = match &event.what {
        What::Asked(question) => return Some(encode(event, asked(question), client, false)),
        What::UserMessage(message) | What::Completed { answer: message, .. } | What::Failed { answer: Some(message), .. } => {
            message
        }
        _ => return None,
    };
    Some(encode(event, session_message(message), client, false))
}

/// The result that a finished request had.
pub(crate) fn result(answer: &Message, usage: Option<wingman_protocol::Usage>) -> AgentResult {
    AgentResult {
        response: answer.content.clone(),
        message_id: answer.id,
        truncated: answer.status == MessageStatus::Truncated,
        usage,
        cost: None,
        model: None,
    }
}

fn encode(event: &Event, kind: AgentEventKind, client: &ClientId, is_requester: bool) -> String {
    let payload = AgentEvent {
        kind,
        session_id: event.session.clone(),
        agent_id: event.session.agent().clone(),
        timestamp: event.at,
        parent_session_id: event.parent.as_ref().map(|parent| parent.session.clone()),
        parent_run_id: event.parent.as_ref().map(|parent| parent.run),
    };
    let encoded = EncodedEvent::new(event.seq, event.request.clone(), &payload);
    if is_requester { encoded.for_requester(client) } else { encoded.for_watcher() }
}

fn asked(question: &Question) -> AgentEventKind {
    AgentEventKind::QuestionAsked { question: Box::new(PendingQuestion::from(question)) }
}

fn session_message(message: &Message) -> AgentEventKind {
    AgentEventKind::session_message(StoredMessage::from(message))
}

fn dequeued(event: &Event, remaining: usize, is_requester: bool) -> Vec<String> {
    match &event.request {
        Some(request) if is_requester => {
            let ack = QueueAck::Dequeued {
                request_id: request.clone(),
                session_id: event.session.clone(),
                agent_id: event.session.agent().clone(),
                remaining: remaining as u64,
            };
            vec![ServerFrame::ack(Some(request.to_string()), Ack::AgentRequest(ack), event.at).to_json()]
        }
        _ => vec![],
    }
}

/// The one who made a request that has no turn of its own is told whose turn answers it.
fn joined(event: &Event, run_id: RunId, into: Option<&RequestId>, steered: bool, is_requester: bool) -> Vec<String> {
    let Some(request_id) = event.request.clone().filter(|_| is_requester) else { return vec![] };
    let id = Some(request_id.to_string());
    let (session_id, agent_id) = (event.session.clone(), event.session.agent().clone());
    let joined_request_id = into.cloned();
    let ack = if steered {
        QueueAck::Steered { request_id, session_id, agent_id, run_id, joined_request_id }
    } else {
        QueueAck::Merged { request_id, session_id, agent_id, run_id, joined_request_id }
    };
    vec![ServerFrame::ack(id, Ack::AgentRequest(ack), event.at).to_json()]
}
