//! Calls: their results, their progress, and how they are given up.

use crate::support::{call, invocation, progress, ready, said, scripted, soon, start, tool};
use serde_json::json;
use std::time::Duration;
use wingman_message::{ToolError, ToolInvocation};

#[tokio::test]
async fn progress_comes_in_order_and_before_the_result() {
    let servers = start(vec![scripted("progress")]);
    ready(&servers).await;
    let (sink, mut heard) = progress();
    let invocation = ToolInvocation { progress: sink, ..invocation(json!({})) };
    let output = soon(tool(&servers, "scripted_progress").call(invocation)).await.unwrap();
    assert_eq!(output.text, "done");
    let mut chunks = Vec::new();
    while let Ok(chunk) = heard.try_recv() {
        chunks.push(chunk);
    }
    assert_eq!(chunks, ["1 of 3: step 1\n", "2 of 3: step 2\n", "3 of 3: step 3\n"]);
    servers.stop().await;
}

#[tokio::test]
async fn a_cancelled_call_returns_at_once_and_the_server_is_told() {
    let servers = start(vec![scripted("wait")]);
    ready(&servers).await;
    let (sink, mut heard) = progress();
    let invocation = ToolInvocation { progress: sink, ..invocation(json!({})) };
    let cancel = invocation.cancel.clone();
    let waiting = tool(&servers, "scripted_wait");
    let waiting = tokio::spawn(async move { waiting.call(invocation).await });
    // The server works on it.
    assert_eq!(soon(heard.recv()).await.unwrap(), "1\n");
    cancel.cancel();
    let cancelled = soon(waiting).await.unwrap();
    assert_eq!(cancelled, Err(ToolError::Failed("the call was cancelled".into())));
    assert_eq!(said(&servers, "scripted_cancellations").await.as_array().unwrap().len(), 1);
    servers.stop().await;
}

#[tokio::test]
async fn a_call_that_its_caller_drops_is_cancelled() {
    let servers = start(vec![scripted("wait")]);
    ready(&servers).await;
    let (sink, mut heard) = progress();
    let waiting = tool(&servers, "scripted_wait");
    let call = waiting.call(ToolInvocation { progress: sink, ..invocation(json!({})) });
    tokio::select! {
        _ = call => panic!("it never answers"),
        _ = soon(heard.recv()) => {}
    }
    assert_eq!(said(&servers, "scripted_cancellations").await, json!(["nobody waits for the result any more"]));
    servers.stop().await;
}

#[tokio::test]
async fn a_call_is_stopped_when_the_servers_own_time_is_up() {
    let mut settings = scripted("wait");
    settings.call_time = Some(Duration::from_millis(200));
    let servers = start(vec![settings]);
    ready(&servers).await;
    let late = call(&servers, "scripted_wait", json!({})).await;
    assert_eq!(late, Err(ToolError::Failed("the tool was stopped after 0.2 s without a result".into())));
    assert_eq!(said(&servers, "scripted_cancellations").await, json!(["its time is up"]));
    servers.stop().await;
}

#[tokio::test]
async fn an_answer_that_says_that_the_input_is_wrong_is_told_as_such() {
    let servers = start(vec![scripted("refuses")]);
    ready(&servers).await;
    let wrong = Err(ToolError::InvalidInput("there is no such thing".into()));
    assert_eq!(call(&servers, "scripted_refuses", json!({})).await, wrong);
    assert!(matches!(call(&servers, "scripted_refuses", json!("no object")).await, Err(ToolError::InvalidInput(_))));
    servers.stop().await;
}

#[tokio::test]
async fn a_long_result_is_cut_and_says_so() {
    let servers = start(vec![scripted("huge")]);
    ready(&servers).await;
    let text = call(&servers, "scripted_huge", json!({})).await.unwrap().text;
    assert!(text.len() < 300_000 && text.ends_with("[cut here: the result has 1000000 bytes]"), "{}", text.len());
    servers.stop().await;
}

#[tokio::test]
async fn more_calls_than_may_wait_are_refused_and_the_others_are_answered() {
    let servers = start(vec![scripted("echo")]);
    ready(&servers).await;
    let echo = tool(&servers, "scripted_echo");
    let calls = (0..200).map(|number| echo.call(invocation(json!({ "n": number }))));
    let answers = soon(futures::future::join_all(calls)).await;
    let refused = Err(ToolError::Failed("too many calls wait for the MCP server `scripted`; try later".into()));
    let (busy, answered): (Vec<_>, Vec<_>) = answers.into_iter().enumerate().partition(|(_, answer)| *answer == refused);
    assert!(!busy.is_empty() && answered.len() >= 64, "{} refused, {} answered", busy.len(), answered.len());
    for (number, answer) in answered {
        assert_eq!(answer.unwrap().text, format!("echo {{\"n\": {number}}}"));
    }
    servers.stop().await;
}
