//! Webhooks: verified, normalised by a component, durable before they are acknowledged, answered once, there to continue.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use wingman_harness::{Answer, Gateway, Home};

const SECRET: &str = "a-webhook-secret-of-its-own";
const SESSION: &str = "agent:mail:webhook:inbox";

fn with_webhook(config: &mut Value) {
    config["agents"]["list"] = json!([{"id": "main", "default": true}, {"id": "mail"}]);
    config["agents"]["bindings"] = json!([{"agentId": "main", "match": {"channel": "webhook"}}]);
    config["webhooks"] = json!([
        {"id": "inbox", "name": "Mail", "agentId": "mail", "secret": SECRET, "enabled": true, "preset": "gog-gmail"},
        {"id": "off", "name": "Off", "agentId": "mail", "secret": SECRET, "enabled": false},
        {"id": "plain", "name": "Plain", "agentId": "mail", "secret": SECRET, "enabled": true},
    ]);
}

/// What the mail watcher posts (protocol of `gog gmail watch serve`).
fn mails(ids: &[&str]) -> Value {
    let mail = |id: &&str| {
        json!({"id": id, "threadId": "t1", "from": "Ada <ada@example.com>", "to": "me@example.com", "subject": format!("Subject {id}"),
               "date": "Tue, 24 Nov 2026 10:00:00 +0000", "snippet": "Hello", "body": format!("Body of {id}"), "labels": ["INBOX"]})
    };
    json!({"source": "gmail", "account": "me@example.com", "historyId": "42", "messages": ids.iter().map(mail).collect::<Vec<_>>()})
}

async fn post(gateway: &Gateway, id: &str, body: &Value) -> Answer {
    Answer::of(gateway.anonymous(Method::POST, &format!("/webhooks/{id}")).bearer_auth(SECRET).json(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_is_answered_by_its_agent_and_a_repeat_is_told_so() {
    let home = Home::new(with_webhook);
    let gateway = home.start().await;
    let first = post(&gateway, "inbox", &mails(&["m1", "m2", "m3"])).await;
    assert_eq!(
        (first.status, &first.body["ok"], &first.body["sessionId"]),
        (StatusCode::ACCEPTED, &json!(true), &json!(SESSION))
    );

    let messages = gateway.until_messages(SESSION, 4).await;
    for (index, id) in ["m1", "m2", "m3"].iter().enumerate() {
        assert_eq!(messages[index].0, "user");
        assert!(
            messages[index].1.contains(&format!("Subject {id}")) && messages[index].1.contains(&format!("Body of {id}")),
            "{messages:?}"
        );
    }
    assert_eq!(messages[3].0, "assistant");

    let again = post(&gateway, "inbox", &mails(&["m1", "m2", "m3"])).await;
    assert_eq!((again.status, &again.body["deliveryId"]), (StatusCode::OK, &first.body["deliveryId"]));

    // One new mail among old ones is one new message.
    let more = post(&gateway, "inbox", &mails(&["m2", "m4"])).await;
    assert_eq!(more.status, StatusCode::ACCEPTED);
    let messages = gateway.until_messages(SESSION, 6).await;
    assert!(messages[4].1.contains("Subject m4"), "{messages:?}");

    // The thread goes on like any other.
    let client = gateway.client("laptop").await;
    let request = wingman_protocol::AgentRequest {
        session_key: Some(SESSION.parse().unwrap()),
        ..wingman_protocol::AgentRequest::new("thanks")
    };
    gateway.ask(&client, request).await;
    assert_eq!(gateway.messages(SESSION).await.len(), 8);
    assert!(gateway.messages("agent:main:main").await.is_empty(), "routing changed a webhook's agent");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_why_and_leaves_nothing() {
    let home = Home::new(|config| {
        with_webhook(config);
        config["limits"]["webhookBytes"] = json!(10_000);
    });
    let gateway = home.start().await;
    let to = |id: &str| gateway.anonymous(Method::POST, &format!("/webhooks/{id}"));
    let good = mails(&["m1"]);

    assert_eq!(Answer::of(to("inbox").json(&good)).await.status, StatusCode::UNAUTHORIZED, "no secret");
    assert_eq!(Answer::of(to("inbox").bearer_auth("wrong").json(&good)).await.status, StatusCode::UNAUTHORIZED);
    let gateways_own = to("inbox").bearer_auth(wingman_harness::TOKEN).json(&good);
    assert_eq!(Answer::of(gateways_own).await.status, StatusCode::UNAUTHORIZED, "the gateway's token is no webhook's secret");
    assert_eq!(post(&gateway, "off", &good).await.status, StatusCode::FORBIDDEN);
    assert_eq!(post(&gateway, "nowhere", &good).await.status, StatusCode::NOT_FOUND);
    let malformed = Answer::of(to("inbox").bearer_auth(SECRET).body("{not json")).await;
    assert_eq!(malformed.status, StatusCode::BAD_REQUEST, "{malformed:?}");
    let oversized = to("inbox").bearer_auth(SECRET).body("x".repeat(10_001));
    assert_eq!(Answer::of(oversized).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(gateway.messages(SESSION).await.is_empty());
    assert_eq!(gateway.get("/api/sessions").await.body, json!([]));

    // The other two places that the secret may stand in.
    assert_eq!(Answer::of(to("inbox").header("x-wingman-secret", SECRET).json(&good)).await.status, StatusCode::ACCEPTED);
    assert_eq!(Answer::of(to(&format!("inbox?secret={SECRET}")).json(&good)).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_through_the_api_and_its_secret_is_shown_once() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let made = Answer::of(gateway.request(Method::POST, "/api/webhooks").json(&json!({"id": "hook", "name": "Hook"}))).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let secret = made.body["secret"].as_str().unwrap();
    assert!(gateway.get("/api/webhooks/hook").await.body["secret"].is_null());
    let unknown = json!({"name": "X", "preset": "no-such"});
    assert_eq!(Answer::of(gateway.request(Method::POST, "/api/webhooks").json(&unknown)).await.status, StatusCode::BAD_REQUEST);

    let to_hook = || gateway.anonymous(Method::POST, "/webhooks/hook").bearer_auth(secret).body("anything at all");
    assert_eq!(Answer::of(to_hook()).await.status, StatusCode::ACCEPTED);
    let messages = gateway.until_messages("agent:main:webhook:hook", 2).await;
    assert!(messages[0].1.contains("anything at all"), "{messages:?}");

    let disable = gateway.request(Method::PUT, "/api/webhooks/hook").json(&json!({"enabled": false}));
    assert_eq!(Answer::of(disable).await.status, StatusCode::OK);
    assert_eq!(Answer::of(to_hook()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(Answer::of(gateway.request(Method::DELETE, "/api/webhooks/hook")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(Answer::of(to_hook()).await.status, StatusCode::NOT_FOUND);
}

/// A component that is written down as text, dropped into the plugins folder.
fn drop_plugin(home: &Home, case: &str) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bad-plugins").join(case);
    let folder = home.state().join("plugins").join(case);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(source.join("plugin.toml"), folder.join("plugin.toml")).unwrap();
    let core = wat::parse_file(source.join("plugin.wat")).unwrap();
    let component =
        wingman_guest::componentize(&core, &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit"), "preset-plugin").unwrap();
    fs::write(folder.join("plugin.wasm"), component).unwrap();
    case.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_loops_or_traps_fails_alone() {
    let home = Home::new(with_webhook);
    for case in ["loops-forever", "traps", "eats-memory"] {
        drop_plugin(&home, case);
    }
    let gateway = home.start().await;
    for case in ["loops-forever", "traps", "eats-memory"] {
        let webhook = json!({"id": case, "name": case, "agentId": "mail", "preset": case, "secret": SECRET});
        assert_eq!(Answer::of(gateway.request(Method::POST, "/api/webhooks").json(&webhook)).await.status, StatusCode::CREATED);
    }
    let (nothing, mail) = (json!({}), mails(&["m1"]));
    let (looping, good) = tokio::join!(post(&gateway, "loops-forever", &nothing), post(&gateway, "inbox", &mail));
    assert_eq!(looping.status, StatusCode::GATEWAY_TIMEOUT, "{looping:?}");
    assert_eq!(good.status, StatusCode::ACCEPTED);
    assert_eq!(post(&gateway, "traps", &json!({})).await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(post(&gateway, "eats-memory", &json!({})).await.status, StatusCode::BAD_GATEWAY);

    let plugins = gateway.get("/api/plugins").await.body;
    let failures =
        |name: &str| plugins.as_array().unwrap().iter().find(|plugin| plugin["name"] == name).unwrap()["failures"].clone();
    assert_eq!((failures("loops-forever"), failures("traps"), failures("gog-gmail")), (json!(1), json!(1), json!(0)));
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_nobody_compiled_in_is_listed_and_serves_a_webhook() {
    let home = Home::new(with_webhook);
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/example-plugins/ci-alert");
    assert!(built.join("plugin.wasm").is_file(), "run `cargo xtask plugins` first");
    let folder = home.state().join("plugins/ci-alert");
    fs::create_dir_all(&folder).unwrap();
    for file in ["plugin.toml", "plugin.wasm"] {
        fs::copy(built.join(file), folder.join(file)).unwrap();
    }
    let listed = home.run(&["plugin", "list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let ours = listed.as_array().unwrap().iter().find(|plugin| plugin["name"] == "ci-alert").unwrap();
    assert_eq!(
        (&ours["kind"], &ours["contract"], &ours["state"], &ours["builtIn"]),
        (&json!("preset"), &json!("0.1.0"), &json!("ready"), &json!(false))
    );

    let gateway = home.start().await;
    let webhook = json!({"id": "ci", "name": "CI", "agentId": "mail", "preset": "ci-alert", "secret": SECRET});
    assert_eq!(Answer::of(gateway.request(Method::POST, "/api/webhooks").json(&webhook)).await.status, StatusCode::CREATED);
    let build = json!({"pipeline": "web", "status": "failed", "branch": "main"});
    assert_eq!(post(&gateway, "ci", &build).await.status, StatusCode::ACCEPTED);
    let messages = gateway.until_messages("agent:mail:webhook:ci", 2).await;
    assert_eq!(messages[0].1, "CI: web is **failed** on main.");
}
