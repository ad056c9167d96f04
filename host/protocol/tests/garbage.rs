//! Garbage in every position of every golden client frame, beside a naive model of what may stand there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::panic, reason = "the model must know every key")]

mod common;

use common::{json, names};
use proptest::prelude::*;
use serde_json::{Value, json as value};
use wingman_protocol::{ClientFrame, ErrorCode};

/// Values of every kind that JSON has, plain and odd.
fn values() -> Vec<Value> {
    vec![
        Value::Null,
        value!(true),
        value!(0),
        value!(-1),
        value!(1.5),
        value!(u64::MAX),
        value!(1e300),
        value!(""),
        value!("x"),
        value!("a\u{0}b"),
        value!("../../etc"),
        value!("agent:main:x"),
        value!("y".repeat(5000)),
        value!([]),
        value!([null]),
        value!([[[[[[[[1]]]]]]]]),
        value!({}),
        value!({ "x": { "y": null } }),
    ]
}

/// What may stand at `pointer` of a frame of type `kind`, written down a second time, as simply as can be.
fn fits(kind: &str, pointer: &str, put: &Value) -> bool {
    let printable =
        |most: usize| put.as_str().is_some_and(|text| (1..=most).contains(&text.len()) && !text.chars().any(char::is_control));
    let text_or_none = put.is_string() || put.is_null();
    match pointer {
        _ if pointer.starts_with("/payload/") && NODE_PLANE.contains(&kind) => fits_a_node(kind, pointer, put),
        "" | "/type" => false,
        "/timestamp" => put.is_number(),
        "/id" => {
            if kind == "req:agent" {
                printable(200)
            } else {
                text_or_none
            }
        }
        "/ok" | "/payload/queueIfBusy" | "/payload/approve" => put.is_boolean() || put.is_null(),
        "/clientId" | "/nodeId" | "/groupId" | "/roomId" | "/targetNodeId" | "/messageId" => text_or_none,
        "/client" => put.is_null() && kind != "connect",
        "/client/instanceId" => printable(200),
        "/client/clientType" => {
            if kind == "connect" {
                printable(64)
            } else {
                put.is_string()
            }
        }
        "/client/version" | "/auth/token" | "/auth/password" | "/auth/deviceId" => text_or_none,
        "/auth" => put.is_null() || put.is_object(),
        "/payload" => false,
        "/payload/content" => text_or_none,
        "/payload/attachments" => put.is_null() || put == &value!([]),
        "/payload/attachments/0" | "/payload/attachments/0/kind" => false,
        "/payload/attachments/0/size" => put.is_null() || put.is_u64(),
        "/payload/routing" | "/payload/routing/peer" => put.is_null(),
        "/payload/routing/channel" => printable(200),
        "/payload/routing/peer/kind" => false,
        "/payload/routing/peer/id" => put.is_string(),
        "/payload/agentId" => put.is_null() || put == "x",
        "/payload/sessionKey" => put.is_null() || put == "agent:main:x",
        "/payload/sessionId" => put == "agent:main:x",
        "/payload/questionId" => false,
        "/payload/queueMode" => put.is_null(),
        "/payload/answer" | "/payload/reason" => text_or_none,
        "/payload/since" => put.is_null() || put.is_u64(),
        "/payload/requestId" => printable(200),
        "/payload/execution" => put.is_null() || put.is_object(),
        other if other.starts_with("/payload/execution/") => true,
        other if other.starts_with("/payload/attachments/0/") || other.starts_with("/payload/routing/") => text_or_none,
        other => panic!("the model does not know {other}"),
    }
}

const NODE_PLANE: [&str; 5] = ["register", "join_group", "leave_group", "broadcast", "direct"];

/// The same for payloads of the node plane.
fn fits_a_node(kind: &str, pointer: &str, put: &Value) -> bool {
    let printable =
        |most: usize| put.as_str().is_some_and(|text| (1..=most).contains(&text.len()) && !text.chars().any(char::is_control));
    match pointer {
        "/payload/name" | "/payload/groupName" => printable(100),
        "/payload/sessionId" | "/payload/description" => put.is_null() || printable(500),
        "/payload/agentName" => put.is_null() || printable(100),
        "/payload/token" => put.is_null() || put.is_string(),
        "/payload/capabilities" => put.is_null() || put == &value!([]),
        "/payload/createIfNotExists" => put.is_null() || put.is_boolean(),
        "/payload/groupId" | "/payload/targetNodeId" => put.as_str().is_some_and(|id| !id.is_empty()),
        "/payload/message" => true,
        _ if pointer.starts_with("/payload/capabilities/") => printable(100),
        _ if pointer.starts_with("/payload/message/") => true,
        other => panic!("the model does not know {other} of {kind}"),
    }
}

/// JSON pointers to every value in `value`, itself included.
fn positions(value: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let below: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in below {
        found.extend(positions(value).into_iter().map(|rest| format!("/{key}{rest}")));
    }
    found
}

#[test]
fn garbage_in_every_position_is_refused_with_a_code_and_the_id() {
    let mut tried = 0;
    for name in names("client.") {
        let golden = json(&name);
        let kind = golden["type"].as_str().unwrap().to_owned();
        for pointer in positions(&golden) {
            for put in values() {
                let mut frame = golden.clone();
                *frame.pointer_mut(&pointer).unwrap() = put.clone();
                // With its text gone, a request lives only from its attachments.
                let says_nothing = pointer == "/payload/content"
                    && put.as_str().is_none_or(|text| text.trim().is_empty())
                    && frame["payload"]["attachments"].is_null();
                let read = ClientFrame::parse(frame.to_string().as_bytes());
                let what = format!("{name}: {pointer} = {:.60}", put.to_string());
                tried += 1;
                if fits(&kind, &pointer, &put) && !says_nothing {
                    assert!(read.is_ok(), "{what} was refused: {read:?}");
                    continue;
                }
                let error = read.expect_err(&what);
                let id = match pointer.as_str() {
                    "" => None,
                    "/id" => put.as_str().map(str::to_owned).or_else(|| put.as_number().map(ToString::to_string)),
                    _ => golden["id"].as_str().map(str::to_owned),
                };
                assert_eq!(error.id, id, "{what}");
                assert!(!error.message.is_empty() && error.message.len() < 300, "{what}: {error}");
                let expected: &[ErrorCode] = match pointer.split('/').nth(1) {
                    Some("payload") => &[ErrorCode::InvalidRequest],
                    Some("type") => &[ErrorCode::InvalidMessage, ErrorCode::UnknownMessageType],
                    Some("client") => &[ErrorCode::InvalidMessage, ErrorCode::InvalidConnect],
                    Some("id") => &[ErrorCode::InvalidMessage, ErrorCode::InvalidRequest],
                    _ => &[ErrorCode::InvalidMessage],
                };
                assert!(expected.contains(&error.code), "{what}: {error}");
            }
        }
    }
    assert!(tried > 1000, "only {tried} positions were tried");
}

#[test]
fn a_missing_key_is_refused_where_it_is_required() {
    for name in names("client.") {
        let golden = json(&name);
        for key in ["type", "timestamp"] {
            let mut frame = golden.clone();
            frame.as_object_mut().unwrap().remove(key);
            let error = ClientFrame::parse(frame.to_string().as_bytes()).unwrap_err();
            assert_eq!(error.message, format!("`{key}` is missing"), "{name}");
            assert_eq!(error.id.as_deref(), golden["id"].as_str(), "{name}");
        }
    }
}

#[test]
fn a_frame_that_is_cut_off_is_refused_at_every_byte() {
    for name in names("client.") {
        let whole = json(&name).to_string();
        for end in 0..whole.len() {
            let error = ClientFrame::parse(&whole.as_bytes()[..end]).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidMessage, "{name} up to {end}: {error}");
        }
    }
}

#[test]
fn nesting_without_end_is_no_danger() {
    let deep = "[".repeat(200_000);
    for key in ["payload", "client", "auth", "id", "type", "timestamp", "other"] {
        assert!(ClientFrame::parse(format!(r#"{{"type":"ping","timestamp":1,"{key}":{deep}"#).as_bytes()).is_err());
    }
    let closed = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let request =
        format!(r#"{{"type":"req:agent","id":"r","timestamp":1,"payload":{{"content":"x","execution":{{"a":{closed}}}}}}}"#);
    assert_eq!(ClientFrame::parse(request.as_bytes()).unwrap_err().code, ErrorCode::InvalidRequest);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop_oneof![
            Just("type"),
            Just("id"),
            Just("timestamp"),
            Just("payload"),
            Just("client"),
            Just("auth"),
            Just("content"),
            Just("sessionId"),
            Just("requestId"),
            Just("instanceId"),
            Just("clientType"),
            Just("routing"),
            Just("other"),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>()),
        ]
    })
}

fn any_type() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("connect"),
        Just("req:agent"),
        Just("req:agent:cancel"),
        Just("session_subscribe"),
        Just("session_unsubscribe"),
        Just("ping"),
        Just("register"),
    ]
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(ClientFrame::parse(&bytes).is_err());
    }

    #[test]
    fn random_json_never_panics_and_keeps_its_id(kind in any_type(), id in "[a-z]{1,8}", payload in any_json(), client in any_json(), auth in any_json()) {
        let frame = value!({ "type": kind, "id": id, "timestamp": 1, "payload": payload, "client": client, "auth": auth });
        let echoed = match ClientFrame::parse(frame.to_string().as_bytes()) {
            Ok(frame) => frame.id,
            Err(error) => error.id,
        };
        prop_assert_eq!(echoed, Some(id));
    }
}
