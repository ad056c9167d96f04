//! Tools of a real MCP server, as a client and an operator meet them: called, stored, seen, lost and back again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use wingman_harness::model_server::{Asked, ModelServer, Reply};
use wingman_harness::{Gateway, Home, said};
use wingman_protocol::{AgentEvent, AgentEventKind, AgentRequest};

/// Node, with its whole path: a gateway in a test has few folders in its `PATH`.
fn node() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|folder| folder.join("node")).find(|file| file.is_file()).unwrap()
}

/// The protocol's own test server.
fn script() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp-servers");
    let script = folder.join("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
    assert!(script.is_file(), "the MCP servers for tests are not installed: run `cargo xtask setup`");
    script
}

/// What the user wrote: the last text of the message, behind what the gateway says of the surroundings.
fn written(message: &Value) -> &Value {
    message["content"].as_array().and_then(|parts| parts.last()).map_or(&message["content"], |part| &part["text"])
}

/// A model that has `everything_echo` called with what the user wrote, and then says what came of it.
async fn echoing_model() -> ModelServer {
    let answer = |_, asked: &Asked| {
        let last = asked.body["messages"].as_array().and_then(|messages| messages.last()).cloned().unwrap_or_default();
        if last["role"] == "tool" {
            return Reply::openai_text(&["It says: ", &last["content"].to_string()]);
        }
        let function = json!({ "name": "everything_echo", "arguments": json!({ "message": written(&last) }).to_string() });
        let delta = json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "function", "function": function }] });
        let chunk = |delta: Value, finish: Value| {
            let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
            json!({ "object": "chat.completion.chunk", "choices": [choice] })
        };
        Reply::events().data(chunk(delta, Value::Null)).data(chunk(json!({}), json!("tool_calls"))).data("[DONE]").end()
    };
    ModelServer::answering(answer).await.unwrap()
}

/// A folder whose gateway has one good MCP server, and one that does not start.
fn home(model: &ModelServer) -> Home {
    let address = format!("{}/v1", model.url());
    Home::new(|config| {
        config["providers"] = json!({ "lab": { "baseUrl": address } });
        config["agents"]["list"][0]["model"] = json!("lab:m");
        config["mcp"]["servers"] = json!({
            "broken": { "command": "no-such-program-here" },
            "everything": { "command": node(), "args": [script(), "stdio"] },
        });
    })
}

/// Waits until the good server is well and the other one failed; both as the API shows them.
async fn settled(gateway: &Gateway) -> [Value; 2] {
    let all = gateway.until("/api/mcp", |all| all[0]["state"] == "failing" && all[1]["state"] == "ready").await;
    [all[0].clone(), all[1].clone()]
}

async fn echo(gateway: &Gateway, words: &str) -> Vec<AgentEvent> {
    let client = gateway.client("laptop").await;
    gateway.ask(&client, AgentRequest::new(words)).await
}

/// The processes that `parent` started.
fn children(parent: i32) -> Vec<i32> {
    let child = |entry: fs::DirEntry| -> Option<i32> {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let parent_of: i32 = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        (parent_of == parent).then_some(pid)
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| child(entry.ok()?)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_is_called_its_result_is_kept_and_a_server_that_does_not_start_stops_nobody() {
    let model = echoing_model().await;
    let home = home(&model);
    assert_eq!(home.run(&["mcp", "list"]).status.code(), Some(3), "no gateway runs yet");
    let gateway = home.start().await;
    let [broken, everything] = settled(&gateway).await;
    assert_eq!(broken["lastError"], "there is no program `no-such-program-here`; install it, or write its whole path");
    assert_eq!(broken["tools"], json!([]));
    assert!(broken["nextTry"].as_i64() > broken["since"].as_i64(), "{broken}");
    assert!(everything["tools"].as_array().unwrap().contains(&json!("everything_echo")), "{everything}");

    let listed = String::from_utf8(home.run(&["mcp", "list"]).stdout).unwrap();
    for words in ["everything", "ready", "everything_echo", "failing", "broken: there is no program"] {
        assert!(listed.contains(words), "{words} is not in:\n{listed}");
    }
    let as_json: Value = serde_json::from_slice(&home.run(&["mcp", "list", "--json"]).stdout).unwrap();
    assert_eq!(as_json[1], everything);

    let events = echo(&gateway, "over here").await;
    let started = events.iter().find_map(|event| match &event.kind {
        AgentEventKind::ToolStart { tool_name, tool_input, .. } => Some((tool_name.as_str(), tool_input.clone())),
        _ => None,
    });
    assert_eq!(started, Some(("everything_echo", json!({ "message": "over here" }))));
    let ended = events.iter().find_map(|event| match &event.kind {
        AgentEventKind::ToolEnd { tool_output, is_error, .. } => Some((&**tool_output, *is_error)),
        _ => None,
    });
    assert_eq!(ended, Some(("Echo: over here", false)));
    assert!(said(&events).contains("Echo: over here"), "{events:?}");
    let messages = gateway.get("/api/sessions/agent%3Amain%3Amain/messages").await.body;
    let tool = &messages[1]["parts"][0];
    assert_eq!((&tool["toolName"], &tool["toolOutput"]), (&json!("everything_echo"), &json!("Echo: over here")));
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_is_started_again_and_its_tools_are_called_as_before() {
    let model = echoing_model().await;
    let home = home(&model);
    let gateway = home.start().await;
    settled(&gateway).await;
    let events = echo(&gateway, "before").await;
    assert!(said(&events).contains("Echo: before"), "{events:?}");

    let before = children(gateway.pid());
    let [server] = before[..] else { panic!("{before:?}") };
    kill_process(Pid::from_raw(server).unwrap(), Signal::KILL).unwrap();
    let back = |all: &Value| all[1]["state"] == "ready" && all[1]["lastError"].is_string();
    let all = gateway.until("/api/mcp", back).await;
    assert!(all[1]["lastError"].as_str().unwrap().contains("signal 9"), "{all}");
    assert!(!children(gateway.pid()).contains(&server));
    let events = echo(&gateway, "after").await;
    assert!(said(&events).contains("Echo: after"), "{events:?}");
    gateway.stop();
}
