//! The built-in demo: what a new user sees, and what tests can make it do.

use crate::support::{asking, assistant, call, hear, result, stranger, user};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wingman_agent::DemoModel;
use wingman_message::{Entry, Model, ModelError, StopReason};

fn demo() -> Arc<dyn Model> {
    Arc::new(DemoModel::with_delay(Duration::ZERO))
}

/// What the demo says in the middle of a session.
async fn later(text: &str) -> String {
    hear(&demo(), asking(vec![user("Hi"), assistant("You said: Hi", &[]), user(text)])).await.text
}

#[tokio::test]
async fn it_says_once_that_it_is_a_demo() {
    let first = hear(&demo(), asking(vec![user("Good morning")])).await;
    assert!(first.text.contains("demo: no AI"), "{}", first.text);
    assert!(first.text.ends_with("You said: Good morning"), "{}", first.text);
    assert_eq!(first.end.unwrap().0, StopReason::EndTurn);
    assert_eq!(later("Good morning").await, "You said: Good morning");
    assert!(demo().info().demo);
}

#[tokio::test]
async fn several_messages_are_all_mentioned() {
    let history = vec![user("Hi"), assistant("Hello", &[]), user("one"), stranger("/fail two"), user("three")];
    let heard = hear(&demo(), asking(history.clone())).await;
    assert_eq!(heard.text, "You said:\n1. one\n2. /fail two\n3. three");
    let again = hear(&demo(), asking(history)).await;
    assert_eq!(heard.text, again.text);
}

#[tokio::test]
async fn it_asks_for_a_tool_and_reports_what_came() {
    let asking_for = |text: &str| asking(vec![user("Hi"), assistant("Hello", &[]), user(text)]);
    let heard = hear(&demo(), asking_for("/tool weather {\"city\":\"Rome\"}")).await;
    assert_eq!(heard.calls, [call("demo-2", "weather", json!({ "city": "Rome" }))]);
    assert_eq!(heard.end.unwrap().0, StopReason::ToolUse);
    assert_eq!(hear(&demo(), asking_for("/tool weather")).await.calls[0].input, json!({}));
    let broken = hear(&demo(), asking_for("/tool weather {oops")).await;
    assert!(broken.calls.is_empty() && broken.text.contains("cannot be read"), "{broken:?}");

    let calls = [call("1", "weather", json!({})), call("2", "news", json!({}))];
    let failed = Entry::Tool {
        call_id: "2".into(),
        name: "news".into(),
        output: "no paper".into(),
        is_error: true,
        started_at: 0,
        ended_at: 0,
    };
    let heard = hear(&demo(), asking(vec![user("x"), assistant("", &calls), result("1", "weather", "sun"), failed])).await;
    assert_eq!(heard.text, "The tool weather answered: sun\n\nThe tool news failed: no paper");
}

#[tokio::test]
async fn it_plays_failures_limits_and_long_answers() {
    let failed = hear(&demo(), asking(vec![user("/fail out of steam")])).await;
    assert_eq!(failed.end, Err(ModelError::Unavailable("out of steam".into())));
    let cut = hear(&demo(), asking(vec![user("/cut")])).await;
    assert_eq!(cut.end.unwrap().0, StopReason::Truncated);
    assert_eq!(later("/long 1000").await.split_whitespace().count(), 1000);
    assert!(later("/long many").await.contains("/long N"));
    assert!(later("/help").await.contains("/slow MS TEXT"));
    assert_eq!(later("/unknown thing").await, "You said: /unknown thing");
}

#[tokio::test]
async fn strangers_give_no_commands() {
    let heard = hear(&demo(), asking(vec![user("Hi"), assistant("Hello", &[]), stranger("/tool weather {}")])).await;
    assert_eq!((heard.text.as_str(), heard.calls.len()), ("You said: /tool weather {}", 0));
}

#[tokio::test]
async fn slow_is_slow() {
    let began = Instant::now();
    assert_eq!(later("/slow 20 a b c").await, "a b c");
    assert!(began.elapsed() >= Duration::from_millis(60));
    assert!(later("/slow down").await.contains("/slow MS TEXT"));
}
