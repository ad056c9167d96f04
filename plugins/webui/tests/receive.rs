//! What clients send, and what the gateway gets from it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "clippy exempts test functions alone, not their helpers")]

use proptest::prelude::*;
use serde_json::{Value, json};
use wingman_sdk::{ContentSource, HttpRequest, Inbound, InboundKind, Peer, PluginError, Received, Result, Sender};
use wingman_webui::receive;

fn post(url: &str, payload: &Value) -> Result<Received> {
    receive(HttpRequest { method: "POST".into(), url: url.into(), headers: Vec::new(), body: payload.to_string().into_bytes() })
}

fn ask(payload: &Value) -> Inbound {
    let mut received = post("/clients/cli-1/requests/r1", payload).unwrap();
    assert_eq!((received.reply.status, received.messages.len()), (200, 1));
    received.messages.remove(0)
}

fn refusal(payload: &Value) -> String {
    match post("/clients/cli-1/requests/r1", payload) {
        Err(PluginError::InvalidInput(reason)) => reason,
        other => panic!("expected invalid-input, got {other:?}"),
    }
}

#[test]
fn a_question_is_one_message() {
    let message = ask(&json!({"content": "hello", "agentId": "main", "queueIfBusy": true, "something": ["new"]}));
    assert_eq!((message.id.as_str(), message.text.as_str()), ("cli-1/r1", "hello"));
    assert_eq!((message.kind, message.mentioned), (InboundKind::Message, true));
    assert_eq!(message.sender, Some(Sender::person("cli-1")));
    assert_eq!(message.place, wingman_sdk::Place::default());
}

#[test]
fn routing_is_the_place_exactly_as_written() {
    let routing = json!({"channel": "webui", "accountId": "A", "guildId": "G:1", "teamId": "T", "peer": {"kind": "dm", "id": " Ünï:7 "}, "threadId": "t"});
    let place = ask(&json!({"content": "hello", "routing": routing})).place;
    assert_eq!(place.peer, Some(Peer::dm(" Ünï:7 ")));
    let ids = [place.account, place.guild, place.team, place.thread].map(Option::unwrap);
    assert_eq!(ids, ["A", "G:1", "T", "t"]);
}

#[test]
fn bytes_become_attachments_and_text_becomes_facts() {
    let message = ask(&json!({"content": "look", "attachments": [
        {"kind": "image", "dataUrl": "data:image/png;base64,AAAA", "name": "../../etc/cat.png", "size": 3},
        {"kind": "file", "textContent": "one\ntwo", "name": "notes.txt", "mimeType": "text/plain"},
    ]}));
    let [image] = &message.attachments[..] else { panic!("{:?}", message.attachments) };
    assert_eq!((image.name.as_deref(), image.media_type.as_str(), image.size), (Some("cat.png"), "image/png", Some(3)));
    assert_eq!(image.source, ContentSource::Url("data:image/png;base64,AAAA".into()));
    assert_eq!(message.facts, [("file notes.txt".to_owned(), "one\ntwo".to_owned())]);
    assert_eq!(message.text, "look");
}

#[test]
fn files_alone_are_a_question_too() {
    let message = ask(
        &json!({"attachments": [{"kind": "audio", "dataUrl": "data:,x"}, {"kind": "file", "textContent": "", "name": "a.txt"}]}),
    );
    assert_eq!(message.text, "Attached: audio, a.txt");
    assert_eq!(message.attachments[0].media_type, "application/octet-stream");
}

#[test]
fn nulls_are_like_absent_fields() {
    let message = ask(&json!({"content": "x", "attachments": null, "routing": {"peer": null, "accountId": null}}));
    assert_eq!(message.place, wingman_sdk::Place::default());
}

#[test]
fn a_refusal_says_what_to_send() {
    for (payload, hint) in [
        (json!({}), "send `content`"),
        (json!({"content": " \n"}), "send `content`"),
        (json!({"content": 5}), "integer `5`, expected a string"),
        (json!([1]), "expected"),
        (json!({"content": "x", "attachments": [{"kind": "video"}]}), "unknown variant `video`"),
        (json!({"content": "x", "attachments": [{"kind": "image"}]}), "`attachments[0]`: send its bytes as `dataUrl`"),
        (json!({"content": "x", "attachments": [{"kind": "image", "dataUrl": "http://10.0.0.1/"}]}), "must be a data URL"),
        (json!({"content": "x", "routing": {"peer": {"kind": "dm", "id": ""}}}), "`routing.peer.id` has 0 bytes"),
        (json!({"content": "x", "routing": {"teamId": "t".repeat(257)}}), "`routing.teamId` has 257 bytes"),
        (json!({"content": "x".repeat(1_000_001)}), "1000001 bytes"),
        (json!({"content": "x", "attachments": vec![json!({"kind": "file", "textContent": ""}); 33]}), "33 `attachments`"),
    ] {
        let reason = refusal(&payload);
        assert!(reason.contains(hint), "{reason:?} does not say {hint:?}");
    }
}

#[test]
fn only_the_gateways_address_is_served() {
    let payload = json!({"content": "x"});
    for url in [
        "/",
        "/clients/a",
        "/clients/a/requests/",
        "/clients//requests/r",
        "/clients/a/requests/r/s",
        "clients/a/requests/r",
        "/clients/%zz/requests/r",
    ] {
        assert!(matches!(post(url, &payload), Err(PluginError::InvalidInput(_))), "{url}");
    }
    let get = HttpRequest { method: "GET".into(), url: "/clients/a/requests/r".into(), headers: vec![], body: vec![] };
    assert!(matches!(receive(get), Err(PluginError::InvalidInput(_))));
}

fn escaped(id: &str) -> String {
    id.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

proptest! {
    #[test]
    fn no_client_can_make_the_id_of_another_clients_request(client in ".{1,8}", request in ".{1,8}", other in ".{1,8}", second in ".{1,8}") {
        let id = |client: &str, request: &str| {
            let url = format!("/clients/{}/requests/{}", escaped(client), escaped(request));
            post(&url, &json!({"content": "x"})).unwrap().messages.remove(0).id
        };
        prop_assert_eq!(id(&client, &request) == id(&other, &second), client == other && request == second);
    }

    #[test]
    fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = receive(HttpRequest { method: "POST".into(), url: "/clients/a/requests/b".into(), headers: vec![], body });
    }
}
