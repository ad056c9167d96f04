//! The plugin platform while the gateway runs: grants, hot changes of the plugins folder, and tools that agents call.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use wingman_harness::model_server::{ModelServer, Reply};
use wingman_harness::parlor::{Parlor, SIGNING_SECRET};
use wingman_harness::{Answer, Gateway, Home, said};
use wingman_protocol::AgentRequest;

/// How long a change of a folder or the configuration may take to show.
const PATIENCE: Duration = Duration::from_secs(30);

fn built(folder: &str) -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(folder);
    assert!(built.join("plugin.wasm").is_file(), "run `cargo xtask plugins` first");
    built
}

/// Puts a built plugin into the plugins folder, its manifest changed by `adjust`.
fn put(home: &Home, folder: &str, adjust: impl FnOnce(String) -> String) -> PathBuf {
    let from = built(folder);
    let into = home.state().join("plugins").join(from.file_name().unwrap());
    fs::create_dir_all(&into).unwrap();
    fs::copy(from.join("plugin.wasm"), into.join("plugin.wasm")).unwrap();
    fs::write(into.join("plugin.toml"), adjust(fs::read_to_string(from.join("plugin.toml")).unwrap())).unwrap();
    into
}

/// What `/api/plugins` says of a plugin.
async fn listed(gateway: &Gateway, name: &str) -> Option<Value> {
    let all = gateway.get("/api/plugins").await.body;
    all.as_array().unwrap().iter().find(|plugin| plugin["name"] == name).cloned()
}

fn notes(plugin: &Value) -> String {
    plugin["notes"]
        .as_array()
        .map(|notes| notes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "))
        .unwrap_or_default()
}

/// Waits until what is said of a plugin is right.
async fn until_listed(gateway: &Gateway, name: &str, holds: impl Fn(Option<&Value>) -> bool) -> Option<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let plugin = listed(gateway, name).await;
        if holds(plugin.as_ref()) {
            return plugin;
        }
        assert!(Instant::now() < deadline, "{name} is listed as {plugin:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the one thing in the outbox says that it waits for this.
async fn until_waiting(gateway: &Gateway, what: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let all = gateway.get("/api/outbox").await.body;
        if all[0]["reason"].as_str().is_some_and(|reason| reason.contains(what)) {
            return all[0].clone();
        }
        assert!(Instant::now() < deadline, "what waits is {all}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Has the demo call a tool, and returns what it says of it.
async fn tool(gateway: &Gateway, call: &str) -> String {
    let client = gateway.client("laptop").await;
    said(&gateway.ask(&client, AgentRequest::new(format!("/tool {call}"))).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_without_grants_says_what_to_grant_and_works_once_it_is_granted() {
    let parlor = Parlor::start().await;
    let home = Home::new(|config| config["plugins"]["use"] = json!({ "parlor": parlor.account("a-token") }));
    parlor.install(&home, "parlor");
    let gateway = home.start().await;
    let plugin = listed(&gateway, "parlor").await.unwrap();
    assert_eq!(plugin["state"], "ready", "{plugin}");
    assert!(notes(&plugin).contains("`wingman plugin grant parlor`"), "{plugin}");
    let body = json!({ "type": "message", "message": Parlor::message("m1", "den", "hello") }).to_string();
    let signature = Parlor::signature(SIGNING_SECRET, &body);
    let request = gateway.anonymous(Method::POST, "/channels/parlor").header("x-parlor-signature", signature).body(body);
    assert_eq!(Answer::of(request).await.status, StatusCode::NO_CONTENT);
    gateway.until_messages("agent:main:parlor:group:den", 2).await;
    assert!(parlor.record().calls.is_empty(), "it called without a grant");
    let waits = until_waiting(&gateway, "not granted").await;
    assert_eq!((&waits["kind"], &waits["channel"]), (&json!("reply"), &json!("parlor")), "{waits}");
    assert!(waits["text"].as_str().unwrap().ends_with("You said: hello"), "{waits}");

    let granted = home.run(&["plugin", "grant", "parlor", "--http", "127.0.0.1", "--network", "127.0.0.0/8"]);
    assert!(granted.status.success(), "{}", String::from_utf8_lossy(&granted.stderr));
    parlor.say(Parlor::message("u1", "attic", "now"));
    parlor.until("an answer", |record| record.texts("attic").iter().any(|text| text.ends_with("You said: now"))).await;
    let plugin = until_listed(&gateway, "parlor", |plugin| !notes(plugin.unwrap()).contains("not granted")).await;
    assert!(plugin.unwrap()["grants"].to_string().contains("http://127.0.0.1"));
    // What could not go out before has waited for it.
    assert_eq!(gateway.get("/api/dead-letters").await.body, json!([]));
    parlor.until("the first answer", |record| record.texts("den").iter().any(|text| text.ends_with("You said: hello"))).await;
    gateway.stop();
    // Taking a change reads the file, which is no change: else it would be taken for ever.
    let log = fs::read_to_string(home.path().join("gateway.log")).unwrap();
    assert_eq!(log.matches("the changed configuration is taken").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_dropped_in_replaced_and_removed_while_the_gateway_runs() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    assert!(listed(&gateway, "ci-alert").await.is_none());
    let folder = put(&home, "example-plugins/ci-alert", |manifest| manifest);
    until_listed(&gateway, "ci-alert", |plugin| plugin.is_some_and(|plugin| plugin["state"] == "ready")).await;
    let webhook = json!({ "id": "ci", "name": "CI", "agentId": "main", "preset": "ci-alert", "secret": "of-the-webhook-alone" });
    assert_eq!(Answer::of(gateway.request(Method::POST, "/api/webhooks").json(&webhook)).await.status, StatusCode::CREATED);
    let build = |pipeline: &str| {
        let build = json!({ "pipeline": pipeline, "status": "failed", "branch": "main" });
        gateway.anonymous(Method::POST, "/webhooks/ci").bearer_auth("of-the-webhook-alone").json(&build)
    };
    assert_eq!(Answer::of(build("web")).await.status, StatusCode::ACCEPTED);

    fs::write(folder.join("plugin.wasm"), "this is no component").unwrap();
    let old = until_listed(&gateway, "ci-alert", |plugin| plugin.is_some_and(|plugin| !notes(plugin).is_empty())).await.unwrap();
    assert_eq!(old["state"], "ready", "{old}");
    assert!(notes(&old).contains("refused"), "{old}");
    assert_eq!(Answer::of(build("app")).await.status, StatusCode::ACCEPTED, "the old version goes on");

    put(&home, "example-plugins/ci-alert", |manifest| manifest.replace("version = \"0.1.0\"", "version = \"0.1.1\""));
    let new = until_listed(&gateway, "ci-alert", |plugin| plugin.is_some_and(|plugin| plugin["version"] == "0.1.1")).await;
    assert_eq!(notes(&new.unwrap()), "");
    assert_eq!(Answer::of(build("docs")).await.status, StatusCode::ACCEPTED);
    let told = gateway.until_messages("agent:main:webhook:ci", 6).await;
    assert!(told.iter().any(|(_, text)| text == "CI: app is **failed** on main."), "{told:?}");

    fs::remove_dir_all(&folder).unwrap();
    until_listed(&gateway, "ci-alert", |plugin| plugin.is_none()).await;
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_keeps_notes_with_a_plugins_tools_and_is_told_of_wrong_input() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let wrong = tool(&gateway, r#"notes_add {"words": "buy milk"}"#).await;
    assert!(wrong.contains("The tool notes_add failed"), "{wrong}");
    assert!(wrong.contains("text"), "it is not said what is missing: {wrong}");
    let added = tool(&gateway, r#"notes_add {"text": "buy milk"}"#).await;
    assert!(added.contains("The tool notes_add answered"), "{added}");
    gateway.stop();

    let gateway = home.start().await;
    let notes = tool(&gateway, "notes_list {}").await;
    assert!(notes.contains("buy milk"), "{notes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_fetches_from_granted_hosts_alone() {
    let server = ModelServer::start(vec![Reply::status("200 OK", "", r#"{"weather": "sunny"}"#)]).await.unwrap();
    let port = server.url().rsplit_once(':').unwrap().1.to_owned();
    let home = Home::new(|_| {});
    put(&home, "plugins/http-fetch", |manifest| {
        manifest.replace("scheme = \"http\"\n", &format!("scheme = \"http\"\nport = {port}\n"))
    });
    let gateway = home.start().await;
    let call = format!(r#"http_fetch {{"url": "{}/weather"}}"#, server.url());
    let refused = tool(&gateway, &call).await;
    assert!(refused.contains("The tool http_fetch failed") && refused.contains("granted"), "{refused}");
    assert!(server.asked().is_empty(), "it called without a grant");

    let granted = home.run(&["plugin", "grant", "http-fetch", "--http", "127.0.0.1", "--network", "127.0.0.0/8"]);
    assert!(granted.status.success(), "{}", String::from_utf8_lossy(&granted.stderr));
    until_listed(&gateway, "http-fetch", |plugin| !notes(plugin.unwrap()).contains("of your choice")).await;
    let fetched = tool(&gateway, &call).await;
    assert!(fetched.contains("sunny"), "{fetched}");
    let elsewhere = tool(&gateway, &format!(r#"http_fetch {{"url": "http://localhost:{port}/"}}"#)).await;
    assert!(elsewhere.contains("The tool http_fetch failed"), "{elsewhere}");
    assert_eq!(server.asked().len(), 1, "another name of the same machine was not granted");
}
