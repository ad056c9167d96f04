//! An agent keeps notes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use wingman_notes::NotesTool;
use wingman_sdk::testing::Host;
use wingman_sdk::{Invocation, PluginError, Result, Tool};

/// A call of its own, by this agent.
fn call(agent: &str, call_id: &str, tool: &str, input: &Value) -> Result<String> {
    let invocation = Invocation { agent: agent.to_owned(), call_id: call_id.to_owned(), ..Invocation::for_test(tool, input) };
    NotesTool::call(invocation).map(|output| output.text)
}

fn add(agent: &str, call_id: &str, text: &str) -> String {
    call(agent, call_id, "notes_add", &json!({ "text": text })).unwrap()
}

#[test]
fn notes_are_kept_found_and_deleted() {
    let _host = Host::install();
    assert_eq!(add("main", "1", "Ada likes tea"), "Kept as note 1.");
    assert_eq!(add("main", "2", "Grace likes coffee"), "Kept as note 2.");
    assert_eq!(call("main", "3", "notes_list", &json!({})).unwrap(), "2: Grace likes coffee\n1: Ada likes tea");
    assert_eq!(call("main", "4", "notes_search", &json!({ "query": "TEA ada" })).unwrap(), "1: Ada likes tea");
    assert_eq!(call("main", "5", "notes_delete", &json!({ "id": 2 })).unwrap(), "Note 2 is deleted.");
    assert_eq!(call("main", "6", "notes_delete", &json!({ "id": 2 })).unwrap(), "There is no note 2.");
    assert_eq!(add("main", "7", "again"), "Kept as note 3.", "a number is not used twice");
}

#[test]
fn an_agent_sees_its_own_notes_alone() {
    let _host = Host::install();
    add("main", "1", "mine");
    assert_eq!(call("other", "2", "notes_list", &json!({})).unwrap(), "There are no such notes.");
}

#[test]
fn a_call_that_is_repeated_after_a_crash_makes_one_note() {
    let _host = Host::install();
    assert_eq!([add("main", "1", "once"), add("main", "1", "once")], ["Kept as note 1.", "Kept as note 1."]);
    assert_eq!(call("main", "2", "notes_list", &json!({})).unwrap(), "1: once");
}

#[test]
fn limits_are_told_to_the_model() {
    let host = Host::install();
    for text in ["", " \n", &"x".repeat(4_001)] {
        let refused = call("main", "1", "notes_add", &json!({ "text": text }));
        assert!(matches!(&refused, Err(PluginError::InvalidInput(reason)) if reason.contains("`text`")), "{refused:?}");
    }
    for number in 0..200 {
        add("main", &format!("n{number}"), "x");
    }
    assert!(matches!(call("main", "2", "notes_add", &json!({ "text": "x" })), Err(PluginError::InvalidInput(_))));
    host.set_state_quota(10);
    assert!(matches!(call("other", "3", "notes_add", &json!({ "text": "x" })), Err(PluginError::Permanent(_))));
}
