//! The command line as a script uses it: exit codes, words, files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod terminal;

use serde_json::{Value, json};
use std::fs;
use std::process::Output;
use wingman_harness::Home;

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_gateway_is_started_found_asked_and_stopped() {
    let home = Home::new(|_| {});
    assert_eq!(home.run(&["gateway", "status"]).status.code(), Some(3), "nothing runs yet");
    let started = home.run(&["gateway", "start"]);
    assert!(started.status.success(), "{}", words(&started));

    let status: Value = serde_json::from_slice(&home.run(&["gateway", "status", "--json"]).stdout).unwrap();
    assert_eq!(status["running"], true);
    let url = status["gateway"]["url"].as_str().unwrap().to_owned();
    let port = url.rsplit(':').next().unwrap().to_owned();
    let health = home.run(&["gateway", "health", "--host", "127.0.0.1", "--port", &port]);
    assert!(words(&health).starts_with("healthy"), "{}", words(&health));

    let second = home.run(&["gateway", "start"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(words(&second).contains("running already"), "{}", words(&second));

    let gateway = format!("{}/ws", url.replace("http", "ws"));
    let said = home.run(&["agent", "--gateway", &gateway, "--agent", "main", "hello from a script"]);
    assert!(said.status.success() && String::from_utf8_lossy(&said.stdout).contains("hello from a script"), "{}", words(&said));
    let failed = home.run(&["agent", "--gateway", &gateway, "/fail on purpose"]);
    assert_eq!(failed.status.code(), Some(5), "{}", words(&failed));
    let refused = home.run(&["agent", "--gateway", &gateway, "--token", "wrong", "hello"]);
    assert_eq!(refused.status.code(), Some(4), "{}", words(&refused));

    assert!(home.run(&["gateway", "stop"]).status.success());
    assert_eq!(home.run(&["gateway", "stop"]).status.code(), Some(3));
    let gone = home.run(&["agent", "--gateway", &gateway, "hello"]);
    assert_eq!(gone.status.code(), Some(3), "{}", words(&gone));
}

#[test]
fn an_agent_runs_without_a_gateway() {
    let home = Home::new(|_| {});
    let said = home.run(&["agent", "--local", "all by myself"]);
    assert!(said.status.success() && String::from_utf8_lossy(&said.stdout).contains("all by myself"), "{}", words(&said));
    let events = home.run(&["agent", "--local", "--json", "again"]);
    let events: Vec<Value> =
        String::from_utf8_lossy(&events.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&events[0]["type"], &events.last().unwrap()["type"]), (&json!("agent-start"), &json!("agent-complete")));
}

#[test]
fn a_first_configuration_is_written_once_and_works() {
    let home = Home::new(|_| {});
    fs::remove_file(home.config()).unwrap();
    let made = home.run(&["init", "--agents", "planner,reviewer"]);
    assert!(made.status.success(), "{}", words(&made));
    assert_eq!(home.run(&["init"]).status.code(), Some(1), "an existing configuration was overwritten");
    let explained = home.run(&["route", "explain", "--channel", "webui", "--peer", "dm:u1", "--json"]);
    let explained: Value = serde_json::from_slice(&explained.stdout).unwrap();
    assert_eq!((&explained["agentId"], &explained["sessionId"]), (&json!("main"), &json!("agent:main:main")));
}

#[test]
fn the_winning_binding_is_named_and_so_is_why_the_others_lost() {
    let home = Home::new(|config| {
        config["agents"]["list"] = json!([{"id": "main", "default": true}, {"id": "support"}]);
        config["agents"]["bindings"] = json!([
            {"agentId": "main", "match": {"channel": "chat"}},
            {"agentId": "support", "match": {"channel": "chat", "peer": {"kind": "dm", "id": "u1"}}},
        ]);
    });
    let explained = home.run(&["route", "explain", "--channel", "chat", "--peer", "dm:u1"]);
    let text = words(&explained);
    assert!(text.contains("support") && text.contains("agents.bindings[1] is more specific"), "{text}");
}

#[test]
fn a_mistake_in_the_configuration_is_shown_where_it_is() {
    let home = Home::new(|_| {});
    fs::write(home.config(), "{\n  \"gateway\": {\n    \"prot\": 1\n  }\n}\n").unwrap();
    let refused = home.run(&["gateway", "start"]);
    let text = words(&refused);
    assert_eq!(refused.status.code(), Some(78), "{text}");
    assert!(text.contains("3:5") && text.contains("\"prot\"") && text.contains("port"), "{text}");
}

#[test]
fn an_open_door_is_refused() {
    let home = Home::new(|config| config["gateway"]["auth"] = json!({"mode": "none"}));
    let refused = home.run(&["gateway", "run", "--host", "0.0.0.0"]);
    assert_eq!(refused.status.code(), Some(78), "{}", words(&refused));
}

#[test]
fn a_newer_programs_database_is_refused_with_a_word_on_what_to_do() {
    let home = Home::new(|_| {});
    assert!(home.run(&["agent", "--local", "make a database"]).status.success());
    let file = home.state().join("agents/main/agent.db");
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 9999).unwrap();
    let refused = home.run(&["agent", "--local", "hello"]);
    let text = words(&refused);
    assert!(!refused.status.success() && text.contains("newer"), "{text}");
}
