//! Stories of the list of sessions, their pages, and what deleting one leaves.

use crate::fixture::{Fixture, delivery, finish, run_id, session};
use wingman_message::SessionSource;
use wingman_store::{Accepted, NewSession, SessionRecord, StoreError};

fn new(name: &str) -> NewSession {
    NewSession { key: session(name), name: Some(name.to_owned()), source: SessionSource::Client }
}

fn names(sessions: &[SessionRecord]) -> Vec<&str> {
    sessions.iter().filter_map(|session| session.name.as_deref()).collect()
}

#[tokio::test]
async fn a_session_is_opened_once_named_and_found() {
    let fixture = Fixture::new().await;
    let made = fixture.agent.create_session(new("a")).await.unwrap();
    assert_eq!((made.created_at, made.message_count, made.name.as_deref()), (1_000, 0, Some("a")));
    assert!(matches!(fixture.agent.create_session(new("a")).await, Err(StoreError::AlreadyThere(_))));
    assert_eq!(fixture.agent.rename_session(&session("a"), Some("b".to_owned())).await, Ok(true));
    assert_eq!(fixture.agent.rename_session(&session("x"), None).await, Ok(false));
    let fixture = fixture.reopen().await;
    assert_eq!(fixture.agent.session(&session("a")).await.unwrap().unwrap().name.as_deref(), Some("b"));
    // A delivery does not rename what is there.
    fixture
        .agent
        .accept(wingman_store::NewDelivery { session_name: Some("c".to_owned()), ..delivery(&session("a"), &["1"]) })
        .await
        .unwrap();
    assert_eq!(fixture.agent.session(&session("a")).await.unwrap().unwrap().name.as_deref(), Some("b"));
}

#[tokio::test]
async fn the_list_is_paged_newest_first_and_a_cursor_holds_while_others_write() {
    let fixture = Fixture::new().await;
    for name in ["a", "b", "c", "d", "e"] {
        fixture.agent.create_session(new(name)).await.unwrap();
        // Two of the same moment: the key tells them apart.
        fixture.clock.advance_ms(i64::from(name != "b"));
    }
    let first = fixture.agent.list_sessions(2, None).await.unwrap();
    assert_eq!(names(&first), ["e", "d"]);
    fixture.clock.advance_ms(10);
    fixture.turn(&session("e"), "1").await;
    let cursor = first[1].cursor().to_string().parse().unwrap();
    let rest = fixture.agent.list_sessions(10, Some(&cursor)).await.unwrap();
    assert_eq!(names(&rest), ["c", "b", "a"]);
    assert!(rest.windows(2).all(|pair| pair[0].cursor() > pair[1].cursor()));
}

#[tokio::test]
async fn messages_are_paged_newest_page_first_in_order_of_time_within() {
    let fixture = Fixture::new().await;
    for id in ["1", "2", "3"] {
        fixture.turn(&session("a"), id).await;
    }
    let mut pages = Vec::new();
    let mut cursor = None;
    loop {
        let page = fixture.agent.messages(&session("a"), 4, cursor.as_ref()).await.unwrap();
        pages.push(page.messages.iter().map(|message| message.seq).collect::<Vec<_>>());
        // What comes in meanwhile moves nothing.
        fixture.turn(&session("a"), &format!("meanwhile {}", pages.len())).await;
        match page.next {
            Some(next) => cursor = Some(next.to_string().parse().unwrap()),
            None => break,
        }
    }
    assert_eq!(pages, [vec![3, 4, 5, 6], vec![1, 2]]);
    let exact = fixture.agent.messages(&session("a"), 10, None).await.unwrap();
    assert_eq!((exact.messages.len(), exact.next), (10, None));
    assert_eq!(fixture.agent.messages(&session("none"), 4, None).await.unwrap().messages, []);
    let seqs = |found: Vec<wingman_message::Message>| found.iter().map(|message| message.seq).collect::<Vec<_>>();
    assert_eq!(seqs(fixture.agent.messages_since(&session("a"), 2, 5, 10).await.unwrap()), [3, 4, 5]);
    assert_eq!(seqs(fixture.agent.messages_since(&session("a"), 2, i64::MAX, 2).await.unwrap()), [9, 10]);
}

#[tokio::test]
async fn sequence_numbers_rise_over_restarts_and_deletions_even_where_no_session_is() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.agent.reserve_seq(&session("a"), 10).await, Ok(1));
    assert_eq!(fixture.agent.session(&session("a")).await.unwrap(), None);
    assert_eq!(fixture.agent.list_sessions(10, None).await.unwrap(), []);
    let fixture = fixture.reopen().await;
    assert_eq!(fixture.agent.reserve_seq(&session("a"), 5).await, Ok(11));
    assert_eq!(fixture.agent.reserve_seq(&session("b"), 5).await, Ok(1));
    fixture.agent.create_session(new("a")).await.unwrap();
    assert_eq!(fixture.agent.delete_session(&session("a")).await, Ok(true));
    assert_eq!(fixture.agent.reserve_seq(&session("a"), 1).await, Ok(16));
    for bad in [0, -1, i64::MAX] {
        assert!(matches!(fixture.agent.reserve_seq(&session("a"), bad).await, Err(StoreError::Invalid(_))), "{bad}");
    }
}

#[tokio::test]
async fn a_session_is_deleted_whole_and_a_repeat_of_what_it_was_told_stays_a_repeat() {
    let fixture = Fixture::new().await;
    let answered = fixture.turn(&session("a"), "1").await;
    fixture.turn(&session("b"), "2").await;
    fixture.agent.accept(delivery(&session("a"), &["3"])).await.unwrap();
    let refused = fixture.agent.delete_session(&session("a")).await;
    assert_eq!(refused, Err(StoreError::Busy { session: session("a"), unfinished: 1 }));
    let waiting = fixture.agent.unfinished().await.unwrap()[0].delivery;
    fixture.agent.cancel_pending(waiting).await.unwrap();

    let answer = fixture.agent.delivery(answered).await.unwrap().unwrap().answer.unwrap();
    assert_eq!(fixture.agent.delete_session(&session("a")).await, Ok(true));
    assert_eq!(fixture.agent.delete_session(&session("a")).await, Ok(false));
    assert_eq!(fixture.agent.session(&session("a")).await.unwrap(), None);
    assert_eq!(fixture.agent.message(answer).await.unwrap(), None);
    assert_eq!(fixture.agent.messages(&session("a"), 10, None).await.unwrap().messages, []);
    assert_eq!(fixture.agent.delivery(answered).await.unwrap().unwrap().answer, None);
    let again = fixture.agent.accept(delivery(&session("a"), &["1"])).await.unwrap();
    assert!(matches!(again, Accepted::Duplicate { .. }), "{again:?}");
    assert_eq!(fixture.agent.messages(&session("b"), 10, None).await.unwrap().messages.len(), 2);

    // It can be opened again, and is empty.
    let new_words = delivery(&session("a"), &["4"]);
    let id = new_words.id;
    fixture.agent.accept(new_words).await.unwrap();
    let seq = fixture.agent.reserve_seq(&session("a"), 2).await.unwrap();
    let run = fixture.agent.begin_turn(id, run_id(), seq).await.unwrap().run;
    fixture.agent.finish_turn(finish(id, run, seq + 1)).await.unwrap();
    assert_eq!(fixture.agent.session(&session("a")).await.unwrap().unwrap().message_count, 2);
}

#[tokio::test]
async fn a_preview_is_cut_between_characters() {
    let fixture = Fixture::new().await;
    let mut long = delivery(&session("a"), &["1"]);
    long.messages[0].text = "\u{1F600}".repeat(300);
    let id = long.id;
    fixture.agent.accept(long).await.unwrap();
    fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    let preview = fixture.agent.session(&session("a")).await.unwrap().unwrap().last_preview.unwrap();
    assert_eq!(preview, "\u{1F600}".repeat(200));
}
