//! Busy sessions, questions and tasks between agents, over the wire and across a restart.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use reqwest::Method;
use serde_json::json;
use wingman_client::Run;
use wingman_harness::{Answer, Gateway, Home};
use wingman_protocol::{AgentEvent, AgentEventKind, AgentRequest, PendingQuestion, QueueMode};

async fn next_of<T>(run: &mut Run, wanted: impl Fn(&AgentEvent) -> Option<T>) -> T {
    loop {
        let event = run.next_event().await.unwrap().unwrap();
        if let Some(found) = wanted(&event) {
            return found;
        }
    }
}

async fn response(run: &mut Run) -> String {
    next_of(run, |event| match &event.kind {
        AgentEventKind::AgentComplete { result } => Some(result.response.clone()),
        AgentEventKind::AgentError { error, .. } => panic!("{error}"),
        _ => None,
    })
    .await
}

async fn asked(run: &mut Run) -> PendingQuestion {
    next_of(run, |event| match &event.kind {
        AgentEventKind::QuestionAsked { question } => Some((**question).clone()),
        _ => None,
    })
    .await
}

async fn answer(gateway: &Gateway, question: &PendingQuestion, body: serde_json::Value) -> u16 {
    let session = question.session_id.as_str().replace(':', "%3A");
    let path = format!("/api/sessions/{session}/questions/{}", question.id);
    Answer::of(gateway.request(Method::POST, &path).json(&body)).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_waits_through_a_restart_and_is_answered_once() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let request = AgentRequest::new(r#"/tool ask_user {"question":"Which one?","choices":["Red","Blue"]}"#);
    let mut run = client.request_agent(request).await.unwrap();
    let question = asked(&mut run).await;
    gateway.stop();

    let gateway = home.start().await;
    let open = gateway.get("/api/questions").await.body;
    assert_eq!((open[0]["id"].as_str(), open[0]["choices"][1].as_str()), (Some(&*question.id.to_string()), Some("Blue")));
    assert_eq!(answer(&gateway, &question, json!({ "approve": true })).await, 400);
    assert_eq!(answer(&gateway, &question, json!({ "answer": "Blue" })).await, 204);
    assert_eq!(answer(&gateway, &question, json!({ "answer": "Red" })).await, 409);
    let messages = gateway.until_messages("agent:main:main", 2).await;
    assert!(messages[1].1.contains("Blue"), "{messages:?}");
    assert_eq!(gateway.get("/api/questions").await.body, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_needs_approval_is_not_called_without_it() {
    let home = Home::new(|config| config["agents"]["list"][0]["approval"] = json!({ "current_time": "always" }));
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let mut run = client.request_agent(AgentRequest::new("/tool current_time {}")).await.unwrap();
    let question = asked(&mut run).await;
    assert_eq!(question.tool_name, "current_time");
    assert_eq!(answer(&gateway, &question, json!({ "approve": false, "reason": "not now" })).await, 204);
    let said = response(&mut run).await;
    assert!(said.contains("not now") && !said.contains("unixMs"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_handed_over_and_its_session_says_whose_it_is() {
    let home = Home::new(|config| {
        let list = json!([
            { "id": "main", "default": true, "model": "demo:echo", "delegates": ["planner"] },
            { "id": "planner", "model": "demo:echo" }
        ]);
        config["agents"]["list"] = list;
    });
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let request = AgentRequest::new(r#"/tool delegate {"agent":"planner","task":"plan the day"}"#);
    let mut run = client.request_agent(request).await.unwrap();
    let child = next_of(&mut run, |event| match &event.kind {
        AgentEventKind::DelegateStart { child_session_id, .. } => Some(child_session_id.clone()),
        _ => None,
    })
    .await;
    assert!(response(&mut run).await.contains("plan the day"));
    let session = gateway.get(&format!("/api/sessions/{}", child.as_str().replace(':', "%3A"))).await.body;
    assert_eq!(session["parentSessionId"], "agent:main:main");
    assert_eq!(session["source"], "delegate");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_is_answered_before_what_waits() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let client = gateway.client("laptop").await;
    let mut slow = client.request_agent(AgentRequest::new("/slow 5000 one two three")).await.unwrap();
    next_of(&mut slow, |event| matches!(event.kind, AgentEventKind::AgentStart { .. }).then_some(())).await;
    let now = AgentRequest { queue_mode: Some(QueueMode::Interrupt), ..AgentRequest::new("now") };
    let mut now = client.request_agent(now).await.unwrap();
    assert!(response(&mut now).await.contains("now"));
    let error = next_of(&mut slow, |event| match &event.kind {
        AgentEventKind::AgentError { error, .. } => Some(error.to_string()),
        _ => None,
    });
    assert!(error.await.contains("cancelled"));
}
