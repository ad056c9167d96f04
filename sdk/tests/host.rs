//! A plugin's test talks to a host in memory that is as strict as the real one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use wingman_sdk::host::{blobs, clock, config, http, progress, state};
use wingman_sdk::testing::{Host, Reply};
use wingman_sdk::{Action, PluginError, SecretPlace, SecretUse, log};

#[test]
fn a_request_goes_out_as_it_was_built() {
    let host = Host::install();
    host.secret("token");
    host.answer("PUT", "https://api.example.com/a", Reply::status(204));
    let request = http::put("https://api.example.com/a")
        .query("q", "a&b")
        .header("x-kind", "test")
        .secret(SecretUse::bearer("token"))
        .timeout(Duration::from_secs(60));
    assert_eq!(request.form(&[("k", "v w")]).send().unwrap().status(), 204);

    let sent = &host.sent()[0];
    assert_eq!(sent.line(), "PUT https://api.example.com/a?q=a%26b");
    assert_eq!((sent.header("X-Kind"), sent.bytes()), (Some("test"), Some(&b"k=v%20w"[..])));
    assert_eq!(sent.0.timeout_ms, Some(60_000));
    let [used] = &sent.0.secrets[..] else { panic!("{:?}", sent.0.secrets) };
    assert_eq!((&used.place, used.prefix.as_str()), (&SecretPlace::Header("authorization".into()), "Bearer "));
}

#[test]
fn a_secret_without_a_declaration_or_a_place_is_refused() {
    let host = Host::install();
    let refused = |use_: SecretUse| {
        let request = http::post("https://x.yz/bot{secret}/{secret}").json(&json!({ "n": 1 })).unwrap();
        matches!(request.secret(use_).send(), Err(PluginError::Permanent(_)))
    };
    assert!(refused(SecretUse::bearer("token")), "not declared");
    host.secret("token");
    assert!(refused(SecretUse::in_path("token")), "two places in the path");
    assert!(refused(SecretUse::in_json("token", "/n")), "not a string");
    assert!(refused(SecretUse::in_json("token", "/none")), "not there");
    assert!(host.sent().is_empty());
}

#[test]
fn answers_come_in_order_and_the_last_may_stay() {
    let host = Host::install();
    host.answer("GET", "https://x.yz/", Reply::json(200, &1));
    host.answer("GET", "https://x.yz/", Reply::failure(PluginError::temporary("no route")));
    host.always_answer("GET", "https://x.yz/", Reply::json(200, &3));
    let ask = || http::get("https://x.yz/n").send().and_then(|answer| answer.json::<u32>());
    assert_eq!([ask(), ask(), ask(), ask()], [Ok(1), Err(PluginError::temporary("no route")), Ok(3), Ok(3)]);
}

#[test]
#[should_panic(expected = "no answer for `GET https://x.yz/`")]
fn a_request_that_the_test_does_not_expect_fails_it() {
    let _host = Host::install();
    let _ = http::get("https://x.yz/").send();
}

#[test]
#[should_panic(expected = "nobody asked for these answers: [\"GET https://x.yz/\"]")]
fn so_does_an_answer_that_nobody_asked_for() {
    let host = Host::install();
    host.answer("GET", "https://x.yz/", Reply::status(200));
}

#[test]
#[should_panic(expected = "`clock::now` needs a host")]
fn without_a_host_the_message_says_what_to_do() {
    clock::now();
}

#[test]
fn settings_and_account_are_the_operators() {
    #[derive(Deserialize)]
    struct Settings {
        room: String,
    }
    let host = Host::install();
    assert_eq!(config::account(), None);
    assert!(matches!(config::settings::<Settings>(), Err(PluginError::Permanent(_))));
    host.set_account("main");
    host.set_settings(&json!({ "room": "hall" }));
    assert_eq!((config::account().as_deref(), config::settings::<Settings>().unwrap().room.as_str()), (Some("main"), "hall"));
}

#[test]
fn what_is_kept_comes_back_within_the_quota() {
    let host = Host::install();
    host.set_state_quota(12);
    state::set_json("list", &[1, 2]).unwrap();
    assert_eq!(state::get_json::<Vec<u8>>("list").unwrap(), Some(vec![1, 2]));
    assert!(matches!(state::set("more", b"12345"), Err(PluginError::Permanent(_))));
    state::delete("list");
    assert_eq!(state::get("list"), None);
    host.set_state("odd", "{");
    assert!(matches!(state::get_json::<u8>("odd"), Err(PluginError::Permanent(_))));
}

#[test]
fn files_pass_as_handles() {
    let host = Host::install();
    host.answer("GET", "https://x.yz/cat", Reply::body(200, "image/png", *b"meow"));
    let blob = http::get("https://x.yz/cat").download().unwrap();
    assert_eq!((blobs::stat(&blob).unwrap().media_type.as_str(), blobs::stat(&blob).unwrap().size), ("image/png", 4));
    assert_eq!(blobs::read(&blob, 4).unwrap(), b"meow");
    assert!(matches!(blobs::read(&blob, 3), Err(PluginError::InvalidInput(_))));
    assert!(blobs::stat("blob-9").is_err());
}

#[test]
fn clock_log_and_progress_are_seen() {
    let host = Host::install();
    host.set_clock(1_000);
    host.advance(Duration::from_millis(5));
    assert_eq!(clock::now(), 1_005);
    log::warn("odd", &[("id", "7")]);
    progress::emit("half");
    assert_eq!((host.log()[0].message.as_str(), host.log()[0].fields.len()), ("odd", 1));
    assert_eq!(host.progress(), ["half"]);
}

#[test]
fn a_sealed_frame_names_the_secret_and_does_not_hold_it() {
    let action = Action::send_sealed(&json!({ "d": { "token": "" } }), SecretUse::in_json("bot-token", "/d/token"));
    let Action::SendSealed(frame) = action else { panic!("{action:?}") };
    assert_eq!(frame.text, r#"{"d":{"token":""}}"#);
    assert_eq!(frame.secrets[0].place, SecretPlace::Json("/d/token".into()));
}
