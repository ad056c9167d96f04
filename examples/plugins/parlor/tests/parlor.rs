//! The channel against a Parlor server that the test wrote down.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use wingman_parlor::Parlor;
use wingman_sdk::testing::{Host, Reply};
use wingman_sdk::{
    Channel, HttpRequest, InboundKind, Lifecycle, Outbound, Peer, PeerKind, Phase, Place, PluginError, Poll, Presence,
    SecretPlace,
};

const BASE: &str = "http://127.0.0.1:9";

fn host() -> Host {
    let host = Host::install();
    host.set_account("bot-1");
    host.set_settings(&json!({ "base-url": format!("{BASE}/") }));
    host.secret("bot-token");
    host.secret("signing-secret");
    host
}

fn at(path: &str) -> String {
    format!("{BASE}{path}")
}

fn hall() -> Place {
    Place { peer: Some(Peer::channel("hall/1")), thread: Some("t".to_owned()), ..Place::default() }
}

fn message(id: &str, kind: &str) -> Value {
    json!({
        "id": id, "room": { "id": "r", "kind": kind }, "thread": null, "author": { "id": "u1", "name": "Ada" },
        "text": "hello", "sent_at": 1_767_690_300_000_u64
    })
}

#[test]
fn a_webhook_brings_a_message() {
    let _host = host();
    let body = json!({ "type": "message", "message": message("m1", "private") }).to_string();
    let received = Parlor::receive(HttpRequest::for_test("POST", "/", body)).unwrap();
    let [inbound] = &received.messages[..] else { panic!("{:?}", received.messages) };
    assert_eq!((inbound.id.as_str(), inbound.text.as_str(), inbound.mentioned), ("m1", "hello", true));
    assert_eq!(inbound.place.account.as_deref(), Some("bot-1"));
    assert_eq!(received.reply.status, 204);
}

#[test]
fn what_is_done_to_a_message_names_it() {
    let _host = host();
    for (event, kind) in [("edited", InboundKind::Edit), ("deleted", InboundKind::Deletion), ("reacted", InboundKind::Reaction)] {
        let mut message = message("e1", "closed");
        message["event"] = json!(event);
        message["reply_to"] = json!("m1");
        let body = json!({ "type": "message", "message": message }).to_string();
        let received = Parlor::receive(HttpRequest::for_test("POST", "/", body)).unwrap();
        let inbound = &received.messages[0];
        assert_eq!((inbound.kind, inbound.id.as_str(), inbound.reply_to.as_deref()), (kind, "e1", Some("m1")));
    }
}

#[test]
fn a_ping_is_answered_and_noise_is_refused() {
    let _host = host();
    let ping = Parlor::receive(HttpRequest::for_test("POST", "/", r#"{"type":"ping","challenge":"c"}"#)).unwrap();
    assert_eq!((ping.reply.body.as_slice(), ping.messages.len()), (&br#"{"challenge":"c"}"#[..], 0));
    let noise = Parlor::receive(HttpRequest::for_test("POST", "/", r#"{"type":"nudge"}"#));
    assert!(matches!(noise, Err(PluginError::InvalidInput(_))));
}

#[test]
fn a_poll_goes_on_where_the_last_one_ended() {
    let host = host();
    host.answer(
        "GET",
        &at("/updates?after=41&wait=25"),
        Reply::json(200, &json!({ "updates": [message("m2", "open")], "next": "42" })),
    );
    let polled = Parlor::poll(Some("41".to_owned())).unwrap();
    assert_eq!((polled.cursor.as_deref(), polled.wait_ms), (Some("42"), 0));
    assert_eq!(polled.messages[0].place.peer.as_ref().unwrap().kind, PeerKind::Channel);
    assert!(!polled.messages[0].mentioned, "overheard in an open room");
    assert_eq!(host.sent()[0].0.timeout_ms, Some(35_000));
}

#[test]
fn a_reply_grows_by_edits() {
    let host = host();
    host.answer("POST", &at("/rooms/hall%2F1/messages"), Reply::json(200, &json!({ "id": "m1" })));
    let mut start = Outbound::for_test(hall(), "Once").in_phase(Phase::Start, &[]);
    start.reply_to = Some("q".to_owned());
    let receipt = Parlor::deliver(start).unwrap();
    assert_eq!((receipt.ids.as_slice(), receipt.edit_after_ms), (["m1".to_owned()].as_slice(), Some(800)));
    assert_eq!(host.sent()[0].json(), json!({ "text": "Once", "thread": "t", "reply_to": "q", "nonce": "reply-0" }));

    host.answer("PATCH", &at("/messages/m1"), Reply::status(204));
    Parlor::deliver(Outbound::for_test(hall(), "Once upon").in_phase(Phase::Finish, &["m1"])).unwrap();
    assert_eq!(host.sent()[1].json(), json!({ "text": "Once upon" }));
}

#[test]
fn a_long_reply_that_fails_half_way_goes_on_later() {
    let host = host();
    let messages = at("/rooms/hall%2F1/messages");
    host.answer("POST", &messages, Reply::json(200, &json!({ "id": "m1" })));
    host.answer("POST", &messages, Reply::status(429).header("retry-after", "3"));
    let receipt = Parlor::deliver(Outbound::for_test(hall(), "word ".repeat(500))).unwrap();
    assert_eq!(receipt.ids, ["m1"]);
    assert_eq!(receipt.unfinished, Some(PluginError::RateLimited(3_000)));
}

#[test]
fn signs_of_life() {
    let host = host();
    host.answer("POST", &at("/rooms/hall%2F1/typing"), Reply::status(204));
    assert_eq!(Parlor::typing(hall(), None), Ok(6_000));
    host.answer("PUT", &at("/messages/m1/reaction"), Reply::status(204));
    Parlor::react(hall(), "m1".to_owned(), Some("👍".to_owned())).unwrap();
    assert_eq!(host.sent()[1].json(), json!({ "emoji": "👍" }));
}

#[test]
fn set_up_and_taken_down_without_ever_holding_a_secret() {
    let host = host();
    host.answer("PUT", &at("/webhook"), Reply::status(204));
    Parlor::register("https://gateway.example.com/x".to_owned()).unwrap();
    assert_eq!(host.sent()[0].json(), json!({ "url": "https://gateway.example.com/x", "secret": "" }));
    assert_eq!(host.sent()[0].0.secrets[1].place, SecretPlace::Json("/secret".to_owned()));
    host.answer("DELETE", &at("/webhook"), Reply::status(404));
    Parlor::unregister().unwrap();
}

#[test]
fn a_probe_tells_who_the_bot_is_and_a_bad_token_stops_the_account() {
    let host = host();
    host.answer("GET", &at("/me"), Reply::json(200, &json!({ "name": "wing" })));
    assert_eq!(Parlor::probe().unwrap().account.as_deref(), Some("wing"));
    host.answer("GET", &at("/me"), Reply::status(401));
    assert!(matches!(Parlor::probe(), Err(PluginError::Unauthorized(_))));
}
