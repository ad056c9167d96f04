//! What a chat network says beyond messages to the agent, from its server through its component to the agent and back: words among
//! others, edits, deletions, reactions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use reqwest::StatusCode;
use serde_json::{Value, json};
use wingman_harness::model_server::{ModelServer, Reply};
use wingman_harness::parlor::{Parlor, long_text};
use wingman_harness::{Gateway, Home};

/// The session of the room `den`.
const DEN: &str = "agent:main:parlor:group:den";

/// The network delivers a message or an event.
async fn deliver(gateway: &Gateway, message: Value) {
    let delivery = json!({ "type": "message", "message": message });
    assert_eq!(Parlor::deliver(gateway, "/channels/parlor", &delivery).await.status, StatusCode::NO_CONTENT);
}

/// A message that is not to the bot.
fn overheard(id: &str, text: &str) -> Value {
    let mut message = Parlor::message(id, "den", text);
    message["mentions_me"] = json!(false);
    message
}

async fn until_said(parlor: &Parlor, end: &str) -> String {
    let record = parlor.until(end, |record| record.texts("den").iter().any(|text| text.ends_with(end))).await;
    record.texts("den").into_iter().find(|text| text.ends_with(end)).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_among_others_is_known_to_the_agent_once_it_is_asked_whatever_happens_between() {
    let parlor = Parlor::start().await;
    let home = parlor.home();
    let gateway = home.start().await;
    deliver(&gateway, overheard("m1", "the door is blue")).await;
    deliver(&gateway, overheard("m1", "the door is blue")).await;
    deliver(&gateway, Parlor::event("edited", "e1", "den", "m1", "the door is red")).await;
    let mut bot = Parlor::message("m2", "den", "beep");
    bot["author"] = json!({ "id": "b", "name": "Beeper", "bot": true });
    deliver(&gateway, bot).await;
    assert_eq!(gateway.get("/api/sessions").await.body, json!([]), "nobody has asked the agent for anything");
    gateway.kill_now();
    drop(gateway);

    let gateway = home.start().await;
    deliver(&gateway, Parlor::message("m3", "den", "which colour?")).await;
    let said = until_said(&parlor, "which colour?").await;
    assert!(said.contains("- Ada: the door is red") && said.contains("- Beeper (a bot): beep"), "{said}");
    assert!(!said.contains("blue") && said.matches("the door").count() == 1, "{said}");
    let stored = gateway.get(&format!("/api/sessions/{DEN}/messages?agentId=main")).await.body;
    assert_eq!((&stored[0]["overheard"], &stored[1]["overheard"]), (&json!(true), &Value::Null), "{stored}");
    deliver(&gateway, Parlor::message("m4", "den", "and now?")).await;
    assert_eq!(until_said(&parlor, "and now?").await, "You said: and now?");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_and_deletions_change_what_waits_and_the_agent_is_told_of_what_they_do_to_the_rest() {
    let parlor = Parlor::start().await;
    let home = parlor.home();
    let gateway = home.start().await;
    deliver(&gateway, Parlor::message("m1", "den", &long_text())).await;
    parlor.until("a reply that grows", |record| !record.shown.is_empty()).await;
    deliver(&gateway, Parlor::message("m2", "den", "never mind")).await;
    deliver(&gateway, Parlor::message("m3", "den", "meet at five")).await;
    parlor.say(Parlor::event("deleted", "d1", "den", "m2", ""));
    parlor.say(Parlor::event("edited", "e1", "den", "m3", "meet at six"));
    assert_eq!(until_said(&parlor, "meet at six").await, "You said: meet at six");
    let texts: Vec<String> = gateway.messages(DEN).await.into_iter().map(|(_, text)| text).collect();
    assert!(!texts.iter().any(|text| text.contains("never mind") || text.contains("five")), "{texts:?}");

    let reply = parlor.record().shown.last().unwrap().id.clone();
    let before = gateway.messages(DEN).await.len();
    for _ in 0..2 {
        deliver(&gateway, Parlor::event("reacted", "r1", "den", &reply, "👍")).await;
        deliver(&gateway, Parlor::event("deleted", "d2", "den", "m3", "")).await;
        deliver(&gateway, Parlor::event("deleted", "d3", "den", "nobody's", "")).await;
    }
    assert_eq!(gateway.messages(DEN).await.len(), before, "a run began by itself");
    deliver(&gateway, Parlor::message("m4", "den", "and now?")).await;
    let said = until_said(&parlor, "and now?").await;
    let told = "- Ada reacted with 👍 to a message of yours (\"You said: meet at six\")";
    assert!(said.contains(told) && said.contains("- Ada deleted an earlier message (\"meet at six\")"), "{said}");
    assert_eq!(said.matches("- Ada").count(), 2, "{said}");
}

/// A model's answer that calls `react`.
fn reaction(emoji: &str) -> Reply {
    let function = json!({ "name": "react", "arguments": json!({ "emoji": emoji }).to_string() });
    let delta = json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "function", "function": function }] });
    let chunk = |delta: Value, finish: Option<&str>| json!({ "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
    Reply::events().data(chunk(delta, None)).data(chunk(json!({}), Some("tool_calls"))).data("[DONE]").end()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_reacts_to_the_message_that_it_answers_once_even_where_it_is_refused_at_first() {
    let parlor = Parlor::start().await;
    let model = ModelServer::start(vec![reaction("👍"), Reply::openai_text(&["Gladly."])]).await.unwrap();
    let base_url = format!("{}/v1", model.url());
    let home = Home::new(|config| {
        config["plugins"]["use"] = json!({ "parlor": parlor.all_it_needs() });
        config["providers"] = json!({ "lab": { "baseUrl": base_url } });
        config["agents"]["list"][0]["model"] = json!("lab:one");
    });
    parlor.install(&home, "parlor");
    let gateway = home.start().await;
    // The reaction goes first, so that it is what is refused.
    parlor.refuse(1, 500, None);
    deliver(&gateway, Parlor::message("m1", "den", "would you?")).await;
    until_said(&parlor, "Gladly.").await;
    let record = parlor.record();
    assert_eq!(record.reactions, [("m1".to_owned(), "👍".to_owned())]);
    let reactions: Vec<u16> = record.called("PUT", "/reaction").iter().map(|call| call.status).collect();
    assert_eq!(reactions, [500, 204]);
    assert_eq!(gateway.get("/api/dead-letters").await.body, json!([]));
}
