//! A client chats: words stream, requests wait their turn, are cancelled, repeated, and watched by others.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::json;
use wingman_client::ClientError;
use wingman_harness::{Home, said};
use wingman_protocol::{AgentEventKind, AgentRequest, CancelStatus, RequestId, SessionKey};

fn session(name: &str) -> SessionKey {
    format!("agent:main:webui:thread:{name}").parse().unwrap()
}

fn ask_in(name: &str, content: &str) -> AgentRequest {
    AgentRequest { session_key: Some(session(name)), ..AgentRequest::new(content) }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_stream_and_are_there_to_read_afterwards() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;

    let events = gateway.ask(&client, AgentRequest::new("good morning to you")).await;
    assert!(matches!(events.first().unwrap().kind, AgentEventKind::AgentStart { .. }));
    let AgentEventKind::AgentComplete { result } = &events.last().unwrap().kind else { panic!("{events:?}") };
    assert_eq!(said(&events), result.response);
    assert!(events.len() > 5, "the words came in one piece: {events:?}");

    let messages = gateway.messages("agent:main:main").await;
    assert_eq!(messages, [("user".into(), "good morning to you".into()), ("assistant".into(), result.response.clone())]);
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_call_shows_and_a_failure_is_never_a_completion() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;

    let events = gateway.ask(&client, AgentRequest::new("/tool current_time {}")).await;
    assert!(events.iter().any(
        |event| matches!(&event.kind, AgentEventKind::ToolEnd { tool_name, is_error: false, .. } if tool_name == "current_time")
    ));
    let AgentEventKind::AgentComplete { result } = &events.last().unwrap().kind else { panic!("{events:?}") };
    assert_eq!(said(&events), result.response, "the answer is what streamed by, tools or not");

    let events = gateway.ask(&client, AgentRequest::new("/fail out of order")).await;
    let AgentEventKind::AgentError { error, .. } = &events.last().unwrap().kind else { panic!("{events:?}") };
    assert!(error.contains("out of order"), "{error}");
    assert!(!events.iter().any(|event| matches!(event.kind, AgentEventKind::AgentComplete { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_wait_and_can_be_cancelled_running_or_waiting() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let other = gateway.client("phone").await;

    let mut first = client.request_agent(ask_in("c", "/slow 5000 one two three")).await.unwrap();
    while !matches!(first.next_event().await.unwrap().unwrap().kind, AgentEventKind::AgentStart { .. }) {}
    let mut second = client.request_agent(ask_in("c", "second")).await.unwrap();
    let AgentEventKind::RequestQueued { position, .. } = second.next_event().await.unwrap().unwrap().kind else { panic!() };
    assert_eq!(position, 1);

    // Another client's cancel is refused, and changes nothing.
    let refused = other.cancel(second.request_id().clone()).await;
    assert!(matches!(refused, Err(ClientError::Refused(error)) if error.code.as_str() == "FORBIDDEN"));

    assert_eq!(client.cancel(second.request_id().clone()).await.unwrap(), CancelStatus::CancelledQueued);
    let AgentEventKind::AgentError { error, .. } = second.next_event().await.unwrap().unwrap().kind else { panic!() };
    assert!(error.to_lowercase().contains("cancel"));

    assert_eq!(client.cancel(first.request_id().clone()).await.unwrap(), CancelStatus::Cancelled);
    let last = loop {
        let event = first.next_event().await.unwrap().unwrap();
        if event.kind.is_final() {
            break event;
        }
    };
    assert!(matches!(last.kind, AgentEventKind::AgentError { error, .. } if error.to_lowercase().contains("cancel")));
    assert_eq!(client.cancel(RequestId::new("never-seen").unwrap()).await.unwrap(), CancelStatus::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_session_refuses_who_does_not_want_to_wait_and_stores_nothing() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let mut first = client.request_agent(ask_in("b", "/slow 5000 one two")).await.unwrap();
    first.next_event().await.unwrap().unwrap();

    let request = AgentRequest { queue_if_busy: Some(false), ..ask_in("b", "now or never") };
    let events = gateway.ask(&client, request).await;
    let AgentEventKind::AgentError { error, .. } = &events.last().unwrap().kind else { panic!("{events:?}") };
    assert_eq!(error.as_ref(), "Session already has an in-flight request. Set queueIfBusy=true to enqueue.");
    client.cancel(first.request_id().clone()).await.unwrap();
    let messages = gateway.until_messages(session("b").as_str(), 2).await;
    assert!(messages.iter().all(|(_, content)| content != "now or never"), "{messages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_twice_is_answered_once_even_after_a_restart() {
    let home = Home::new(|_| {});
    let id = RequestId::new("req-1").unwrap();
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let outcome = async |client: &wingman_client::Client, content: &str| {
        let mut run = client.request_agent_as(id.clone(), AgentRequest::new(content)).await.unwrap();
        let mut last = None;
        while let Some(event) = run.next_event().await {
            last = Some(event);
        }
        last.unwrap()
    };
    let AgentEventKind::AgentComplete { result: first } = outcome(&client, "once").await.unwrap().kind else { panic!() };
    gateway.stop();

    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let AgentEventKind::AgentComplete { result: again } = outcome(&client, "once").await.unwrap().kind else { panic!() };
    assert_eq!(again.message_id, first.message_id);
    let reused = outcome(&client, "something else").await.unwrap_err();
    assert!(matches!(&reused, ClientError::Refused(error) if error.code.as_str() == "CONFLICT"), "{reused}");
    assert_eq!(gateway.messages("agent:main:main").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_who_comes_late_or_comes_back_sees_every_word_once() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let (writer, reader) = (gateway.client("writer").await, gateway.client("reader").await);
    let mut early = reader.subscribe(session("w"), None).await.unwrap();
    let mut run = writer.request_agent(ask_in("w", "/slow 20 a b c d e f g h i j k l m n o p")).await.unwrap();

    // The first watcher leaves in the middle, and comes back with what it knows.
    let (mut text, mut since) = (String::new(), 0);
    while text.split_whitespace().count() < 5 {
        let frame = early.next_event().await.unwrap().unwrap();
        since = frame.seq;
        text.push_str(&said(std::slice::from_ref(&frame.payload)));
        assert!(frame.client_id.is_none(), "a watcher is no requester");
    }
    reader.unsubscribe(session("w")).await.unwrap();
    let mut late = reader.subscribe(session("w"), Some(since)).await.unwrap();
    let response = loop {
        let frame = late.next_event().await.unwrap().unwrap();
        match frame.payload.kind {
            AgentEventKind::AgentSnapshot { parts, .. } => {
                text = parts
                    .iter()
                    .filter_map(|part| serde_json::to_value(part).unwrap()["text"].as_str().map(str::to_owned))
                    .collect();
            }
            AgentEventKind::AgentComplete { result } => break result.response,
            _ => text.push_str(&said(std::slice::from_ref(&frame.payload))),
        }
    };
    assert_eq!(text, response);
    while let Some(event) = run.next_event().await {
        event.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_does_not_end_its_run() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let mut run = client.request_agent(ask_in("gone", "/slow 30 still here after all")).await.unwrap();
    run.next_event().await.unwrap().unwrap();
    drop(run);
    client.close().await;
    let messages = gateway.until_messages(session("gone").as_str(), 2).await;
    assert!(messages[1].1.contains("after all"), "{messages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raw_client_speaks_the_published_messages() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let mut socket = wingman_client::Socket::open(&gateway.options("raw")).await.unwrap();
    let mut say = async |frame: serde_json::Value| {
        socket.send_text(frame.to_string()).await.unwrap();
        let text = socket.next_text().await.unwrap().unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let refused = say(json!({"type": "req:agent", "id": "r", "payload": {"content": "hi"}, "timestamp": 1})).await;
    assert_eq!(
        (&refused["type"], &refused["id"], &refused["payload"]["code"]),
        (&json!("error"), &json!("r"), &json!("AUTH_REQUIRED"))
    );
    let ready =
        say(json!({"type": "connect", "id": "c", "client": {"instanceId": "raw", "clientType": "cli", "version": "0.1.0"},
        "auth": {"token": wingman_harness::TOKEN}, "timestamp": 1}))
        .await;
    assert_eq!((&ready["type"], &ready["ok"], &ready["payload"]), (&json!("res"), &json!(true), &json!("gateway-ready")));
    assert_eq!(say(json!({"type": "ping", "timestamp": 1})).await["type"], "pong");
    let unknown = say(json!({"type": "no_such", "id": "u", "timestamp": 1})).await;
    assert_eq!((&unknown["payload"]["code"], &unknown["id"]), (&json!("UNKNOWN_MESSAGE_TYPE"), &json!("u")));
    let started = say(
        json!({"type": "req:agent", "id": "r1", "payload": {"content": "hi", "routing": {"channel": "webui"}}, "timestamp": 1}),
    )
    .await;
    assert_eq!((&started["type"], &started["id"], &started["clientId"]), (&json!("event:agent"), &json!("r1"), &json!("raw")));
    assert_eq!(
        (&started["payload"]["type"], &started["payload"]["sessionId"]),
        (&json!("agent-start"), &json!("agent:main:main"))
    );
}
