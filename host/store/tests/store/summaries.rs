//! Stories of summaries: kept for good, in front of what follows them, and gone with what they sum up.

use crate::fixture::{Fixture, run_id, session};
use wingman_message::Summary;
use wingman_store::StoreError;

fn summary(text: &str) -> Summary {
    Summary { text: text.to_owned(), untrusted: true }
}

#[tokio::test]
async fn a_summary_outlives_the_process_and_what_follows_it_is_read_from_there_on() {
    let fixture = Fixture::new().await;
    for inbound in ["1", "2", "3"] {
        fixture.turn(&session("a"), inbound).await;
    }
    assert_eq!(fixture.agent.summary(&session("a")).await.unwrap(), None);
    fixture.agent.put_summary(&session("a"), 4, summary("two turns")).await.unwrap();

    let fixture = fixture.reopen().await;
    let stored = fixture.agent.summary(&session("a")).await.unwrap().unwrap();
    assert_eq!((stored.covers, stored.made_at, stored.summary), (4, 1_000, summary("two turns")));
    let follows = fixture.agent.history_after(&session("a"), 4, 100, run_id()).await.unwrap();
    assert_eq!(follows.iter().map(|(message, _)| message.content.as_str()).collect::<Vec<_>>(), ["text of 3", "an answer"]);
    assert_eq!(fixture.agent.messages(&session("a"), 10, None).await.unwrap().messages.len(), 6, "the messages stay");
}

#[tokio::test]
async fn a_summary_only_ever_covers_more() {
    let fixture = Fixture::new().await;
    for inbound in ["1", "2"] {
        fixture.turn(&session("a"), inbound).await;
    }
    fixture.agent.put_summary(&session("a"), 4, summary("both")).await.unwrap();
    fixture.agent.put_summary(&session("a"), 2, summary("late, and of less")).await.unwrap();
    fixture.agent.put_summary(&session("a"), 99, summary("of what is not there")).await.unwrap();
    assert_eq!(fixture.agent.summary(&session("a")).await.unwrap().unwrap().summary, summary("both"));
    let foreign = "agent:other:a".parse().unwrap();
    let refused = fixture.agent.put_summary(&foreign, 1, summary("")).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn what_is_deleted_is_in_no_summary() {
    let fixture = Fixture::new().await;
    for key in ["a", "b"] {
        fixture.turn(&session(key), key).await;
        fixture.agent.put_summary(&session(key), 2, summary("a secret")).await.unwrap();
    }
    assert!(fixture.agent.delete_session(&session("a")).await.unwrap());
    assert_eq!(fixture.agent.summary(&session("a")).await.unwrap(), None);
    assert!(fixture.agent.summary(&session("b")).await.unwrap().is_some(), "another session keeps its own");
}
