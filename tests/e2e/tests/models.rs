//! Model providers as an operator and a client meet them: keys, fallbacks, reasoning, cost.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};
use wingman_harness::model_server::{ModelServer, Reply};
use wingman_harness::{Home, said};
use wingman_protocol::{AgentEventKind, AgentRequest, StreamChunk};

const KEY: &str = "sk-test-0123456789";

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs a command with `input` on its standard input.
fn run_with(home: &Home, args: &[&str], input: &str) -> Output {
    let piped = || Stdio::piped();
    let mut child = home.command(args).stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn key_source(home: &Home, provider: &str) -> String {
    let listed: Value = serde_json::from_slice(&home.run(&["provider", "list", "--json"]).stdout).unwrap();
    let found = listed.as_array().unwrap().iter().find(|one| one["name"] == provider).cloned().unwrap();
    found["keySource"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_checked_kept_for_its_owner_listed_without_itself_and_forgotten() {
    let server = ModelServer::answering(|_, asked| match asked.header("authorization") {
        Some("Bearer sk-test-0123456789") => Reply::status("200 OK", "", "{}"),
        _ => Reply::status("401 Unauthorized", "", r#"{"error":{"message":"no such key"}}"#),
    });
    let server = server.await.unwrap();
    let address = format!("{}/v1", server.url());
    let home = Home::new(|config| config["providers"] = json!({ "lab": { "baseUrl": address } }));
    let file = home.state().join("credentials.json");

    let refused = run_with(&home, &["provider", "login", "lab"], "sk-wrong-0123456789\n");
    assert_eq!(refused.status.code(), Some(4), "{}", words(&refused));
    assert!(words(&refused).contains("no such key") && !words(&refused).contains("sk-wrong"), "{}", words(&refused));
    assert!(!file.exists(), "a refused key was kept");

    let kept = run_with(&home, &["provider", "login", "lab", "--token-stdin"], &format!("{KEY}\n"));
    assert!(kept.status.success() && !words(&kept).contains(KEY), "{}", words(&kept));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(key_source(&home, "lab"), "file");
    assert!(!words(&home.run(&["provider", "list"])).contains(KEY));

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = home.run(&["provider", "list"]);
    assert!(!open.status.success() && words(&open).contains("chmod 600"), "{}", words(&open));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();

    assert!(home.run(&["provider", "remove", "lab"]).status.success());
    assert_eq!(key_source(&home, "lab"), "none");
    assert_eq!(home.run(&["provider", "remove", "lab"]).status.code(), Some(1));
    let unknown = run_with(&home, &["provider", "login", "nowhere"], KEY);
    assert!(!unknown.status.success() && words(&unknown).contains("providers.nowhere.baseUrl"), "{}", words(&unknown));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_is_named_in_the_configuration_and_comes_before_the_file() {
    let home = Home::new(|config| config["providers"] = json!({ "lab": { "baseUrl": "http://127.0.0.1:9/v1" } }));
    let named = home.run(&["provider", "login", "lab", "--api-key-env", "LAB_KEY"]);
    assert!(named.status.success(), "{}", words(&named));
    let config: Value = serde_json::from_str(&std::fs::read_to_string(home.config()).unwrap()).unwrap();
    assert_eq!(config["providers"]["lab"], json!({ "baseUrl": "http://127.0.0.1:9/v1", "apiKeyEnv": "LAB_KEY" }));
    let listed = home.command(&["provider", "list", "--json"]).env("LAB_KEY", KEY).output().unwrap();
    assert!(words(&listed).contains("\"environment\"") && !words(&listed).contains(KEY), "{}", words(&listed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_answers_and_its_reasoning_its_name_and_its_cost_are_told_and_kept() {
    let first = ModelServer::start(vec![Reply::status("401 Unauthorized", "", "{}")]).await.unwrap();
    let chunk = |choices: Value, usage: Value| json!({ "object": "chat.completion.chunk", "choices": choices, "usage": usage });
    let answer = Reply::events()
        .data(chunk(json!([{ "index": 0, "delta": { "reasoning_content": "Hmm." } }]), Value::Null))
        .data(chunk(json!([{ "index": 0, "delta": { "content": "Hello." } }]), Value::Null))
        .data(chunk(json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]), Value::Null))
        .data(chunk(json!([]), json!({ "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110 })))
        .data("[DONE]")
        .end();
    let second = ModelServer::start(vec![answer]).await.unwrap();
    let home = Home::new(|config| {
        config["providers"] = json!({
            "one": { "baseUrl": format!("{}/v1", first.url()) },
            "two": { "baseUrl": format!("{}/v1", second.url()), "prices": { "m": { "input": 1.5, "output": 6 } } },
        });
        config["agents"]["list"][0]["model"] = json!("one:m");
        config["agents"]["list"][0]["fallbackModels"] = json!(["two:m"]);
    });
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let events = gateway.ask(&client, AgentRequest::new("Hello?")).await;
    assert_eq!(said(&events), "Hello.");
    let chunks: Vec<&StreamChunk> = events
        .iter()
        .filter_map(|event| match &event.kind {
            AgentEventKind::AgentStream { chunk } => Some(chunk),
            _ => None,
        })
        .collect();
    assert!(matches!(chunks[0], StreamChunk::OnChatModelRetry { data, .. } if data.reason.contains("two:m is asked instead")));
    assert!(matches!(chunks[1], StreamChunk::OnChatModelReasoning { data, .. } if &*data.chunk.content == "Hmm."));
    let Some(AgentEventKind::AgentComplete { result }) = events.last().map(|event| &event.kind) else { panic!("{events:?}") };
    assert_eq!((result.model.as_deref(), result.cost), (Some("two:m"), Some(150 + 60)));

    let session = events[0].session_id.to_string().replace(':', "%3A");
    let messages = gateway.get(&format!("/api/sessions/{session}/messages")).await.body;
    let parts = &messages.as_array().unwrap().last().unwrap()["parts"];
    assert_eq!(*parts, json!([{ "type": "reasoning", "text": "Hmm." }, { "type": "text", "text": "Hello." }]));
    gateway.stop();
}
