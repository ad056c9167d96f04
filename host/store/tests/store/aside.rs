//! Stories of what asks for no turn: what is overheard, and what a network does to messages that came before.

use crate::fixture::{Fixture, finish, from_channel, inbound, run_id, session, state_of};
use wingman_message::{DeliveryId, Inbound, InboundKind, Sender, SessionKey};
use wingman_store::{Accepted, Amended, DeliveryState, NewDelivery, StoreError, Turn};

fn ada() -> Option<Sender> {
    Some(Sender { id: "u".into(), name: Some("Ada".into()), is_bot: false })
}

fn says(key: &SessionKey, id: &str, text: &str) -> NewDelivery {
    let message = Inbound { sender: ada(), text: text.to_owned(), ..inbound(id) };
    NewDelivery { messages: vec![message], ..from_channel(key, &[]) }
}

fn amendment(key: &SessionKey, id: &str, kind: InboundKind, about: &str, text: &str) -> NewDelivery {
    let mut new = says(key, id, text);
    new.messages[0] = Inbound { kind, reply_to: Some(about.to_owned()), ..new.messages[0].clone() };
    new
}

async fn edits(fixture: &Fixture, id: &str, about: &str, text: &str) -> Amended {
    fixture.agent.amend(amendment(&session("a"), id, InboundKind::Edit, about, text)).await.unwrap()
}

async fn deletes(fixture: &Fixture, id: &str, about: &str) -> Amended {
    fixture.agent.amend(amendment(&session("a"), id, InboundKind::Deletion, about, "")).await.unwrap()
}

async fn begun(fixture: &Fixture, delivery: DeliveryId) -> Turn {
    let seq = fixture.agent.reserve_seq(&session("a"), 20).await.unwrap();
    fixture.agent.begin_turn(delivery, run_id(), seq).await.unwrap()
}

/// A turn that is begun and ended; what users said in it.
async fn turn(fixture: &Fixture, new: NewDelivery) -> Vec<String> {
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let turn = begun(fixture, id).await;
    let last = turn.user_messages.last().unwrap().seq;
    fixture.agent.finish_turn(finish(id, turn.run, last + 1)).await.unwrap();
    texts(&turn)
}

fn texts(turn: &Turn) -> Vec<String> {
    turn.user_messages.iter().map(|message| message.content.clone()).collect()
}

#[tokio::test]
async fn what_is_overheard_comes_once_before_the_next_turn_and_stays_after_a_crash() {
    let fixture = Fixture::new().await;
    let key = session("a");
    for (id, text) in [("1", "what a day"), ("2", "indeed"), ("1", "what a day")] {
        fixture.agent.overhear(says(&key, id, text)).await.unwrap();
    }
    assert_eq!(fixture.agent.session(&key).await.unwrap(), None, "nobody has asked the agent for anything");

    let new = says(&key, "3", "agent, help");
    let id = new.id;
    let fixture = fixture.reopen().await;
    fixture.agent.accept(new).await.unwrap();
    let first = begun(&fixture, id).await;
    let heard = "Said and done here since the last turn, and not to you:\n- Ada: what a day\n- Ada: indeed";
    assert_eq!(texts(&first), [heard, "agent, help"]);
    assert_eq!((first.user_messages[0].overheard, first.user_messages[0].untrusted), (true, true));
    assert!(!first.user_messages[1].overheard);

    let fixture = fixture.reopen().await;
    let again = begun(&fixture, id).await;
    assert_eq!(again.user_messages, first.user_messages);
    fixture.agent.finish_turn(finish(id, again.run, again.user_messages[1].seq + 1)).await.unwrap();
    assert_eq!(turn(&fixture, says(&key, "4", "and now?")).await, ["and now?"], "it was taken in already");
    let stored = fixture.agent.messages(&key, 10, None).await.unwrap().messages;
    assert_eq!((stored.len(), stored[0].overheard), (5, true));
}

#[tokio::test]
async fn a_session_overhears_its_newest_fifty_and_sixteen_kibibytes() {
    let fixture = Fixture::new().await;
    let key = session("a");
    for n in 0..60 {
        fixture.agent.overhear(says(&key, &format!("few {n}"), &n.to_string())).await.unwrap();
    }
    let heard = turn(&fixture, says(&key, "ask", "well?")).await.remove(0);
    assert_eq!((heard.lines().count(), heard.lines().nth(1)), (51, Some("- Ada: 10")));
    for n in 0..10 {
        fixture.agent.overhear(says(&key, &format!("long {n}"), &format!("{n}{}", "x".repeat(3_000)))).await.unwrap();
    }
    let heard = turn(&fixture, says(&key, "ask again", "well?")).await.remove(0);
    assert!(heard.len() < 17_000 && heard.contains("Ada: 5x") && !heard.contains("Ada: 4x"), "{} bytes", heard.len());
    // What was dropped is still known.
    let again = fixture.agent.overhear(says(&key, "few 0", "0")).await.unwrap();
    assert!(matches!(again, Accepted::Duplicate { .. }), "{again:?}");
}

#[tokio::test]
async fn what_waits_reads_as_it_was_edited_and_what_was_taken_back_is_never_read() {
    let fixture = Fixture::new().await;
    let key = session("a");
    let mut new = from_channel(&key, &["1", "2"]);
    let id = new.id;
    new.max_queued = 10;
    fixture.agent.accept(new).await.unwrap();
    assert_eq!(edits(&fixture, "e1", "1", "edited").await, Amended::Changed);
    assert_eq!(edits(&fixture, "e1", "1", "edited again").await, Amended::Repeated);
    assert_eq!(edits(&fixture, "e2", "1", "edited").await, Amended::Ignored, "it reads so already");
    assert_eq!(deletes(&fixture, "d1", "2").await, Amended::Changed);
    let fixture = fixture.reopen().await;
    assert_eq!(texts(&begun(&fixture, id).await), ["edited"]);

    let alone = says(&key, "3", "never mind");
    let other = alone.id;
    fixture.agent.accept(alone).await.unwrap();
    assert_eq!(deletes(&fixture, "d2", "3").await, Amended::Cancelled(other));
    assert_eq!(state_of(&fixture.agent, other).await.unwrap(), DeliveryState::Cancelled);
    assert_eq!(edits(&fixture, "e3", "3", "or rather").await, Amended::Ignored);
    let repeat = fixture.agent.accept(says(&key, "3", "never mind")).await.unwrap();
    assert!(matches!(repeat, Accepted::Duplicate { .. }), "{repeat:?}");
}

#[tokio::test]
async fn of_what_was_read_the_next_turn_is_told_and_of_what_is_unknown_nobody() {
    let fixture = Fixture::new().await;
    let key = session("a");
    turn(&fixture, says(&key, "1", "see you at five")).await;
    assert_eq!(edits(&fixture, "e1", "1", "see you at five").await, Amended::Ignored, "a preview was added");
    assert_eq!(edits(&fixture, "e2", "1", "see you at six").await, Amended::Noted);
    assert_eq!(edits(&fixture, "e3", "1", "see you at six").await, Amended::Ignored);
    assert_eq!(deletes(&fixture, "d1", "1").await, Amended::Noted);
    assert_eq!(deletes(&fixture, "d1", "1").await, Amended::Repeated);
    assert_eq!(deletes(&fixture, "d2", "nobody's").await, Amended::Ignored);
    let elsewhere = amendment(&session("b"), "d3", InboundKind::Deletion, "1", "");
    assert_eq!(fixture.agent.amend(elsewhere).await.unwrap(), Amended::Ignored, "it is not of that session");
    let heard = turn(&fixture, says(&key, "2", "well?")).await.remove(0);
    let lines: Vec<&str> = heard.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "- Ada edited an earlier message (\"see you at five\"); it now reads: see you at six",
            "- Ada deleted an earlier message (\"see you at six\")",
        ]
    );
    let message = fixture.agent.amend(says(&key, "9", "hello")).await;
    assert!(matches!(message, Err(StoreError::Invalid(_))), "{message:?}");
}

#[tokio::test]
async fn a_reaction_to_a_reply_names_it_and_the_reply_is_not_overheard_as_a_strangers() {
    let fixture = Fixture::new().await;
    let key = session("a");
    turn(&fixture, says(&key, "1", "hello")).await;
    let row = fixture.agent.outbox_next(&inbound("1").place).await.unwrap().unwrap();
    fixture.agent.outbox_shown(row.id, vec!["out-1".into(), "out-2".into()]).await.unwrap();
    assert_eq!(fixture.agent.outbox_next(&inbound("1").place).await.unwrap(), None);
    fixture.agent.overhear(says(&key, "out-1", "an answer")).await.unwrap();
    let fixture = fixture.reopen().await;
    let reaction = || amendment(&key, "r1", InboundKind::Reaction, "out-2", "👍");
    assert_eq!(fixture.agent.amend(reaction()).await.unwrap(), Amended::Noted);
    assert_eq!(fixture.agent.amend(reaction()).await.unwrap(), Amended::Repeated);
    let heard = turn(&fixture, says(&key, "2", "well?")).await.remove(0);
    let lines: Vec<&str> = heard.lines().skip(1).collect();
    assert_eq!(lines, ["- Ada reacted with 👍 to a message of yours (\"an answer\")"]);
}

#[tokio::test]
async fn what_was_overheard_can_be_edited_and_taken_back_and_goes_with_its_session() {
    let fixture = Fixture::new().await;
    let key = session("a");
    for (id, text) in [("1", "one"), ("2", "two"), ("3", "three")] {
        fixture.agent.overhear(says(&key, id, text)).await.unwrap();
    }
    assert_eq!(edits(&fixture, "e1", "1", "uno").await, Amended::Changed);
    assert_eq!(deletes(&fixture, "d1", "2").await, Amended::Changed);
    let heard = turn(&fixture, says(&key, "4", "well?")).await.remove(0);
    assert_eq!(heard.lines().skip(1).collect::<Vec<_>>(), ["- Ada: uno", "- Ada: three"]);
    assert_eq!(deletes(&fixture, "d2", "3").await, Amended::Noted, "the agent has read it");
    assert!(fixture.agent.clear_session(&key).await.unwrap());
    assert_eq!(turn(&fixture, says(&key, "5", "and now?")).await, ["and now?"]);
}
