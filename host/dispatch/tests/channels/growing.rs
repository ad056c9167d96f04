//! Replies that are shown while they grow.

use crate::stage::{Line, Stage, dm, said};
use std::sync::atomic::Ordering;
use wingman_message::{Outbound, Phase, PluginFailure};

const FIRST: &str = "The first words of a long answer";

fn phases(calls: &[Outbound]) -> Vec<Phase> {
    calls.iter().map(|call| call.phase).collect()
}

#[tokio::test]
async fn a_reply_grows_by_edits_and_ends_whole() {
    let stage = Stage::new().await;
    stage.hears(vec![said(dm("ada"), "1", "tell me")]).await;
    stage.speaks([Line::Says(FIRST)]);
    stage.network.until(|calls| calls.len() == 1).await;
    stage.speaks([Line::Says(", and more")]);
    stage.network.until(|calls| calls.len() == 2).await;
    stage.speaks([Line::Says(", and the end."), Line::Ends]);
    stage.network.finished(1).await;

    let calls = stage.network.sent();
    let (first, last) = (&calls[0], &calls[calls.len() - 1]);
    assert_eq!((first.phase, first.markdown.as_str(), first.reply_to.as_deref()), (Phase::Start, FIRST, Some("1")));
    assert!(calls[1..calls.len() - 1].iter().all(|call| call.phase == Phase::Append && call.previous == ["m-1"]), "{calls:?}");
    assert_eq!(calls[1].markdown, format!("{FIRST}, and more"));
    assert_eq!((last.phase, &last.previous, &last.id), (Phase::Finish, &vec!["m-1".to_owned()], &first.id));
    assert_eq!(last.markdown, format!("{FIRST}, and more, and the end."));
    assert!(!stage.network.overlapped.load(Ordering::SeqCst), "two calls for one reply at once");
}

#[tokio::test]
async fn a_few_words_are_not_worth_a_call_of_their_own() {
    let stage = Stage::new().await;
    stage.exchange(said(dm("ada"), "1", "hello"), "Hi.").await;
    stage.network.finished(1).await;
    assert_eq!(phases(&stage.network.sent()), [Phase::Finish]);
}

#[tokio::test]
async fn a_network_without_edits_is_asked_once_and_gets_whole_replies_from_then_on() {
    let stage = Stage::new().await;
    stage.network.edits.store(false, Ordering::SeqCst);
    for id in ["1", "2"] {
        stage.hears(vec![said(dm("ada"), id, "tell me")]).await;
        stage.speaks([Line::Says(FIRST)]);
        if id == "1" {
            stage.network.until(|calls| calls.len() == 1).await;
        }
        stage.speaks([Line::Ends]);
        stage.network.finished(id.parse().unwrap()).await;
    }
    assert_eq!(phases(&stage.network.sent()), [Phase::Start, Phase::Finish, Phase::Finish]);
    assert!(stage.network.sent().iter().all(|call| call.previous.is_empty()));
}

#[tokio::test]
async fn the_end_waits_for_the_call_before_it_and_the_run_for_none() {
    let stage = Stage::new().await;
    stage.network.open(false);
    stage.hears(vec![said(dm("ada"), "1", "tell me")]).await;
    stage.speaks([Line::Says(FIRST)]);
    stage.network.until(|calls| calls.len() == 1).await;
    stage.speaks([Line::Says("."), Line::Ends]);
    // The turn is over and stored while the network still holds on to the first words.
    let mut notices = stage.dispatch.notices();
    while stage.dispatch.stats().messages_processed == 0 {
        let _ = tokio::time::timeout(std::time::Duration::from_millis(5), notices.recv()).await;
    }
    assert!(stage.undelivered(&dm("ada")).await);
    assert_eq!(phases(&stage.network.sent()), [Phase::Start]);
    stage.network.open(true);
    let last = stage.network.finished(1).await.remove(0);
    assert_eq!(last.previous, ["m-1"], "it knows what the call before it showed");
    assert!(!stage.network.overlapped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn after_a_crash_between_start_and_finish_the_reply_is_finished_and_not_said_twice() {
    let stage = Stage::new().await;
    stage.hears(vec![said(dm("ada"), "1", "tell me")]).await;
    stage.speaks([Line::Says(FIRST)]);
    stage.network.until(|calls| calls.len() == 1).await;
    stage.speaks([Line::Says(" and more")]);
    // The second call is made once what the first one showed is durable.
    stage.network.until(|calls| calls.len() == 2).await;

    let stage = stage.killed_and_started().await;
    stage.speaks([Line::Says("All of it, told anew."), Line::Ends]);
    let last = stage.network.finished(1).await.remove(0);
    assert_eq!((last.previous, last.markdown.as_str()), (vec!["m-1".to_owned()], "All of it, told anew."));
    let starts = stage.network.sent().iter().filter(|call| call.phase == Phase::Start).count();
    assert_eq!(starts, 1, "it was begun twice: {:?}", stage.network.sent());
}

#[tokio::test]
async fn a_growing_reply_does_not_overtake_one_that_waits() {
    let stage = Stage::new().await;
    stage.network.fails(vec![PluginFailure::RateLimited { retry_after_ms: 200 }]);
    stage.exchange(said(dm("ada"), "1", "hello"), "Hi.").await;
    stage.network.finished(1).await;
    stage.hears(vec![said(dm("ada"), "2", "tell me")]).await;
    stage.speaks([Line::Says(FIRST)]);
    let calls = stage.network.until(|calls| calls.iter().any(|call| call.phase == Phase::Start)).await;
    assert_eq!(phases(&calls), [Phase::Finish, Phase::Finish, Phase::Start], "{calls:?}");
}

#[tokio::test]
async fn what_fails_while_it_grows_fails_nothing() {
    let stage = Stage::new().await;
    stage.network.fails([PluginFailure::Trapped("unreachable".into())]);
    stage.hears(vec![said(dm("ada"), "1", "tell me")]).await;
    stage.speaks([Line::Says(FIRST)]);
    stage.network.until(|calls| calls.len() == 1).await;
    stage.speaks([Line::Says("."), Line::Ends]);
    assert_eq!(stage.network.finished(1).await[0].markdown, format!("{FIRST}."));
    assert!(stage.dispatch.dead_letters(10, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_agent_is_seen_to_write_while_the_run_goes_on() {
    let stage = Stage::new().await;
    stage.network.types.store(true, Ordering::SeqCst);
    stage.hears(vec![said(dm("ada"), "1", "tell me")]).await;
    stage.network.typed(2).await;
    stage.speaks([Line::Says("Done."), Line::Ends]);
    stage.network.finished(1).await;
}
