//! Stories of replies that are sent out: to whom, in which order, again, and given up.

use crate::fixture::{Fixture, delivery, finish, from_channel, inbound, original, run_id, said, session};
use wingman_message::{DeliveryId, Inbound, Place};
use wingman_store::{DeadLetterKind, FinishTurn, NewDelivery, OutboxRow, Outgoing, Revived, StoreError};

/// A whole turn of a channel's delivery; its reply is in the outbox.
async fn answered(fixture: &Fixture, new: NewDelivery) -> DeliveryId {
    let (id, session) = (new.id, new.session.clone());
    fixture.agent.accept(new).await.unwrap();
    let seq = fixture.agent.reserve_seq(&session, 10).await.unwrap();
    let turn = fixture.agent.begin_turn(id, run_id(), seq).await.unwrap();
    fixture.agent.finish_turn(finish(id, turn.run, seq + 9)).await.unwrap();
    id
}

async fn next(fixture: &Fixture) -> Option<OutboxRow> {
    fixture.agent.outbox_next(&place()).await.unwrap()
}

fn place() -> Place {
    inbound("1").place
}

#[tokio::test]
async fn a_reply_to_a_channel_knows_which_message_it_answers_and_is_not_for_watchers() {
    let fixture = Fixture::new().await;
    let mut new = from_channel(&session("a"), &["1", "2"]);
    new.messages[1] = Inbound { context: Some("token".to_owned()), ..new.messages[1].clone() };
    let id = answered(&fixture, new).await;
    let target = fixture.agent.reply_target(id).await.unwrap().unwrap();
    assert_eq!((target.reply_to.as_deref(), target.context.as_deref()), (Some("2"), Some("token")));

    let fixture = fixture.reopen().await;
    let row = next(&fixture).await.unwrap();
    assert_eq!((row.delivery, row.target), (id, target));
    assert_eq!(fixture.agent.outbox_places().await.unwrap(), [place()]);
    assert_eq!(fixture.agent.outbox_pending(10).await.unwrap(), []);

    let watched = fixture.turn(&session("b"), "of a webhook").await;
    assert_eq!(fixture.agent.outbox_pending(10).await.unwrap()[0].delivery, watched);
    assert_eq!(fixture.agent.reply_target(watched).await.unwrap(), None);
}

#[tokio::test]
async fn the_oldest_comes_first_even_while_it_waits() {
    let fixture = Fixture::new().await;
    let first = answered(&fixture, from_channel(&session("a"), &["1"])).await;
    let second = answered(&fixture, from_channel(&session("b"), &["2"])).await;
    let row = next(&fixture).await.unwrap();
    fixture.agent.outbox_retry(row.id, 9_000, "the network is down".to_owned()).await.unwrap();

    let fixture = fixture.reopen().await;
    let row = next(&fixture).await.unwrap();
    assert_eq!((row.delivery, row.attempts, row.next_at), (first, 1, 9_000));
    assert_eq!(row.last_error.as_deref(), Some("the network is down"));
    fixture.agent.outbox_delivered(row.id).await.unwrap();
    assert_eq!(next(&fixture).await.unwrap().delivery, second);
}

#[tokio::test]
async fn what_is_shown_of_a_reply_is_known_from_the_first_words_to_the_last() {
    let fixture = Fixture::new().await;
    let new = from_channel(&session("a"), &["1"]);
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    fixture.agent.reply_shown(id, vec!["m-1".to_owned()]).await.unwrap();

    let fixture = fixture.reopen().await;
    assert_eq!(fixture.agent.reply_target(id).await.unwrap().unwrap().shown, ["m-1"]);
    fixture.agent.reply_shown(id, vec!["m-1".to_owned(), "m-2".to_owned()]).await.unwrap();
    fixture.agent.finish_turn(finish(id, turn.run, 9)).await.unwrap();
    let row = next(&fixture).await.unwrap();
    assert_eq!(row.target.shown, ["m-1", "m-2"]);
    fixture.agent.outbox_delivered(row.id).await.unwrap();
    assert_eq!(fixture.agent.reply_target(id).await.unwrap().unwrap().shown, Vec::<String>::new());
}

#[tokio::test]
async fn a_turn_without_a_reply_leaves_nothing_shown_behind() {
    let fixture = Fixture::new().await;
    let new = from_channel(&session("a"), &["1"]);
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    fixture.agent.reply_shown(id, vec!["m-1".to_owned()]).await.unwrap();
    fixture.agent.finish_turn(FinishTurn { reply: None, ..finish(id, turn.run, 9) }).await.unwrap();
    assert_eq!(next(&fixture).await, None);
    assert_eq!(fixture.agent.reply_target(id).await.unwrap().unwrap().shown, Vec::<String>::new());
}

#[tokio::test]
async fn a_reply_that_was_given_up_makes_way_and_can_be_taken_up_again() {
    let fixture = Fixture::new().await;
    let first = answered(&fixture, from_channel(&session("a"), &["1"])).await;
    let second = answered(&fixture, from_channel(&session("b"), &["2"])).await;
    let row = next(&fixture).await.unwrap();
    fixture.agent.outbox_bury(row.id, "the room is gone".to_owned()).await.unwrap();
    assert_eq!(next(&fixture).await.unwrap().delivery, second);

    let letters = fixture.agent.dead_letters(10, None).await.unwrap();
    assert_eq!((letters.len(), letters[0].delivery, letters[0].reason.as_str()), (1, first, "the room is gone"));
    let expected = DeadLetterKind::Reply { place: place(), markdown: "an answer".to_owned(), attempts: 1 };
    assert_eq!(letters[0].kind, expected);

    fixture.clock.advance_ms(5_000);
    assert_eq!(fixture.agent.revive(first).await.unwrap(), Revived::Reply(place()));
    let row = next(&fixture).await.unwrap();
    assert_eq!((row.delivery, row.attempts, row.next_at, row.since), (first, 0, 0, 6_000));
    assert_eq!(fixture.agent.dead_letters(10, None).await.unwrap(), []);
    assert_eq!(fixture.agent.revive(first).await.unwrap(), Revived::NotFound, "what lives is no dead letter");
    assert!(!fixture.agent.discard(first).await.unwrap(), "and cannot be discarded");
}

#[tokio::test]
async fn dead_letters_of_both_kinds_come_newest_first_page_by_page() {
    let fixture = Fixture::new().await;
    let mut ids = Vec::new();
    for (at, name) in [(1_000, "1"), (2_000, "2"), (3_000, "3")] {
        let letter = NewDelivery {
            id: DeliveryId::new(at),
            raw: Some(original("text/plain", name.as_bytes().to_vec())),
            ..delivery(&session("a"), &[name])
        };
        ids.push(letter.id);
        fixture.agent.dead_letter(letter, "the plugin crashed".to_owned()).await.unwrap();
    }
    let reply = answered(&fixture, NewDelivery { id: DeliveryId::new(2_500), ..from_channel(&session("b"), &["r"]) }).await;
    let row = next(&fixture).await.unwrap();
    fixture.agent.outbox_bury(row.id, "gone".to_owned()).await.unwrap();

    let page = fixture.agent.dead_letters(2, None).await.unwrap();
    assert_eq!(page.iter().map(|letter| letter.delivery).collect::<Vec<_>>(), [ids[2], reply]);
    let rest = fixture.agent.dead_letters(10, Some(reply)).await.unwrap();
    assert_eq!(rest.iter().map(|letter| letter.delivery).collect::<Vec<_>>(), [ids[1], ids[0]]);

    let revived = fixture.agent.revive(ids[1]).await.unwrap();
    assert!(matches!(revived, Revived::Inbound(letter) if letter.delivery == ids[1]));
    assert!(fixture.agent.discard(ids[1]).await.unwrap());
    assert!(fixture.agent.discard(reply).await.unwrap());
    assert!(!fixture.agent.discard(reply).await.unwrap());
    assert_eq!(fixture.agent.dead_letters(10, None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_reaction_is_stored_with_its_step_once_and_goes_before_the_reply() {
    let fixture = Fixture::new().await;
    let new = from_channel(&session("a"), &["1"]);
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let seq = fixture.agent.reserve_seq(&session("a"), 10).await.unwrap();
    let run = fixture.agent.begin_turn(id, run_id(), seq).await.unwrap().run;
    for _ in 0..2 {
        fixture.agent.react(run, 0, said("on its way"), "👍".to_owned()).await.unwrap();
    }
    fixture.agent.append_step(run, 0, said("on its way")).await.unwrap();
    fixture.agent.finish_turn(finish(id, run, seq + 9)).await.unwrap();

    let fixture = fixture.reopen().await;
    let reaction = next(&fixture).await.unwrap();
    assert_eq!((reaction.what, reaction.target.reply_to.as_deref()), (Outgoing::Reaction { emoji: "👍".into() }, Some("1")));
    fixture.agent.outbox_settled(reaction.id).await.unwrap();
    let reply = next(&fixture).await.unwrap();
    assert_eq!(reply.what, Outgoing::Reply { markdown: "an answer".into() }, "it was stored twice");
    fixture.agent.outbox_settled(reply.id).await.unwrap();
    assert!(next(&fixture).await.is_some(), "a reply is no reaction");
}

#[tokio::test]
async fn there_is_no_reaction_to_what_came_from_no_network() {
    let fixture = Fixture::new().await;
    let new = delivery(&session("a"), &["1"]);
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let seq = fixture.agent.reserve_seq(&session("a"), 10).await.unwrap();
    let run = fixture.agent.begin_turn(id, run_id(), seq).await.unwrap().run;
    let refused = fixture.agent.react(run, 0, said("on its way"), "👍".to_owned()).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    // Neither is there: the number is free.
    fixture.agent.append_step(run, 0, said("something else")).await.unwrap();
}
