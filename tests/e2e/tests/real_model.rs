//! A real model answers: what streams by, what is kept, and what a cancel and a kill leave of it. `cargo xtask test --real-model`
//! serves one that takes the likeliest token each time, and says in `WINGMAN_REAL_MODEL_URL` where.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wingman_client::{Run, Watch};
use wingman_harness::{Gateway, Home, said};
use wingman_protocol::{
    AgentEvent, AgentEventKind, AgentRequest, AgentResult, CancelStatus, MessagePart, Role, SessionKey, StreamChunk,
};

/// How long the model server may take to see that nobody listens any more, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// What `at once` is, on a busy machine; an answer takes several times as long.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Where the model is served.
fn server() -> String {
    std::env::var("WINGMAN_REAL_MODEL_URL").unwrap()
}

/// A folder whose agent is the real model. It has no tools: a base model of this size does not call any.
fn home() -> Home {
    Home::new(|config| {
        config["providers"] = json!({ "llama": { "baseUrl": format!("{}/v1", server()) } });
        let context = json!({ "maxTokens": 2048 });
        config["agents"]["list"][0] =
            json!({ "id": "main", "default": true, "model": "llama:small", "tools": [], "context": context });
    })
}

fn session(name: &str) -> SessionKey {
    format!("agent:main:webui:thread:{name}").parse().unwrap()
}

fn ask_in(name: &str, content: &str) -> AgentRequest {
    AgentRequest { session_key: Some(session(name)), ..AgentRequest::new(content) }
}

fn result(events: &[AgentEvent]) -> &AgentResult {
    match events.last().map(|event| &event.kind) {
        Some(AgentEventKind::AgentComplete { result }) => result,
        other => panic!("{other:?}"),
    }
}

fn words(kind: &AgentEventKind) -> Option<&str> {
    match kind {
        AgentEventKind::AgentStream { chunk: StreamChunk::OnChatModelStream { data, .. } } => Some(&data.chunk.content),
        _ => None,
    }
}

/// Reads a run's events until some of the answer has streamed by, and returns it with the time of its first piece.
async fn begun(run: &mut Run) -> (String, i64) {
    const PIECES: usize = 5;
    let (mut text, mut pieces, mut first) = (String::new(), 0, None);
    while pieces < PIECES {
        let event = run.next_event().await.unwrap().unwrap();
        assert!(!event.kind.is_final(), "it ended too early: {event:?}");
        if let Some(words) = words(&event.kind) {
            text.push_str(words);
            pieces += 1;
            first.get_or_insert(event.timestamp);
        }
    }
    (text, first.unwrap())
}

/// Reads a run's events to its end.
async fn rest(run: &mut Run) -> Vec<AgentEvent> {
    let mut events = Vec::new();
    while let Some(event) = run.next_event().await {
        events.push(event.unwrap());
    }
    events
}

/// The session's answer as a watcher sees it who joins at any time, even behind its end.
async fn watched(watch: &mut Watch) -> String {
    let mut text = String::new();
    loop {
        match watch.next_event().await.unwrap().unwrap().payload.kind {
            AgentEventKind::AgentSnapshot { parts, .. } => {
                let texts = parts.iter().filter_map(|part| match part {
                    MessagePart::Text { text } => Some(text.as_str()),
                    _ => None,
                });
                text = texts.collect();
            }
            AgentEventKind::SessionMessage { role: Role::Assistant, content, .. } => return content,
            AgentEventKind::AgentComplete { .. } => return text,
            AgentEventKind::AgentError { error, .. } => panic!("{error}"),
            kind => text.push_str(words(&kind).unwrap_or_default()),
        }
    }
}

/// Waits until the model server works on nothing.
async fn idle() {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let slots: Value = reqwest::get(format!("{}/slots", server())).await.unwrap().json().await.unwrap();
        if slots.as_array().unwrap().iter().all(|slot| slot["is_processing"] == false) {
            return;
        }
        assert!(Instant::now() < deadline, "the model server still works: {slots}");
        tokio::task::yield_now().await;
    }
}

async fn stored(gateway: &Gateway, name: &str) -> Vec<(String, String)> {
    gateway.messages(session(name).as_str()).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real model: cargo xtask test --real-model"]
async fn tokens_stream_and_are_counted_and_a_second_turn_knows_the_first() {
    let home = home();
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let first = gateway.ask(&client, ask_in("a", "The sea is")).await;
    let one = result(&first);
    assert_eq!(said(&first), one.response);
    assert!(!one.response.trim().is_empty());
    assert!(first.iter().filter(|event| words(&event.kind).is_some()).count() > 5, "it came in one piece: {first:?}");
    assert_eq!(one.model.as_deref(), Some("llama:small"));
    let used = one.usage.unwrap();
    assert!(used.input_tokens > 0 && used.output_tokens > 5, "{used:?}");

    let second = gateway.ask(&client, ask_in("a", "The mountains are")).await;
    let alone = gateway.ask(&client, ask_in("b", "The mountains are")).await;
    let (second, alone) = (result(&second).usage.unwrap(), result(&alone).usage.unwrap());
    // It read the first turn too: the question, and the answer, whose tokens may be cut otherwise when they are read.
    assert!(second.input_tokens >= alone.input_tokens + used.output_tokens * 3 / 4, "{second:?} {alone:?} {used:?}");
    let messages = stored(&gateway, "a").await;
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[1], ("assistant".into(), one.response.clone()));
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real model: cargo xtask test --real-model"]
async fn a_cancel_in_the_middle_ends_the_run_at_once_and_the_model_stops() {
    let home = home();
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let mut run = client.request_agent(ask_in("c", "Once upon a time")).await.unwrap();
    let (mut text, _) = begun(&mut run).await;
    let asked = Instant::now();
    assert_eq!(client.cancel(run.request_id().clone()).await.unwrap(), CancelStatus::Cancelled);
    let events = rest(&mut run).await;
    assert!(asked.elapsed() < AT_ONCE, "it took {:?}", asked.elapsed());
    let Some(AgentEventKind::AgentError { error, .. }) = events.last().map(|event| &event.kind) else { panic!("{events:?}") };
    assert!(error.contains("cancelled"), "{error}");
    text.push_str(&said(&events));
    assert_eq!(stored(&gateway, "c").await[1], ("assistant".into(), text));
    idle().await;

    let events = gateway.ask(&client, ask_in("c", "Hello")).await;
    assert!(!result(&events).response.is_empty(), "the session goes on");
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real model: cargo xtask test --real-model"]
async fn a_gateway_that_is_killed_in_the_middle_answers_after_its_restart_and_says_nothing_twice() {
    const QUESTION: &str = "In the beginning";
    let home = home();
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let mut run = client.request_agent(ask_in("k", QUESTION)).await.unwrap();
    let (before, _) = begun(&mut run).await;
    gateway.kill_now();
    drop(gateway);
    // What runs at the same time changes the order in which the model server adds numbers up, and so perhaps a token.
    idle().await;

    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let mut watch = client.subscribe(session("k"), Some(0)).await.unwrap();
    let resumed = watched(&mut watch).await;
    let messages = stored(&gateway, "k").await;
    assert_eq!(messages, [("user".into(), QUESTION.into()), ("assistant".into(), resumed.clone())]);
    assert!(resumed.starts_with(&before), "{before:?} was said before, now {resumed:?}");
    let undisturbed = gateway.ask(&client, ask_in("u", QUESTION)).await;
    assert_eq!(resumed, result(&undisturbed).response, "it is not what a run says that nobody disturbs");
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real model: cargo xtask test --real-model"]
async fn two_sessions_are_answered_at_the_same_time_each_its_own() {
    let home = home();
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let mut one = client.request_agent(ask_in("one", "My cat")).await.unwrap();
    let mut two = client.request_agent(ask_in("two", "The law of gravity")).await.unwrap();
    let ((mut first, first_at), (mut second, second_at)) = tokio::join!(begun(&mut one), begun(&mut two));
    let (one, two) = tokio::join!(rest(&mut one), rest(&mut two));
    let ended = |events: &[AgentEvent]| events.last().map(|event| event.timestamp).unwrap();
    assert!(first_at < ended(&two) && second_at < ended(&one), "one waited for the other");
    first.push_str(&said(&one));
    second.push_str(&said(&two));
    assert_ne!(first, second);
    assert_eq!(stored(&gateway, "one").await, [("user".into(), "My cat".into()), ("assistant".into(), first)]);
    assert_eq!(stored(&gateway, "two").await, [("user".into(), "The law of gravity".into()), ("assistant".into(), second)]);
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real model: cargo xtask test --real-model"]
async fn the_command_line_prints_the_answer() {
    let home = home();
    let gateway = home.start().await;
    let address = format!("{}/ws", gateway.url.replace("http", "ws"));
    let output = home.run(&["agent", "--gateway", &address, "--session", session("t").as_str(), "Water boils at"]);
    assert!(output.status.success(), "{output:?}");
    let answer = stored(&gateway, "t").await[1].1.clone();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let printed = plain(&String::from_utf8(output.stdout).unwrap());
    assert!(!answer.trim().is_empty() && printed.contains(&plain(&answer)), "{printed:?} is not {answer:?}");
    gateway.stop();
}
