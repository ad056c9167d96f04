//! Agents that come, change and go while the gateway runs, and conversations that outgrow their model.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};
use wingman_client::ClientError;
use wingman_harness::model_server::{ModelServer, Reply};
use wingman_harness::{Answer, Gateway, Home, said};
use wingman_protocol::AgentRequest;

const PATIENCE: Duration = Duration::from_secs(60);

fn to(agent: &str, text: &str) -> AgentRequest {
    AgentRequest { agent_id: Some(agent.parse().unwrap()), ..AgentRequest::new(text.to_owned()) }
}

async fn send(gateway: &Gateway, method: Method, path: &str, body: &Value) -> Answer {
    Answer::of(gateway.request(method, path).json(body)).await
}

/// Reads `path` until it is as wanted.
async fn until(gateway: &Gateway, path: &str, is_so: impl Fn(&Answer) -> bool) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = gateway.get(path).await;
        if is_so(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{path} stays {answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_made_changed_disabled_and_forgotten_through_the_api() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let body = json!({ "name": "Mail Reader", "description": "Reads mail", "model": "demo:echo", "instructions": "Be kind." });
    let made = send(&gateway, Method::POST, "/api/agents", &body).await;
    assert_eq!((made.status, &made.body["id"]), (StatusCode::CREATED, &json!("mail-reader")), "{made:?}");
    assert_eq!((&made.body["source"], &made.body["enabled"]), (&json!("file"), &json!(true)), "{made:?}");
    let file = home.state().join("agents/mail-reader/agent.md");
    assert!(fs::read_to_string(&file).unwrap().ends_with("Be kind.\n"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);

    let client = gateway.client("c").await;
    let events = gateway.ask(&client, to("mail-reader", "hello there")).await;
    assert!(said(&events).contains("hello there"), "{events:?}");
    let again = send(&gateway, Method::POST, "/api/agents", &json!({ "id": "Mail-Reader" })).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{again:?}");

    let changed = send(&gateway, Method::PUT, "/api/agents/mail-reader", &json!({ "enabled": false, "description": null })).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    assert_eq!((&changed.body["enabled"], &changed.body["instructions"]), (&json!(false), &json!("Be kind.")), "{changed:?}");
    assert!(changed.body.get("description").is_none(), "{changed:?}");
    let refused = client.request_agent(to("mail-reader", "anyone?")).await;
    let why = match refused {
        Err(error) => error.to_string(),
        Ok(mut run) => match run.next_event().await {
            Some(Err(error @ ClientError::Refused(_))) => error.to_string(),
            other => format!("{other:?}"),
        },
    };
    assert!(why.contains("disabled"), "{why}");
    assert_eq!(gateway.messages("agent:mail-reader:main").await.len(), 2, "its sessions stay readable");

    for (id, body) in [
        ("mail-reader", json!({ "model": "nowhere:x" })),
        ("mail-reader", json!({ "model": "no provider" })),
        ("mail-reader", json!({ "context": { "maxTokens": 1, "compactAt": 0.5, "keepRecent": 1 } })),
        ("mail-reader", json!({ "id": "other" })),
    ] {
        let wrong = send(&gateway, Method::PUT, &format!("/api/agents/{id}"), &body).await;
        assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{body} {wrong:?}");
    }
    let kept = gateway.get("/api/agents/mail-reader").await;
    assert_eq!((&kept.body["model"], kept.body.get("context")), (&json!("demo:echo"), None), "{kept:?}");
    assert!(gateway.get("/api/config").await.body.get("reloadError").is_none());

    let gone = Answer::of(gateway.request(Method::DELETE, "/api/agents/mail-reader")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{gone:?}");
    assert_eq!(gateway.get("/api/agents/mail-reader").await.status, StatusCode::NOT_FOUND);
    assert!(!file.exists() && file.with_file_name("agent.db").exists(), "what it said stays on disk");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_the_configuration_is_not_changed_through_the_api_and_no_id_leads_out_of_its_folder() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    for (method, body) in
        [(Method::PUT, json!({ "name": "x" })), (Method::DELETE, json!({})), (Method::POST, json!({ "id": "main" }))]
    {
        let path = if method == Method::POST { "/api/agents" } else { "/api/agents/main" };
        let refused = send(&gateway, method, path, &body).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    }
    for id in ["..", ".hidden", "../main", "a/b", "a\\b", "a:b", "a\u{0}b", "", &"x".repeat(65)] {
        let made = send(&gateway, Method::POST, "/api/agents", &json!({ "id": id })).await;
        assert!(made.status.is_client_error(), "{id:?} {made:?}");
        let escaped: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let read = gateway.get(&format!("/api/agents/{escaped}")).await;
        assert!(read.status.is_client_error() || id.is_empty(), "{id:?} {read:?}");
        let sessions = gateway.get(&format!("/api/sessions?agentId={escaped}")).await;
        assert!(sessions.status.is_client_error(), "{id:?} {sessions:?}");
    }
    let folders: Vec<_> = fs::read_dir(home.state().join("agents")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(folders.iter().all(|folder| folder == "main"), "{folders:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_hand_is_taken_and_a_mistake_keeps_what_was_there_and_says_where_it_is() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let folder = home.state().join("agents/helper");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("agent.md"), "---\nname: Helper\nmodel: demo:echo\n---\nHelp.\n").unwrap();
    let path = "/api/agents/helper";
    until(&gateway, path, |answer| answer.status == StatusCode::OK).await;

    fs::write(folder.join("agent.md"), "---\nname: Better\nmodle: demo:echo\n---\nHelp.\n").unwrap();
    let config = until(&gateway, "/api/config", |answer| answer.body.get("reloadError").is_some()).await;
    let why = config.body["reloadError"]["message"].as_str().unwrap();
    assert!(why.contains("agent.md:3") && why.contains("`model`"), "{why}");
    let client = gateway.client("c").await;
    assert!(said(&gateway.ask(&client, to("helper", "still there?")).await).contains("still there?"));
    let status = home.run(&["gateway", "status"]);
    let words = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.status.success() && words.contains("agent.md:3"), "{words}");

    fs::write(folder.join("agent.md"), "---\nname: Better\nmodel: demo:echo\n---\nHelp.\n").unwrap();
    until(&gateway, "/api/config", |answer| answer.body.get("reloadError").is_none()).await;
    assert_eq!(gateway.get(path).await.body["name"], "Better");

    // The configuration's own file: first with a mistake, then with a binding to the agent.
    let text = fs::read_to_string(home.config()).unwrap();
    fs::write(home.config(), text.replace("\"agents\"", "\"agnets\"")).unwrap();
    until(&gateway, "/api/config", |answer| answer.body.get("reloadError").is_some()).await;
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["agents"]["bindings"] = json!([{ "agentId": "helper", "match": { "channel": "webui" } }]);
    home.configure(&config);
    until(&gateway, "/api/config", |answer| answer.body.get("reloadError").is_none()).await;
    let events = gateway.ask(&client, AgentRequest::new("who answers?".to_owned())).await;
    assert!(events.iter().all(|event| event.agent_id.as_str() == "helper"), "{events:?}");
    let needed = Answer::of(gateway.request(Method::DELETE, path)).await;
    assert_eq!(needed.status, StatusCode::CONFLICT, "a binding names it: {needed:?}");
    assert!(folder.join("agent.md").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_sees_to_agents() {
    let home = Home::new(|_| {});
    assert_eq!(home.run(&["agents", "list"]).status.code(), Some(3), "nothing runs yet");
    let _gateway = home.start().await;
    let words = |args: &[&str]| {
        let output = home.run(args);
        (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    };
    let made = words(&["agents", "create", "helper", "--model", "demo:echo", "--tools", "memory", "--instructions", "Help."]);
    assert_eq!(made.0, Some(0), "{}", made.1);
    assert!(words(&["agents", "list"]).1.contains("helper"));
    assert_eq!(words(&["agents", "disable", "helper"]).0, Some(0));
    let shown: Value = serde_json::from_slice(&home.run(&["agents", "show", "helper", "--json"]).stdout).unwrap();
    assert_eq!(
        (&shown["enabled"], &shown["tools"], &shown["availableTools"]),
        (&json!(false), &json!(["memory"]), &json!(["memory"]))
    );
    assert_eq!(words(&["agents", "enable", "helper"]).0, Some(0));

    let script = home.path().join("editor.sh");
    fs::write(&script, "#!/bin/sh\nsed -i 's/^Help\\.$/Help a lot./' \"$1\"\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let edited = home.command(&["agents", "edit", "helper"]).env("EDITOR", &script).output().unwrap();
    assert!(edited.status.success(), "{edited:?}");
    let (_, shown) = words(&["agents", "show", "helper"]);
    assert!(shown.contains("Help a lot."), "{shown}");
    let refused = words(&["agents", "delete", "main"]);
    assert!(refused.0 == Some(1) && refused.1.contains("configuration file"), "{}", refused.1);
    assert_eq!(words(&["agents", "delete", "helper"]).0, Some(0));
    assert!(!words(&["agents", "list"]).1.contains("helper"));
}

fn answers(text: &str) -> Reply {
    // Without usage, so that nothing is learned from it.
    let chunk = |delta: Value, finish: Value| {
        json!({ "id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
    };
    let text = chunk(json!({ "role": "assistant", "content": text }), Value::Null);
    Reply::events().data(text).data(chunk(json!({}), json!("stop"))).data("[DONE]").end()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_is_summed_up_once_and_goes_on_from_there_after_a_restart() {
    let long = "word ".repeat(2_000);
    let replies = ["one", "two", "SUMMARY OF IT ALL", "three", "four"].map(answers);
    let server = ModelServer::start(replies.to_vec()).await.unwrap();
    let url = format!("{}/v1", server.url());
    let home = Home::new(|config| {
        config["providers"] = json!({ "lab": { "baseUrl": url } });
        config["agents"]["list"][0] = json!({ "id": "main", "default": true, "model": "lab:m", "tools": [],
            "context": { "maxTokens": 10_000, "compactAt": 0.6, "keepRecent": 1 } });
    });
    let gateway = home.start().await;
    let client = gateway.client("c").await;
    let last = format!("{long} and now?");
    for text in [&long, &long, &last] {
        gateway.ask(&client, to("main", text)).await;
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 4, "one request sums up");
    assert!(asked[2].body.to_string().contains("Sum up this conversation"));
    let third = asked[3].body.to_string();
    assert!(third.contains("SUMMARY OF IT ALL") && third.contains("and now?"), "{third}");
    assert!(third.len() < last.len() * 2, "the older part is not sent again");
    gateway.stop();

    let gateway = home.start().await;
    let client = gateway.client("c").await;
    gateway.ask(&client, to("main", "still there?")).await;
    assert!(server.asked()[4].body.to_string().contains("SUMMARY OF IT ALL"));
    assert_eq!(gateway.messages("agent:main:main").await.len(), 8, "people see all of it");
}
