//! What clients write is what the gateway reads; what they should not write is refused, with a reason.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{json, names, text};
use serde_json::Value;
use wingman_message::{ClientId, PeerKind, RequestId, SessionKey};
use wingman_protocol::{
    AgentRequest, AnswerRequest, AttachmentKind, Auth, BroadcastRequest, CancelRequest, ClientFrame, ClientInfo, ClientMessage,
    DirectRequest, ErrorCode, Frame, FrameError, JoinGroupRequest, LeaveGroupRequest, NewAttachment, NodeMessage, Peer,
    QueueMode, RegisterRequest, Routing, Secret, SubscribeRequest, UnsubscribeRequest,
};

const NOW: i64 = 1_706_000_000_000;
const SESSION: &str = "agent:main:chat:thread:7";

fn read(name: &str) -> Frame {
    ClientFrame::parse(text(name).as_bytes()).unwrap()
}

fn refused(frame: &str) -> FrameError {
    ClientFrame::parse(frame.as_bytes()).unwrap_err()
}

fn session() -> SessionKey {
    SESSION.parse().unwrap()
}

#[test]
fn frames_are_written_as_the_golden_files_show() {
    let id = |id: &str| Some(id.to_owned());
    let info = |instance: &str, kind: &str, version: Option<&str>| ClientInfo {
        instance_id: ClientId::new(instance).unwrap(),
        client_type: kind.to_owned(),
        version: version.map(str::to_owned),
    };
    let token = Some(Secret::new("the-gateway-token"));
    let auth = Auth { token: token.clone(), ..Auth::default() };
    let all_auth = Auth { token, password: Some(Secret::new("the-gateway-password")), device_id: id("device-1") };
    let short = AgentRequest { session_key: Some(session()), ..AgentRequest::new("What is in the report?") };
    let cancel = CancelRequest { request_id: RequestId::new("req-1").unwrap() };
    let denied = AnswerRequest {
        session_id: session(),
        question_id: "0190c8a0-5b7e-7a10-8000-0000000000c1".parse().unwrap(),
        answer: None,
        approve: Some(false),
        reason: Some("Ask me again tomorrow.".into()),
    };
    let subscribe = SubscribeRequest { session_id: session(), since: Some(7) };
    let unsubscribe = UnsubscribeRequest { session_id: session() };
    let (timestamp, connect) = (NOW, id("connect-1"));
    let frames = [
        (
            "client.connect",
            ClientFrame::Connect {
                id: connect.clone(),
                client: info("cli-1", "cli", Some("0.1.0")),
                auth: Some(auth),
                timestamp,
            },
        ),
        (
            "client.connect.full",
            ClientFrame::Connect { id: connect, client: info("desktop-1", "desktop", None), auth: Some(all_auth), timestamp },
        ),
        ("client.req-agent", ClientFrame::AgentRequest { id: "req-1".into(), payload: short, timestamp }),
        ("client.req-agent.full", ClientFrame::AgentRequest { id: "req-1".into(), payload: full_request(), timestamp }),
        ("client.req-agent-cancel", ClientFrame::Cancel { id: id("cancel-1"), payload: cancel, timestamp }),
        ("client.req-answer", ClientFrame::Answer { id: id("answer-1"), payload: denied, timestamp }),
        ("client.session-subscribe", ClientFrame::SessionSubscribe { id: id("sub-1"), payload: subscribe, timestamp }),
        ("client.session-unsubscribe", ClientFrame::SessionUnsubscribe { id: id("unsub-1"), payload: unsubscribe, timestamp }),
        ("client.ping", ClientFrame::Ping { id: id("ping-1"), timestamp }),
    ];
    let frames = frames.into_iter().chain(node_frames(timestamp)).collect::<Vec<_>>();
    for (name, frame) in &frames {
        assert_eq!(serde_json::from_str::<Value>(&frame.to_json()).unwrap(), json(name), "{name}");
    }
    // One golden file holds keys that clients need not write.
    let written = frames.iter().map(|(name, _)| *name).chain(["client.ping.envelope"]).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(written.into_iter().collect::<Vec<_>>(), names("client."));
}

const NODE: &str = "7c9e6679742540de944be07fc1f90ae7";
const GROUP: &str = "3d813cbb47fb32ba91df831e1593ac29";

fn node_frames(timestamp: i64) -> Vec<(&'static str, ClientFrame)> {
    let id = |id: &str| Some(id.to_owned());
    let token = Some(Secret::new("the-gateway-token"));
    let node = RegisterRequest { name: "laptop".into(), ..RegisterRequest::default() };
    let full = RegisterRequest {
        capabilities: Some(vec!["shell".into(), "screen".into()]),
        token: token.clone(),
        session_id: id("agent:main:main"),
        agent_name: id("main"),
        ..node.clone()
    };
    let auth = Some(Auth { token, ..Auth::default() });
    let join = JoinGroupRequest { group_name: id("reviewers"), ..JoinGroupRequest::default() };
    let full_join = JoinGroupRequest { create_if_not_exists: Some(false), description: id("Who reads changes"), ..join.clone() };
    let raw = |json: &str| serde_json::value::RawValue::from_string(json.to_owned()).unwrap();
    let said = BroadcastRequest { group_id: GROUP.into(), message: raw(r#"{"text":"Who takes the next one?"}"#) };
    let direct = DirectRequest { target_node_id: NODE.into(), message: raw(r#""You do.""#) };
    let leave = LeaveGroupRequest { group_id: GROUP.into() };
    vec![
        ("client.register", ClientFrame::Register { id: id("node-1"), auth: None, payload: node, timestamp }),
        ("client.register.full", ClientFrame::Register { id: id("node-1"), auth, payload: full, timestamp }),
        ("client.unregister", ClientFrame::Unregister { timestamp }),
        ("client.join-group", ClientFrame::JoinGroup { id: id("join-1"), payload: join, timestamp }),
        ("client.join-group.full", ClientFrame::JoinGroup { id: id("join-1"), payload: full_join, timestamp }),
        ("client.leave-group", ClientFrame::LeaveGroup { id: id("leave-1"), payload: leave, timestamp }),
        ("client.broadcast", ClientFrame::Broadcast { id: id("say-1"), payload: said, timestamp }),
        ("client.direct", ClientFrame::Direct { id: id("say-2"), payload: direct, timestamp }),
        ("client.pong", ClientFrame::Pong { timestamp }),
    ]
}

#[test]
fn what_nodes_say_to_each_other_is_kept_as_it_was_written() {
    let written = r#"{"type":"broadcast","timestamp":1,"payload":{"groupId":"g","message":{ "b" : 1.50, "a":[ ] }}}"#;
    let ClientMessage::Node(NodeMessage::Broadcast(said)) = ClientFrame::parse(written.as_bytes()).unwrap().message else {
        panic!()
    };
    assert_eq!((said.group_id.as_str(), said.message.get()), ("g", r#"{ "b" : 1.50, "a":[ ] }"#));
}

#[test]
fn the_addressee_may_stand_in_the_envelope() {
    for (kind, key) in [("broadcast", "groupId"), ("direct", "targetNodeId"), ("leave_group", "groupId")] {
        let frame = format!(r#"{{"type":"{kind}","timestamp":1,"{key}":"x","payload":{{"message":1}}}}"#);
        let named = match ClientFrame::parse(frame.as_bytes()).unwrap().message {
            ClientMessage::Node(NodeMessage::Broadcast(said)) => said.group_id,
            ClientMessage::Node(NodeMessage::Direct(said)) => said.target_node_id,
            ClientMessage::Node(NodeMessage::LeaveGroup(left)) => left.group_id,
            other => panic!("{other:?}"),
        };
        assert_eq!(named, "x", "{kind}");
        let nobody = format!(r#"{{"type":"{kind}","timestamp":1,"payload":{{"message":1}}}}"#);
        assert_eq!(refused(&nobody).message, format!("`payload.{key}` is missing"), "{kind}");
    }
}

#[test]
fn names_of_nodes_and_groups_are_bounded() {
    for name in [String::new(), "x".repeat(101), "a\\u0007b".into()] {
        let node = refused(&format!(r#"{{"type":"register","timestamp":1,"payload":{{"name":"{name}"}}}}"#));
        let group = refused(&format!(r#"{{"type":"join_group","timestamp":1,"payload":{{"groupName":"{name}"}}}}"#));
        for (error, key) in [(node, "payload.name"), (group, "payload.groupName")] {
            assert_eq!(error.code, ErrorCode::InvalidRequest);
            assert!(error.message.contains(key), "{error}");
        }
    }
    let many = vec!["x"; 65];
    let frame = serde_json::json!({ "type": "register", "timestamp": 1, "payload": { "name": "n", "capabilities": many } });
    assert!(refused(&frame.to_string()).message.contains("at most 64"));
    let room = refused(r#"{"type":"broadcast","timestamp":1,"roomId":"swarm-1","payload":{"content":"hi"}}"#);
    assert!(room.message.contains("no rooms of agents yet"), "{room}");
}

fn full_request() -> AgentRequest {
    let attachment = NewAttachment {
        kind: AttachmentKind::File,
        data_url: Some("data:text/plain;base64,aGVsbG8=".into()),
        text_content: Some("hello".into()),
        mime_type: Some("text/plain".into()),
        name: Some("report.txt".into()),
        size: Some(5),
    };
    let routing = Routing {
        channel: "chat".parse().unwrap(),
        account_id: Some("work".into()),
        guild_id: Some("guild-1".into()),
        team_id: Some("team-1".into()),
        peer: Some(Peer { kind: wingman_protocol::PeerKind::Channel, id: "42".into() }),
        thread_id: Some("7".into()),
    };
    AgentRequest {
        agent_id: Some("main".parse().unwrap()),
        attachments: Some(vec![attachment]),
        routing: Some(routing),
        session_key: Some(session()),
        queue_if_busy: Some(true),
        queue_mode: Some(QueueMode::Steer),
        execution: Some([("workdir".to_owned(), "/srv/reports".into())].into_iter().collect()),
        ..AgentRequest::new("What is in the report?")
    }
}

#[test]
fn connect_says_who_and_with_what_right() {
    let frame = read("client.connect");
    assert_eq!(frame.id.as_deref(), Some("connect-1"));
    let ClientMessage::Connect(connect) = frame.message else { panic!("{frame:?}") };
    assert_eq!(connect.client.instance_id.as_str(), "cli-1");
    assert_eq!(connect.client.client_type, "cli");
    assert_eq!(connect.auth.unwrap().token.unwrap().expose(), "the-gateway-token");
}

#[test]
fn a_request_keeps_its_payload_as_it_was_written() {
    let written = r#"{"type":"req:agent","timestamp":1.5e3,"id":"r","payload":{ "content" : "hi", "extra":[1, 2] }}"#;
    let ClientMessage::AgentRequest(request) = ClientFrame::parse(written.as_bytes()).unwrap().message else { panic!() };
    assert_eq!(request.payload.get(), r#"{ "content" : "hi", "extra":[1, 2] }"#);
    assert_eq!(request.request_id.as_str(), "r");
    assert_eq!(request.queue_mode, None, "the agent decides");

    let busy =
        r#"{"type":"req:agent","timestamp":1,"id":"r","payload":{"content":"hi","queueIfBusy":false,"queueMode":"steer"}}"#;
    let ClientMessage::AgentRequest(request) = ClientFrame::parse(busy.as_bytes()).unwrap().message else { panic!() };
    assert_eq!(request.queue_mode, Some(wingman_message::QueueMode::Reject), "who does not want to wait does not");

    let ClientMessage::AgentRequest(request) = read("client.req-agent.full").message else { panic!() };
    assert_eq!(request.queue_mode, Some(wingman_message::QueueMode::Steer));
    assert_eq!(request.session_key, Some(session()));
    assert_eq!(request.agent_id.unwrap().as_str(), "main");
    let place = request.routing.unwrap();
    assert_eq!((place.channel.as_str(), place.account.as_deref(), place.thread.as_deref()), ("chat", Some("work"), Some("7")));
    assert_eq!(place.peer.unwrap().kind, PeerKind::Channel);
    assert_eq!(request.execution.unwrap()["workdir"], "/srv/reports");
}

#[test]
fn the_other_frames_say_what_they_say() {
    let ClientMessage::Cancel(cancel) = read("client.req-agent-cancel").message else { panic!() };
    assert_eq!(cancel.request_id.as_str(), "req-1");
    let ClientMessage::SessionSubscribe(subscribe) = read("client.session-subscribe").message else { panic!() };
    assert_eq!(subscribe, SubscribeRequest { session_id: session(), since: Some(7) });
    let ClientMessage::SessionUnsubscribe(unsubscribe) = read("client.session-unsubscribe").message else { panic!() };
    assert_eq!(unsubscribe.session_id, session());
    assert!(matches!(read("client.ping").message, ClientMessage::Ping));
    assert!(matches!(read("client.ping.envelope").message, ClientMessage::Ping));
}

#[test]
fn a_refusal_names_the_key_and_what_would_be_right() {
    let cases = [
        ("{}", ErrorCode::InvalidMessage, "`type` is missing"),
        ("[]", ErrorCode::InvalidMessage, "a frame is one JSON object"),
        ("{\"type\":", ErrorCode::InvalidMessage, "this is not JSON: byte 8 of line 1 makes no sense"),
        (r#"{"type":"ping"}"#, ErrorCode::InvalidMessage, "`timestamp` is missing"),
        (r#"{"type":"ping","timestamp":"now"}"#, ErrorCode::InvalidMessage, "`timestamp`: expected a number"),
        (r#"{"type":"ping","timestamp":1,"id":[]}"#, ErrorCode::InvalidMessage, "`id`: expected a string"),
        (r#"{"type":"ping","timestamp":1,"roomId":7}"#, ErrorCode::InvalidMessage, "`roomId`: expected a string"),
        (
            r#"{"type":"ping","timestamp":1,"client":{"instanceId":7}}"#,
            ErrorCode::InvalidMessage,
            "`client.instanceId`: expected a string",
        ),
        (
            r#"{"type":"connect","timestamp":1}"#,
            ErrorCode::InvalidConnect,
            "`client` is missing: connect needs `instanceId` and `clientType`",
        ),
        (
            r#"{"type":"req:agent","timestamp":1,"payload":{}}"#,
            ErrorCode::InvalidRequest,
            "`id` is missing: a request needs one, unique for its client",
        ),
        (r#"{"type":"req:agent","timestamp":1,"id":"r"}"#, ErrorCode::InvalidRequest, "`payload` is missing"),
        (
            r#"{"type":"req:agent","timestamp":1,"id":"r","payload":{"content":"hi","routing":{"channel":"c","peer":{"kind":"x","id":"1"}}}}"#,
            ErrorCode::InvalidRequest,
            "`payload.routing.peer.kind`: expected one of `dm`, `group`, `channel`",
        ),
        (
            r#"{"type":"req:agent","timestamp":1,"id":"r","payload":{"content":"hi","agentId":"../x"}}"#,
            ErrorCode::InvalidRequest,
            "`payload.agentId`: use 1 to 64 letters, digits, `.`, `_` or `-`, and do not begin with `.`",
        ),
        (
            r#"{"type":"session_subscribe","timestamp":1,"payload":{}}"#,
            ErrorCode::InvalidRequest,
            "`payload.sessionId` is missing",
        ),
        (
            r#"{"type":"session_subscribe","timestamp":1,"payload":{"sessionId":"mine"}}"#,
            ErrorCode::InvalidRequest,
            "`payload.sessionId`: write `agent:<agentId>:<name>`, at most 1000 characters, none a control character",
        ),
        (r#"{"type":"dance","timestamp":1}"#, ErrorCode::UnknownMessageType, "there is no message type \"dance\""),
        (r#"{"type":"req:node","timestamp":1}"#, ErrorCode::UnknownMessageType, "this gateway does not speak `req:node` yet"),
    ];
    for (frame, code, message) in cases {
        let error = refused(frame);
        assert_eq!((error.code, error.message.as_str()), (code, message), "{frame}");
    }
}

#[test]
fn a_request_that_says_nothing_is_refused() {
    for content in ["", r#""content":"  ""#, r#""content":null,"attachments":[]"#] {
        let error = refused(&format!(r#"{{"type":"req:agent","timestamp":1,"id":"r","payload":{{{content}}}}}"#));
        assert_eq!((error.code, error.id.as_deref()), (ErrorCode::InvalidRequest, Some("r")), "{content}");
    }
}

#[test]
fn the_id_is_repeated_wherever_it_could_be_read() {
    assert_eq!(refused(r#"{"id":"a","type":"dance","timestamp":1}"#).id.as_deref(), Some("a"));
    assert_eq!(refused(r#"{"id":7,"type":"ping","timestamp":1}"#).id.as_deref(), Some("7"));
    assert_eq!(refused(r#"{"id":"a","type":"ping","timest"#).id.as_deref(), Some("a"), "the frame was cut off behind its id");
    assert_eq!(refused(r#"{"id":{},"type":"ping","timestamp":1}"#).id, None);
    assert_eq!(refused(r#"{"id":"first","id":"last","timestamp":1}"#).id.as_deref(), Some("last"));
}

#[test]
fn a_secret_is_in_no_error_and_in_no_debug_output() {
    for auth in [r#""hunter2""#, r#"["hunter2"]"#, r#"{"token":{"hunter2":1}}"#, r#"{"token":["hunter2"]}"#] {
        let error = refused(&format!(r#"{{"type":"connect","timestamp":1,"auth":{auth}}}"#));
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{error}");
    }
    assert!(!format!("{:?}", read("client.connect")).contains("the-gateway-token"));
}
