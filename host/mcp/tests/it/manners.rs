//! Servers with bad manners: each fails alone, says why, and harms nobody.

use crate::support::{call, failing, limits, once, program, ready, scripted, start, start_with, tool};
use serde_json::json;
use std::time::Duration;
use wingman_mcp::{Limits, McpServers};
use wingman_message::{McpServerState, ToolError, ToolSource as _};

async fn reason(manner: &str) -> String {
    reason_within(manner, limits()).await
}

async fn reason_within(manner: &str, limits: Limits) -> String {
    let servers = start_with(vec![scripted(manner)], limits);
    let why = failing(&servers).await;
    assert!(servers.tools().is_empty(), "a failing server offers no tools");
    servers.stop().await;
    why
}

fn names(servers: &McpServers) -> Vec<String> {
    servers.tools().iter().map(|tool| tool.spec().name.clone()).collect()
}

/// Limits under which a connection that is lost was no good one: its end is shown as a failure.
fn strict() -> Limits {
    Limits { good_connection: Duration::from_secs(600), ..limits() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_named_and_the_others_work() {
    let servers = start(vec![program("missing", "no-such-program-here", &[]), scripted("echo")]);
    crate::support::soon(servers.wait_until(|all| all.iter().all(|one| one.state != McpServerState::Connecting))).await;
    let status = servers.status();
    assert!(matches!(status[0].state, McpServerState::Failing { .. }), "{status:?}");
    assert_eq!(
        status[0].last_error.as_deref().unwrap(),
        "there is no program `no-such-program-here`; install it, or write its whole path"
    );
    assert_eq!(status[1].state, McpServerState::Ready);
    assert_eq!(call(&servers, "scripted_echo", json!({ "a": 1 })).await.unwrap().text, "echo {\"a\": 1}");
    servers.stop().await;
}

#[tokio::test]
async fn a_program_that_ends_at_once_is_reported_with_its_last_words() {
    assert_eq!(reason("gone-at-once").await, "it ended with exit code 7; its last words: no licence found");
}

#[tokio::test]
async fn a_server_that_never_answers_does_not_hold_up_the_start_and_is_given_up() {
    let limits = Limits { start_time: Duration::from_millis(800), ..limits() };
    let before = tokio::time::Instant::now();
    let servers = start_with(vec![scripted("silent")], limits);
    assert!(before.elapsed() < Duration::from_millis(500), "the start waits for no server");
    assert_eq!(servers.status()[0].state, McpServerState::Connecting);
    assert_eq!(failing(&servers).await, "it did not answer within 0.8 s");
    servers.stop().await;
}

#[tokio::test]
async fn another_version_of_the_protocol_is_named() {
    let why = reason("from-the-future").await;
    assert!(why.starts_with("it speaks version 2999-01-01 of the protocol; this gateway speaks 2024-11-05"), "{why}");
}

#[tokio::test]
async fn a_greeting_that_is_none_is_told() {
    assert_eq!(reason("unfriendly").await, "it refused the greeting: not today");
    let why = reason("nonsense").await;
    assert!(why.starts_with("it did not greet as the protocol says"), "{why}");
}

#[tokio::test]
async fn banners_on_the_output_are_ignored() {
    let servers = start(vec![scripted("garbage")]);
    ready(&servers).await;
    assert_eq!(call(&servers, "scripted_garbage", json!({})).await.unwrap().text, "garbage {}");
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_end_the_connection() {
    let limits = Limits { messages_per_second: 50, ..strict() };
    for (manner, why) in [
        ("flood-of-messages", "it sent messages faster than anybody asked for them"),
        ("flood-of-garbage", "it wrote lines faster than anybody asked for them"),
        ("flood-of-news", "it sent messages faster than anybody asked for them"),
    ] {
        assert_eq!(reason_within(manner, limits).await, why, "{manner}");
    }
    // It reads none of the answers.
    let why = reason_within("flood-of-questions", limits).await;
    assert!(
        ["it asked more than it read answers", "it sent messages faster than anybody asked for them"].contains(&&*why),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_without_end_ends_the_connection_and_the_call() {
    let servers = start_with(vec![scripted("giant")], Limits { message_bytes: 1 << 20, ..strict() });
    ready(&servers).await;
    let lost = call(&servers, "scripted_giant", json!({})).await.unwrap_err();
    assert!(lost.to_string().contains("was lost during the call"), "{lost}");
    assert_eq!(failing(&servers).await, "it wrote a line of more than 1048576 bytes");
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_read_is_given_up() {
    let servers = start_with(vec![scripted("deaf")], Limits { write_time: Duration::from_millis(500), ..strict() });
    ready(&servers).await;
    // More than a pipe holds.
    let lost = call(&servers, "scripted_deaf", json!({ "padding": "x".repeat(1 << 20) })).await.unwrap_err();
    assert!(matches!(lost, ToolError::Failed(_)), "{lost}");
    assert_eq!(failing(&servers).await, "it did not read a message within 0.5 s");
    servers.stop().await;
}

#[tokio::test]
async fn one_that_dies_during_a_call_says_how_and_comes_back() {
    let servers = start_with(vec![scripted("dies")], strict());
    ready(&servers).await;
    let dies = tool(&servers, "scripted_dies");
    let lost = call(&servers, "scripted_dies", json!({})).await.unwrap_err();
    assert_eq!(
        lost,
        ToolError::Failed(
            "the MCP server `scripted` was lost during the call; whether the tool did its work is not known".into()
        )
    );
    assert_eq!(failing(&servers).await, "it ended with exit code 3; its last words: the paper has run out");
    ready(&servers).await;
    assert_eq!(names(&servers), ["scripted_dies"]);
    assert_eq!(dies.family(), Some("scripted"));
    servers.stop().await;
}

#[tokio::test]
async fn a_call_that_comes_while_a_server_fails_is_refused_at_once() {
    let hour = Duration::from_secs(3600);
    let servers = start_with(vec![scripted("dies")], Limits { first_pause: hour, longest_pause: hour, ..strict() });
    ready(&servers).await;
    let dies = tool(&servers, "scripted_dies");
    call(&servers, "scripted_dies", json!({})).await.unwrap_err();
    failing(&servers).await;
    let refused = crate::support::soon(dies.call(crate::support::invocation(json!({})))).await.unwrap_err();
    assert_eq!(refused.to_string(), "the MCP server `scripted` cannot be used now; it is tried again by itself");
    servers.stop().await;
}

#[tokio::test]
async fn tools_that_are_none_are_left_out_and_names_that_meet_get_numbers() {
    let servers = start(vec![scripted("odd-tools")]);
    let status = ready(&servers).await;
    assert_eq!(status.tools, ["scripted_a_b", "scripted_a_b_2", "scripted_good", "scripted_read"]);
    let idempotent: Vec<_> = servers.tools().iter().map(|tool| tool.spec().idempotent).collect();
    assert_eq!(idempotent, [false, false, false, true]);
    // Each name reaches the tool that it stands for.
    assert_eq!(call(&servers, "scripted_a_b", json!({})).await.unwrap().text, "a b {}");
    assert_eq!(call(&servers, "scripted_a_b_2", json!({})).await.unwrap().text, "a.b {}");
    servers.stop().await;
}

#[tokio::test]
async fn pages_are_read_to_the_end_but_not_for_ever() {
    let servers = start(vec![scripted("pages")]);
    assert_eq!(ready(&servers).await.tools, ["scripted_page0", "scripted_page1", "scripted_page2"]);
    servers.stop().await;
    let servers = start(vec![scripted("endless-pages")]);
    assert_eq!(ready(&servers).await.tools, ["scripted_same"]);
    servers.stop().await;
}

#[tokio::test]
async fn a_server_without_tools_is_ready_all_the_same() {
    let servers = start(vec![scripted("no-tools")]);
    assert!(ready(&servers).await.tools.is_empty());
    servers.stop().await;
}

#[tokio::test]
async fn tools_that_a_server_gains_are_offered() {
    let servers = start(vec![scripted("grow")]);
    assert_eq!(ready(&servers).await.tools, ["scripted_grow"]);
    call(&servers, "scripted_grow", json!({})).await.unwrap();
    once(&servers, |server| server.tools == ["scripted_grow", "scripted_grown"]).await;
    assert_eq!(call(&servers, "scripted_grown", json!({})).await.unwrap().text, "grown {}");
    servers.stop().await;
}

#[tokio::test]
async fn what_a_server_asks_for_is_refused_politely() {
    let servers = start(vec![scripted("asks")]);
    ready(&servers).await;
    let answers = crate::support::said(&servers, "scripted_asks").await;
    assert_eq!((&answers["s"]["code"], &answers["r"]["code"]), (&json!(-32601), &json!(-32601)));
    assert_eq!(answers["e"], json!({ "action": "decline" }));
    assert_eq!(answers["p"], json!({}));
    servers.stop().await;
}
