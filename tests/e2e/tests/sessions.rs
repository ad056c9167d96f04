//! Sessions as a client of the HTTP API and a person at the command line look after them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::fs;
use wingman_harness::{Answer, Gateway, Home};
use wingman_protocol::AgentRequest;

fn at(session: &str, rest: &str) -> String {
    format!("/api/sessions/{}{rest}", session.replace(':', "%3A"))
}

/// A session in which `words` was said and answered; its key.
async fn said(gateway: &Gateway, name: &str, words: &str) -> String {
    let made = Answer::of(gateway.request(Method::POST, "/api/sessions").json(&json!({ "name": name }))).await;
    let session = made.body["id"].as_str().unwrap().to_owned();
    let client = gateway.client("sessions").await;
    let request = AgentRequest { session_key: Some(session.parse().unwrap()), ..AgentRequest::new(words) };
    gateway.ask(&client, request).await;
    session
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_found_forked_exported_and_imported() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let session = said(&gateway, "Fr\u{fc}hling", "where do the crocuses grow").await;
    said(&gateway, "Other", "nothing of interest").await;

    let found = gateway.get("/api/search?q=CROCUS&agentId=main").await;
    assert!(found.body.as_array().unwrap().iter().all(|hit| hit["sessionId"] == json!(session)), "{found:?}");
    assert_eq!((&found.body[0]["sessionId"], &found.body[0]["sessionName"]), (&json!(session), &json!("Fr\u{fc}hling")));
    assert!(found.body[0]["snippet"].as_array().unwrap().iter().any(|part| part["hit"] == true && part["text"] == "crocuses"));
    let nothing = gateway.get("/api/search?q=%22%20OR%20%22").await;
    assert_eq!(nothing.status, StatusCode::OK, "quotes and operators are words or nothing: {nothing:?}");
    assert_eq!(gateway.get("/api/search?q=%22").await.status, StatusCode::BAD_REQUEST);
    let named = gateway.get("/api/sessions?q=fruhling").await;
    assert_eq!((named.body.as_array().unwrap().len(), &named.body[0]["id"]), (1, &json!(session)));

    let messages = gateway.get(&at(&session, "/messages")).await;
    let first = messages.body[0]["id"].as_str().unwrap();
    let fork = gateway.request(Method::POST, &at(&session, "/fork")).json(&json!({ "messageId": first }));
    let fork = Answer::of(fork).await;
    assert_eq!((fork.status, &fork.body["messageCount"]), (StatusCode::CREATED, &json!(1)), "{fork:?}");
    let foreign =
        gateway.request(Method::POST, &at(fork.body["id"].as_str().unwrap(), "/fork")).json(&json!({ "messageId": first }));
    assert_eq!(Answer::of(foreign).await.status, StatusCode::NOT_FOUND, "a message of another session");
    let wrong = gateway.request(Method::DELETE, &at(&session, "?agentId=other"));
    assert_eq!(Answer::of(wrong).await.status, StatusCode::BAD_REQUEST, "a session of another agent");

    let exported = gateway.request(Method::GET, &at(&session, "/export")).send().await.unwrap().text().await.unwrap();
    assert_eq!(exported.lines().count(), 3, "{exported}");
    let imported = Answer::of(gateway.request(Method::POST, "/api/sessions/import").body(exported.clone())).await;
    assert_eq!((imported.status, &imported.body["name"]), (StatusCode::CREATED, &json!("Fr\u{fc}hling")), "{imported:?}");
    assert_eq!(gateway.messages(imported.body["id"].as_str().unwrap()).await, gateway.messages(&session).await);

    let before = gateway.get("/api/sessions").await.body.as_array().unwrap().len();
    let cut = exported.lines().take(2).collect::<Vec<_>>().join("\n");
    let refused = Answer::of(gateway.request(Method::POST, "/api/sessions/import").body(cut)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body["detail"].as_str().unwrap().starts_with("line 2: the file ends here"), "{refused:?}");
    assert_eq!(gateway.get("/api/sessions").await.body.as_array().unwrap().len(), before, "nothing of it was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_works_below_the_roots_and_nowhere_else() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let session = said(&gateway, "Work", "hello").await;
    let roots = gateway.get("/api/fs/roots").await;
    let root = roots.body["roots"][0].as_str().unwrap_or_else(|| panic!("{roots:?}")).to_owned();
    let folder = format!("{root}/project");
    let made = Answer::of(gateway.request(Method::POST, "/api/fs/mkdir").json(&json!({ "path": folder }))).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    fs::write(format!("{folder}/page.html"), "<script>alert(1)</script>").unwrap();
    std::os::unix::fs::symlink("/etc", format!("{folder}/out")).unwrap();

    let set = async |path: &str| {
        Answer::of(gateway.request(Method::POST, &at(&session, "/workdir")).json(&json!({ "workdir": path }))).await
    };
    for outside in ["/etc", &format!("{folder}/../../.."), &format!("{folder}/out")] {
        let refused = set(outside).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{outside}: {refused:?}");
        assert!(refused.body["detail"].as_str().unwrap().contains("outputs"), "it says which may be used: {refused:?}");
    }
    assert_eq!(set(&folder).await.body["workdir"], json!(folder));
    let listed = gateway.get("/api/sessions").await;
    assert_eq!(listed.body[0]["workdir"], json!(folder));

    let path = |path: &str| format!("/api/fs/file?path={}", path.replace('/', "%2F"));
    let file = gateway.get(&path(&format!("{folder}/page.html"))).await;
    assert_eq!(file.headers["content-type"], "text/plain; charset=utf-8");
    assert!(file.headers["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
    assert_eq!(gateway.get(&path(&format!("{folder}/out/passwd"))).await.status, StatusCode::FORBIDDEN);
    let list = gateway.get(&format!("/api/fs/list?path={}", folder.replace('/', "%2F"))).await;
    assert_eq!((list.body["entries"].as_array().unwrap().len(), &list.body["files"][0]["name"]), (0, &json!("page.html")));
    let anonymous = Answer::of(gateway.anonymous(Method::GET, "/api/fs/roots")).await;
    assert_eq!(anonymous.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_looks_after_sessions_at_the_command_line() {
    let home = Home::new(|_| {});
    assert_eq!(home.run(&["sessions", "list"]).status.code(), Some(3), "nothing runs yet");
    let gateway = home.start().await;
    let session = said(&gateway, "Garden", "where do the crocuses grow").await;
    let run = |arguments: &[&str]| {
        let output = home.run(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    assert!(run(&["sessions", "search", "crocus"]).contains("crocuses"));
    run(&["sessions", "rename", &session, "Spring"]);
    let listed: Value = serde_json::from_str(&run(&["sessions", "list", "--text", "spring", "--json"])).unwrap();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &json!(session)));
    let file = home.path().join("spring.jsonl");
    let file = file.to_str().unwrap();
    run(&["sessions", "export", &session, file]);
    assert_eq!(home.run(&["sessions", "export", &session, file]).status.code(), Some(1), "what is there is kept");
    run(&["sessions", "delete", &session]);
    assert_eq!(home.run(&["sessions", "show", &session]).status.code(), Some(1));
    run(&["sessions", "import", file]);
    let listed: Value = serde_json::from_str(&run(&["sessions", "list", "--text", "spring", "--json"])).unwrap();
    let again = listed[0]["id"].as_str().unwrap();
    assert!(run(&["sessions", "show", again]).contains("crocuses"));
    assert!(run(&["sessions", "fork", again]).contains("forked"));
    fs::write(file, "{}\n").unwrap();
    let refused = home.run(&["sessions", "import", file]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("line 1"), "{refused:?}");
}
