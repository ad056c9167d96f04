//! Replies that go out: in order, again where it may help, after a restart, and in parts.

use crate::stage::{Line, Stage, dm, said};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use wingman_message::{Intake as _, Phase, PluginFailure, Receipt};

fn down() -> PluginFailure {
    PluginFailure::Temporary("the network is down".into())
}

/// A stage whose network shows whole replies only.
async fn rigid() -> Stage {
    let stage = Stage::new().await;
    stage.network.edits.store(false, Ordering::SeqCst);
    stage
}

#[tokio::test]
async fn a_failure_for_now_is_tried_again_until_it_succeeds() {
    let stage = rigid().await;
    stage.exchange(said(dm("ada"), "1", "hello"), "Hi.").await;
    stage.network.fails([]);
    stage.network.finished(1).await;
    stage.network.fails([down(), PluginFailure::Busy, PluginFailure::NotFound { kind: "channel", name: "parlor".into() }]);
    stage.exchange(said(dm("ada"), "2", "more"), "More.").await;
    let sent = stage.network.finished(5).await;
    assert!(sent[1..].iter().all(|sent| sent.markdown == "More."), "{sent:?}");
    assert_eq!(sent[1].id, sent[4].id, "every attempt has the reply's own id");
}

#[tokio::test]
async fn a_later_reply_never_overtakes_an_earlier_one_and_other_places_do_not_wait() {
    let stage = rigid().await;
    stage.network.fails(vec![down(); 8]);
    stage.exchange(said(dm("ada"), "1", "one"), "One.").await;
    stage.exchange(said(dm("ada"), "2", "two"), "Two.").await;
    stage.exchange(said(dm("bob"), "3", "three"), "Three.").await;
    let sent = stage.network.until(|calls| {
        let last = |place| calls.iter().rev().find(|call| call.place == place).map(|call| call.markdown.clone());
        calls.iter().filter(|call| call.phase == Phase::Finish).count() >= 11
            && last(dm("ada")).as_deref() == Some("Two.")
            && last(dm("bob")).is_some()
    });
    let sent = sent.await;
    let to_ada: Vec<_> = sent.iter().filter(|sent| sent.place == dm("ada")).map(|sent| sent.markdown.as_str()).collect();
    let first_two = to_ada.iter().position(|text| *text == "Two.").unwrap();
    assert!(to_ada[first_two..].iter().all(|text| *text == "Two."), "{to_ada:?}");
}

#[tokio::test]
async fn a_rate_limit_is_waited_out() {
    let stage = rigid().await;
    stage.exchange(said(dm("ada"), "0", "hello"), "Hi.").await;
    stage.network.finished(1).await;
    stage.network.fails([PluginFailure::RateLimited { retry_after_ms: 150 }]);
    let start = Instant::now();
    stage.exchange(said(dm("ada"), "1", "hello"), "Hello.").await;
    stage.network.finished(3).await;
    assert!(start.elapsed() >= Duration::from_millis(150), "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_was_not_delivered_is_delivered_after_a_restart() {
    let stage = rigid().await;
    stage.network.open(false);
    stage.exchange(said(dm("ada"), "1", "hello"), "Hello.").await;
    stage.network.finished(1).await;
    let stage = stage.killed_and_started().await;
    stage.network.open(true);
    let sent = stage.network.finished(2).await;
    assert_eq!((&sent[0].id, sent[0].markdown.as_str()), (&sent[1].id, "Hello."));
    let stage = stage.killed_and_started().await;
    stage.exchange(said(dm("ada"), "2", "more"), "More.").await;
    assert_eq!(stage.network.finished(3).await[2].markdown, "More.", "what was delivered is not delivered again");
}

#[tokio::test]
async fn of_a_reply_in_parts_only_what_is_missing_is_sent_again() {
    let stage = rigid().await;
    stage.exchange(said(dm("ada"), "0", "hello"), "Hi.").await;
    stage.network.finished(1).await;
    let ids = vec!["p-1".to_owned(), "p-2".to_owned()];
    let half = Receipt { ids: ids.clone(), edit_after: None, unfinished: Some(down()) };
    stage.network.next.lock().unwrap().push_back(Ok(half));
    stage.exchange(said(dm("ada"), "1", "hello"), "A long story.").await;
    let sent = stage.network.finished(3).await;
    assert_eq!((&sent[1].previous, &sent[2].previous), (&vec![], &ids));
}

#[tokio::test]
async fn people_are_told_when_a_run_failed() {
    let stage = rigid().await;
    stage.hears(vec![said(dm("ada"), "1", "hello")]).await;
    stage.speaks([Line::Says("Let me see."), Line::Fails("the model is away")]);
    let text = stage.network.finished(1).await.remove(0).markdown;
    assert!(text.starts_with("Let me see.\n\nSorry, that did not work: ") && text.contains("the model is away"), "{text}");
}

#[tokio::test]
async fn what_waits_for_the_operator_is_tried_again_as_soon_as_the_plugins_change_and_not_what_waits_for_the_network() {
    let stage = Stage::patient().await;
    stage.network.edits.store(false, Ordering::SeqCst);
    stage.exchange(said(dm("ada"), "1", "hello"), "Hi.").await;
    stage.network.finished(1).await;
    stage.network.fails([PluginFailure::Unavailable("a grant is missing".into()), down()]);
    stage.exchange(said(dm("ada"), "2", "more"), "More.").await;
    stage.network.finished(2).await;
    while !stage.failed_with(&dm("ada"), "a grant is missing").await {
        tokio::task::yield_now().await;
    }
    stage.dispatch.renewed();
    stage.network.finished(3).await;
    while !stage.failed_with(&dm("ada"), "the network is down").await {
        tokio::task::yield_now().await;
    }
    stage.dispatch.renewed();
    stage.exchange(said(dm("bob"), "3", "hello"), "Hello.").await;
    let sent = stage.network.finished(4).await;
    assert_eq!(sent.iter().map(|sent| sent.markdown.as_str()).collect::<Vec<_>>(), ["Hi.", "More.", "More.", "Hello."]);
    assert!(stage.undelivered(&dm("ada")).await);
}
