//! What the gateway writes is what the golden files show, and what clients read back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{json, names, text};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json as value};
use std::collections::BTreeSet;
use wingman_message::{
    AgentId, Attachment, ClientId, ContentSource, Message, MessageId, MessageStatus, Part, RequestId, Role, RunId, Sender,
    SessionKey, ToolPart,
};
use wingman_protocol::rest::*;
use wingman_protocol::*;

const NOW: i64 = 1_706_000_000_000;

fn session() -> SessionKey {
    "agent:main:chat:thread:7".parse().unwrap()
}

fn agent() -> AgentId {
    AgentId::new("main").unwrap()
}

fn request() -> RequestId {
    RequestId::new("req-1").unwrap()
}

fn run() -> RunId {
    "0190c8a0-5b7e-7a10-8000-0000000000b1".parse().unwrap()
}

fn question() -> Message {
    Message {
        id: "0190c8a0-5b7e-7a10-8000-0000000000a1".parse().unwrap(),
        role: Role::User,
        content: "What is in the report?".into(),
        created_at: NOW,
        seq: 7,
        request: Some(request()),
        run: Some(run()),
        sender: Some(Sender { id: "u-1".into(), name: Some("Ada".into()), is_bot: false }),
        status: MessageStatus::Complete,
        error: None,
        parts: Vec::new(),
        attachments: vec![Attachment {
            name: Some("report.txt".into()),
            media_type: "text/plain".into(),
            size: Some(5),
            source: ContentSource::Url("data:text/plain;base64,aGVsbG8=".into()),
        }],
        untrusted: false,
        overheard: false,
    }
}

fn answer() -> Message {
    let call = ToolPart {
        tool_call_id: "call-1".into(),
        tool_name: "read_file".into(),
        tool_input: value!({ "path": "report.txt" }),
        tool_output: Some("hello".into()),
        is_error: false,
        started_at: Some(NOW + 1000),
        ended_at: Some(NOW + 2000),
    };
    Message {
        id: answer_id(),
        role: Role::Assistant,
        content: "A greeting.".into(),
        created_at: NOW + 5000,
        seq: 12,
        sender: None,
        parts: vec![Part::Tool(call), Part::Text { text: "A greeting.".into() }],
        attachments: Vec::new(),
        ..question()
    }
}

fn answer_id() -> MessageId {
    "0190c8a0-5b7e-7a10-8000-0000000000a2".parse().unwrap()
}

fn event(seq: i64, timestamp: i64, kind: AgentEventKind) -> AgentFrame {
    let (parent_session_id, parent_run_id) = (None, None);
    let payload = AgentEvent { kind, session_id: session(), agent_id: agent(), timestamp, parent_session_id, parent_run_id };
    AgentFrame { id: Some(request()), client_id: Some(ClientId::new("cli-1").unwrap()), seq, payload, timestamp }
}

fn watched(seq: i64, timestamp: i64, kind: AgentEventKind) -> ServerFrame {
    ServerFrame::Agent(AgentFrame { client_id: None, ..event(seq, timestamp, kind) })
}

fn replies() -> Vec<(&'static str, ServerFrame)> {
    let id = |id: &str| Some(id.to_owned());
    let (request_id, session_id, agent_id) = (request(), session(), agent());
    let queued = QueueAck::Queued { request_id: request_id.clone(), session_id: session(), agent_id: agent(), position: 1 };
    let dequeued = QueueAck::Dequeued { request_id: request_id.clone(), session_id: session_id.clone(), agent_id, remaining: 0 };
    let cancel = Ack::Cancel { request_id, status: CancelStatus::CancelledQueued };
    let error = ErrorBody {
        details: Some(value!({ "limitPerMinute": 100 })),
        ..ErrorBody::new(ErrorCode::RateLimited, "Too many messages; try again in 2 s.").retry_after_ms(2000)
    };
    vec![
        ("server.res.ready", ServerFrame::ready(id("connect-1"), NOW)),
        ("server.res.refused", ServerFrame::refused(id("connect-1"), "The token is not the gateway's.", NOW)),
        ("server.ack.queued", ServerFrame::ack(id("req-1"), Ack::AgentRequest(queued), NOW)),
        ("server.ack.dequeued", ServerFrame::ack(id("req-1"), Ack::AgentRequest(dequeued), NOW)),
        ("server.ack.steered", ServerFrame::ack(id("req-2"), Ack::AgentRequest(joined(true)), NOW)),
        ("server.ack.merged", ServerFrame::ack(id("req-2"), Ack::AgentRequest(joined(false)), NOW)),
        (
            "server.ack.answer",
            ServerFrame::ack(id("answer-1"), Ack::Answer { session_id: session(), question_id: question_id() }, NOW),
        ),
        ("server.ack.cancel", ServerFrame::ack(id("cancel-1"), cancel, NOW)),
        (
            "server.ack.subscribe",
            ServerFrame::ack(id("sub-1"), Ack::SessionSubscribe { session_id: session_id.clone(), seq: 12 }, NOW),
        ),
        ("server.ack.unsubscribe", ServerFrame::ack(id("unsub-1"), Ack::SessionUnsubscribe { session_id, seq: 12 }, NOW)),
        ("server.error", ServerFrame::error(id("req-1"), error, NOW)),
        ("server.pong", ServerFrame::pong(id("ping-1"), NOW)),
    ]
}

fn to_nodes() -> Vec<(&'static str, ServerFrame)> {
    let (node_id, other, group_id) = (node(), "7c9e6679742540de944be07fc1f90ae7".parse().unwrap(), group());
    let id = |id: &str| Some(id.to_owned());
    let registered = Ack::Register { node_id, name: "laptop".into(), session_id: None, agent_name: Some("main".into()) };
    let joined = Ack::JoinGroup { group_id, group_name: "reviewers".into() };
    let said = BroadcastFrame { node_id: other, group_id, payload: value!({"text": "Who takes the next one?"}), timestamp: NOW };
    let direct = DirectFrame { node_id: other, target_node_id: node_id, payload: "You do.".into(), timestamp: NOW };
    vec![
        ("server.ack.register", ServerFrame::node_ack(id("node-1"), node_id, None, registered, NOW)),
        ("server.ack.join-group", ServerFrame::node_ack(id("join-1"), node_id, Some(group_id), joined, NOW)),
        ("server.ack.leave-group", ServerFrame::node_ack(id("leave-1"), node_id, Some(group_id), Ack::LeaveGroup {}, NOW)),
        ("server.broadcast", ServerFrame::Broadcast(said)),
        ("server.direct", ServerFrame::Direct(direct)),
        ("server.ping", ServerFrame::ping(NOW)),
    ]
}

fn node() -> NodeId {
    "0f8fad5bd9cb469fa16570867728950e".parse().unwrap()
}

fn group() -> GroupId {
    "3d813cbb47fb32ba91df831e1593ac29".parse().unwrap()
}

#[test]
fn what_a_node_says_is_passed_on_as_it_is_written() {
    for (name, frame) in to_nodes() {
        let written = match &frame {
            ServerFrame::Broadcast(said) => {
                BroadcastFrame::write(said.node_id, said.group_id, &serde_json::value::to_raw_value(&said.payload).unwrap(), NOW)
            }
            ServerFrame::Direct(said) => DirectFrame::write(
                said.node_id,
                said.target_node_id,
                &serde_json::value::to_raw_value(&said.payload).unwrap(),
                NOW,
            ),
            _ => continue,
        };
        assert_eq!(written, frame.to_json(), "{name}");
    }
}

fn joined(steered: bool) -> QueueAck {
    let (request_id, session_id, agent_id, run_id) = (RequestId::new("req-2").unwrap(), session(), agent(), run());
    let joined_request_id = Some(request());
    if steered {
        QueueAck::Steered { request_id, session_id, agent_id, run_id, joined_request_id }
    } else {
        QueueAck::Merged { request_id, session_id, agent_id, run_id, joined_request_id }
    }
}

fn question_id() -> QuestionId {
    "0190c8a0-5b7e-7a10-8000-0000000000c1".parse().unwrap()
}

fn approval() -> wingman_message::Question {
    let asked = wingman_message::NewQuestion {
        call_id: "call-1".into(),
        kind: wingman_message::QuestionKind::Approval,
        text: "May `read_file` be called with {\"path\":\"report.txt\"}?".into(),
        choices: vec![],
        tool: "read_file".into(),
        input: value!({ "path": "report.txt" }),
    };
    wingman_message::Question { id: question_id(), session: session(), run: run(), asked_at: NOW + 1000, asked }
}

/// A task that is handed on: the run that does so was itself handed one.
fn delegated() -> ServerFrame {
    let kind = AgentEventKind::DelegateStart {
        child_session_id: SessionKey::delegate(&AgentId::new("planner").unwrap(), &agent(), run(), 1),
        child_agent_id: AgentId::new("planner").unwrap(),
        parent_call_id: "call-1".into(),
    };
    let AgentFrame { payload, .. } = event(9, NOW + 1000, kind.clone());
    let parent_session_id = Some("agent:main:main".parse().unwrap());
    let payload = AgentEvent { parent_session_id, parent_run_id: Some(run()), ..payload };
    ServerFrame::Agent(AgentFrame { payload, ..event(9, NOW + 1000, kind) })
}

fn events() -> Vec<(&'static str, ServerFrame)> {
    use AgentEventKind as Kind;
    let own = |seq, after, kind| ServerFrame::Agent(event(seq, NOW + after, kind));
    let input = || value!({ "path": "report.txt" });
    let (tool_call_id, tool_name) = ("call-1".to_owned(), "read_file".to_owned());
    let tool_end = |output: &str, is_error| Kind::ToolEnd {
        tool_call_id: "call-1".into(),
        tool_name: "read_file".into(),
        tool_output: output.into(),
        is_error,
    };
    let chunk = |chunk| Kind::AgentStream { chunk };
    let snapshot = Kind::AgentSnapshot {
        run_id: run(),
        request_id: Some(request()),
        prompt: "What is in the report?".into(),
        parts: answer().parts.iter().map(MessagePart::from).collect(),
        question: None,
    };
    let denied = wingman_message::Answer::Denied { reason: Some("Ask me again tomorrow.".into()) };
    let usage = Some(Usage { input_tokens: 120, output_tokens: 4, cached_input_tokens: 64, reasoning_tokens: 2 });
    let result = AgentResult {
        response: "A greeting.".into(),
        message_id: answer_id(),
        truncated: true,
        usage,
        cost: Some(1_500),
        model: Some("demo:echo".into()),
    };
    let failed = Kind::AgentError { error: "The request was cancelled.".into(), message_id: Some(answer_id()) };
    vec![
        ("server.event.session-message", watched(7, NOW, Kind::session_message(StoredMessage::from(&question())))),
        ("server.event.session-message.answer", watched(12, NOW + 5000, Kind::session_message(StoredMessage::from(&answer())))),
        ("server.event.request-queued", own(6, 0, Kind::RequestQueued { request_id: request(), position: 1 })),
        (
            "server.event.agent-start",
            own(8, 100, Kind::AgentStart { agent: "Main".into(), prompt: "What is in the report?".into() }),
        ),
        ("server.event.agent-stream", own(11, 4000, Kind::text(run(), "A greeting.".into()))),
        ("server.event.agent-stream.reasoning", own(10, 3000, chunk(StreamChunk::reasoning(run(), "It is short.".into())))),
        (
            "server.event.agent-stream.retry",
            own(9, 500, chunk(StreamChunk::retry(run(), 700, "demo:echo: the model provider is busy".into()))),
        ),
        ("server.event.agent-stream.tool-start", own(9, 1000, chunk(StreamChunk::tool_start("call-1", "read_file", input())))),
        (
            "server.event.agent-stream.tool-output",
            own(10, 1500, chunk(StreamChunk::tool_output("call-1", "read_file", "hel".into()))),
        ),
        (
            "server.event.agent-stream.tool-end",
            own(10, 2000, chunk(StreamChunk::tool_end("call-1", "read_file", "hello".into(), false))),
        ),
        (
            "server.event.agent-stream.tool-error",
            own(10, 2000, chunk(StreamChunk::tool_end("call-1", "read_file", "no such file".into(), true))),
        ),
        ("server.event.tool-start", own(9, 1000, Kind::ToolStart { tool_call_id, tool_name, tool_input: input() })),
        ("server.event.tool-end", own(10, 2000, tool_end("hello", false))),
        ("server.event.tool-end.failed", own(10, 2000, tool_end("no such file", true))),
        ("server.event.agent-snapshot", watched(11, NOW + 4100, snapshot)),
        ("server.event.question-asked", own(9, 1000, Kind::QuestionAsked { question: Box::new((&approval()).into()) })),
        ("server.event.question-answered", own(10, 2000, Kind::question_answered(question_id(), &denied))),
        ("server.event.delegate-start", delegated()),
        ("server.event.agent-complete", own(12, 5000, Kind::AgentComplete { result })),
        ("server.event.agent-error", own(12, 5000, failed)),
    ]
}

#[test]
fn frames_are_written_and_read_as_the_golden_files_show() {
    let frames = [replies(), to_nodes(), events()].concat();
    for (name, frame) in &frames {
        assert_eq!(serde_json::from_str::<Value>(&frame.to_json()).unwrap(), json(name), "{name}");
        assert_eq!(&ServerFrame::parse(text(name).as_bytes()).unwrap(), frame, "{name}");
    }
    let tested = frames.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(tested.into_iter().collect::<Vec<_>>(), names("server."));
}

#[test]
fn a_frame_written_for_many_is_the_frame_written_for_one() {
    for (name, frame) in events() {
        let ServerFrame::Agent(frame) = frame else { panic!("{name} is no event") };
        let encoded = EncodedEvent::new(frame.seq, frame.id.clone(), &frame.payload);
        let client = ClientId::new("cli-1").unwrap();
        let own = ServerFrame::Agent(AgentFrame { client_id: Some(client.clone()), ..frame.clone() });
        let watched = ServerFrame::Agent(AgentFrame { client_id: None, ..frame });
        assert_eq!(encoded.for_requester(&client), own.to_json(), "{name}");
        assert_eq!(encoded.for_watcher(), watched.to_json(), "{name}");
    }
}

#[test]
fn a_piece_of_text_stays_small() {
    let ServerFrame::Agent(frame) = watched(11, NOW, AgentEventKind::text(run(), "Hi".into())) else { panic!() };
    let written = EncodedEvent::new(11, None, &frame.payload).for_watcher();
    assert!(written.len() < 340, "{} bytes: {written}", written.len());
}

#[test]
fn what_a_client_does_not_know_is_no_error() {
    let newer = r#"{"type":"event:weather","timestamp":1,"payload":{"sun":true}}"#;
    assert_eq!(ServerFrame::parse(newer.as_bytes()).unwrap(), ServerFrame::Unknown);
    let newer = r#"{"type":"error","timestamp":1,"extra":1,"payload":{"code":"TEAPOT","message":"no","extra":1}}"#;
    let ServerFrame::Error(error) = ServerFrame::parse(newer.as_bytes()).unwrap() else { panic!() };
    assert_eq!(error.payload.code, ErrorCode::Unknown);
}

#[test]
fn a_code_is_written_as_it_is_shown() {
    for word in ["INVALID_MESSAGE", "UNKNOWN_MESSAGE_TYPE", "AUTH_FAILED", "MAX_NODES_REACHED", "CONFLICT", "SHUTTING_DOWN"] {
        let code: ErrorCode = serde_json::from_value(word.into()).unwrap();
        assert_eq!((code.as_str(), serde_json::to_value(code).unwrap()), (word, word.into()));
    }
}

fn round_trip<T: Serialize + DeserializeOwned>(name: &str, tested: &mut BTreeSet<String>) {
    let golden = json(name);
    let body: T = serde_json::from_value(golden.clone()).unwrap();
    assert_eq!(serde_json::to_value(&body).unwrap(), golden, "{name}");
    tested.insert(name.to_owned());
}

#[test]
fn bodies_of_the_http_api_are_as_the_golden_files_show() {
    let mut tested = BTreeSet::new();
    round_trip::<SessionSummary>("rest.SessionSummary", &mut tested);
    round_trip::<CreateSession>("rest.CreateSession", &mut tested);
    round_trip::<RenameSession>("rest.RenameSession", &mut tested);
    round_trip::<ForkSession>("rest.ForkSession", &mut tested);
    round_trip::<SetWorkdir>("rest.SetWorkdir", &mut tested);
    round_trip::<SearchHit>("rest.SearchHit", &mut tested);
    round_trip::<ExportHeader>("rest.ExportHeader", &mut tested);
    round_trip::<ExportedMessage>("rest.ExportedMessage", &mut tested);
    round_trip::<FolderRoots>("rest.FolderRoots", &mut tested);
    round_trip::<FolderListing>("rest.FolderListing", &mut tested);
    round_trip::<MakeFolder>("rest.MakeFolder", &mut tested);
    round_trip::<AgentSummary>("rest.AgentSummary", &mut tested);
    round_trip::<AgentDetails>("rest.AgentDetails", &mut tested);
    round_trip::<CreateAgent>("rest.CreateAgent", &mut tested);
    round_trip::<ServerConfig>("rest.ServerConfig", &mut tested);
    round_trip::<PluginSummary>("rest.PluginSummary", &mut tested);
    round_trip::<McpServerSummary>("rest.McpServerSummary", &mut tested);
    round_trip::<ProviderSummary>("rest.ProviderSummary", &mut tested);
    round_trip::<WebhookSummary>("rest.WebhookSummary", &mut tested);
    round_trip::<CreateWebhook>("rest.CreateWebhook", &mut tested);
    round_trip::<CreatedWebhook>("rest.CreatedWebhook", &mut tested);
    round_trip::<WebhookAccepted>("rest.WebhookAccepted", &mut tested);
    round_trip::<AuthSession>("rest.AuthSession", &mut tested);
    round_trip::<LoginRequest>("rest.LoginRequest", &mut tested);
    round_trip::<DeadLetter>("rest.DeadLetter", &mut tested);
    round_trip::<OutboxEntry>("rest.OutboxEntry", &mut tested);
    round_trip::<QuestionReply>("rest.QuestionReply", &mut tested);
    round_trip::<Health>("rest.Health", &mut tested);
    round_trip::<Stats>("rest.Stats", &mut tested);
    round_trip::<Problem>("rest.Problem", &mut tested);
    assert_eq!(tested.into_iter().collect::<Vec<_>>(), names("rest."));
}

#[test]
fn the_secret_of_a_webhook_does_not_print() {
    let made: CreatedWebhook = serde_json::from_value(json("rest.CreatedWebhook")).unwrap();
    assert!(!format!("{made:?}").contains("the-webhook-secret"));
}
