//! One connection after the other, frame by frame.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use wingman_parlor_socket::Connection;
use wingman_sdk::testing::Host;
use wingman_sdk::{Action, Frame, PluginError, Socket};

fn host() -> Host {
    let host = Host::install();
    host.set_account("bot-1");
    host.set_settings(&json!({ "socket-url": "ws://127.0.0.1:9/socket" }));
    host
}

fn connected(checkpoint: Option<&str>) -> Connection {
    let mut connection = Connection::default();
    let opening = connection.open(checkpoint.map(str::to_owned)).unwrap();
    assert_eq!(opening.url, "ws://127.0.0.1:9/socket");
    connection
}

fn say(connection: &mut Connection, said: &Value) -> Vec<Action> {
    connection.on_frame(Frame::Text(said.to_string()))
}

fn sealed(action: &Action) -> Value {
    let Action::SendSealed(frame) = action else { panic!("{action:?}") };
    assert_eq!(frame.secrets[0].secret, "bot-token");
    serde_json::from_str(&frame.text).unwrap()
}

fn event() -> Value {
    json!({ "op": "event", "sequence": 7, "message": { "id": "m", "room": "r", "author": "u", "text": "hello" } })
}

#[test]
fn a_message_is_durable_before_it_is_acknowledged() {
    let _host = host();
    let mut connection = connected(None);
    let hello = say(&mut connection, &json!({ "op": "hello", "heartbeat_ms": 5000 }));
    assert_eq!(sealed(&hello[0]), json!({ "op": "identify", "token": "" }));
    assert_eq!(hello[1], Action::TickAfter(5_000));

    say(&mut connection, &json!({ "op": "ready", "session": "s" }));
    let actions = say(&mut connection, &event());
    let [Action::Emit(inbound), Action::Checkpoint(checkpoint), Action::Send(Frame::Text(ack))] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!((inbound.id.as_str(), inbound.place.account.as_deref(), checkpoint.as_str()), ("m", Some("bot-1"), "s:7"));
    assert!(ack.contains("\"ack\""));
}

#[test]
fn a_new_connection_resumes_where_the_checkpoint_was() {
    let _host = host();
    let mut connection = connected(Some("s:7"));
    let hello = json!({ "op": "hello", "heartbeat_ms": 5000 });
    assert_eq!(sealed(&say(&mut connection, &hello)[0]), json!({ "op": "resume", "token": "", "session": "s", "after": "7" }));
    assert_eq!(sealed(&say(&mut connection, &json!({ "op": "forgotten" }))[0])["op"], "identify");
}

#[test]
fn a_beat_without_an_answer_is_a_dead_connection() {
    let _host = host();
    let mut connection = connected(None);
    say(&mut connection, &json!({ "op": "hello", "heartbeat_ms": 10 }));
    assert_eq!(connection.on_tick()[1], Action::TickAfter(10));
    say(&mut connection, &json!({ "op": "beat_ack" }));
    assert_eq!(connection.on_tick().len(), 2);
    assert_eq!(connection.on_tick(), [Action::Reconnect(1_000)]);
}

#[test]
fn a_refused_token_stops_and_noise_is_skipped() {
    let host = host();
    let mut connection = connected(None);
    assert!(matches!(connection.on_close(4_001, "no".to_owned())[..], [Action::Stop(PluginError::Unauthorized(_))]));
    assert_eq!(connection.on_close(1_006, String::new()), [Action::Reconnect(1_000)]);
    assert_eq!(connection.on_frame(Frame::Binary(vec![0xff])), []);
    assert_eq!(host.log()[0].message, "skipped a frame");
}
