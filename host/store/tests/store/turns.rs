//! Stories of turns: begun, broken off and taken up again, ended once.

use crate::fixture::{Fixture, answer, delivery, finish, request, run_id, said, session, state_of};
use wingman_message::{Attachment, ContentSource, DeliveryId, MessageStatus, Part, Role, Sender};
use wingman_store::{DeliveryState, FinishTurn, StoreError};

#[tokio::test]
async fn a_turn_goes_on_where_the_last_life_of_the_process_left_it() {
    let fixture = Fixture::new().await;
    let new = delivery(&session("a"), &["1", "2"]);
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let first = fixture.agent.begin_turn(id, run_id(), 7).await.unwrap();
    assert_eq!((first.attempt, first.resumed, first.steps.len()), (1, false, 0));
    assert_eq!(first.user_messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [7, 8]);
    for (number, text) in [(0, "one"), (1, "two")] {
        fixture.agent.append_step(first.run, number, said(text)).await.unwrap();
    }

    let fixture = fixture.reopen().await;
    assert_eq!(state_of(&fixture.agent, id).await, Ok(DeliveryState::Running));
    let again = fixture.agent.begin_turn(id, run_id(), 99).await.unwrap();
    assert_eq!((again.run, again.attempt, again.resumed), (first.run, 2, true));
    assert_eq!(again.user_messages, first.user_messages);
    assert_eq!(again.steps, [said("one"), said("two")]);
    assert_eq!(fixture.agent.messages(&session("a"), 10, None).await.unwrap().messages, first.user_messages);
}

#[tokio::test]
async fn the_end_of_a_turn_is_one_thing() {
    let fixture = Fixture::new().await;
    let new = delivery(&session("a"), &["1"]);
    let (id, place) = (new.id, new.messages[0].place.clone());
    fixture.agent.accept(new).await.unwrap();
    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    fixture.clock.advance_ms(500);
    let end = FinishTurn { final_step: Some((0, said("an answer"))), ..finish(id, turn.run, 2) };
    let outbox = fixture.agent.finish_turn(end.clone()).await.unwrap().unwrap();

    let record = fixture.agent.delivery(id).await.unwrap().unwrap();
    assert_eq!((record.state, record.answer, record.finished_at), (DeliveryState::Done, Some(end.answer.id), Some(1_500)));
    assert_eq!(fixture.agent.message(end.answer.id).await.unwrap().as_ref(), Some(&end.answer));
    let pending = fixture.agent.outbox_pending(10).await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!((pending[0].id, pending[0].delivery, &pending[0].target.place), (outbox, id, &place));
    let session_record = fixture.agent.session(&session("a")).await.unwrap().unwrap();
    assert_eq!((session_record.message_count, session_record.updated_at), (2, 1_500));
    assert_eq!(session_record.last_preview.as_deref(), Some("an answer"));

    fixture.agent.outbox_delivered(outbox).await.unwrap();
    fixture.agent.outbox_delivered(outbox).await.unwrap();
    assert_eq!(fixture.agent.outbox_pending(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_turn_ends_once_and_a_second_end_changes_nothing() {
    let fixture = Fixture::new().await;
    let id = fixture.turn(&session("a"), "1").await;
    let record = fixture.agent.delivery(id).await.unwrap().unwrap();
    let run = record.run.unwrap();
    let second = FinishTurn { state: DeliveryState::Failed, final_step: Some((5, said("more"))), ..finish(id, run, 9) };
    assert_eq!(fixture.agent.finish_turn(second).await, Err(StoreError::Finished(id)));
    assert_eq!(fixture.agent.append_step(run, 5, said("more")).await, Err(StoreError::Finished(id)));
    assert_eq!(fixture.agent.begin_turn(id, run_id(), 9).await, Err(StoreError::Finished(id)));
    assert_eq!(fixture.agent.delivery(id).await.unwrap().unwrap(), record);
    assert_eq!(fixture.agent.messages(&session("a"), 10, None).await.unwrap().messages.len(), 2);
    assert_eq!(fixture.agent.outbox_pending(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_end_that_does_not_fit_changes_nothing() {
    let fixture = Fixture::new().await;
    let new = delivery(&session("a"), &["1"]);
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let not_begun = fixture.agent.finish_turn(finish(id, run_id(), 1)).await;
    assert!(matches!(not_begun, Err(StoreError::Conflict(_))), "{not_begun:?}");
    let unknown = fixture.agent.finish_turn(finish(DeliveryId::new(9), run_id(), 1)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))), "{unknown:?}");

    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    let other_run = fixture.agent.finish_turn(finish(id, run_id(), 2)).await;
    assert!(matches!(other_run, Err(StoreError::Conflict(_))), "{other_run:?}");
    let not_final = FinishTurn { state: DeliveryState::Running, ..finish(id, turn.run, 2) };
    assert!(matches!(fixture.agent.finish_turn(not_final).await, Err(StoreError::Invalid(_))));
    // The answer's number is a user's message's: the step written before it must go with it.
    let taken = FinishTurn { final_step: Some((0, said("lost"))), ..finish(id, turn.run, 1) };
    assert!(matches!(fixture.agent.finish_turn(taken).await, Err(StoreError::Conflict(_))));
    let resumed = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    assert_eq!(resumed.steps, []);
    fixture.agent.finish_turn(finish(id, turn.run, 2)).await.unwrap();
}

#[tokio::test]
async fn a_step_is_journaled_once_and_no_other_takes_its_number() {
    let fixture = Fixture::new().await;
    let new = delivery(&session("a"), &["1"]);
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let run = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap().run;
    fixture.agent.append_step(run, 0, said("one")).await.unwrap();
    fixture.agent.append_step(run, 0, said("one")).await.unwrap();
    assert!(matches!(fixture.agent.append_step(run, 0, said("other")).await, Err(StoreError::Conflict(_))));
    assert!(matches!(fixture.agent.append_step(run_id(), 0, said("one")).await, Err(StoreError::NotFound(_))));
    assert_eq!(fixture.agent.begin_turn(id, run_id(), 1).await.unwrap().steps, [said("one")]);
}

#[tokio::test]
async fn messages_read_back_as_they_were_written() {
    let fixture = Fixture::new().await;
    let mut new = request(&session("a"), "cli", "r1");
    let sender = Sender { id: "u1".to_owned(), name: Some("Ada \u{1F600}".to_owned()), is_bot: false };
    let file =
        Attachment { name: None, media_type: "image/png".to_owned(), size: Some(3), source: ContentSource::Blob("b".to_owned()) };
    new.messages[0].sender = Some(sender.clone());
    new.messages[0].attachments = vec![file.clone()];
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    let user = &turn.user_messages[0];
    assert_eq!((user.role, user.run, user.untrusted), (Role::User, Some(turn.run), false));
    assert_eq!(user.request.as_ref().map(|request| request.as_str()), Some("r1"));
    assert_eq!((user.sender.as_ref(), user.attachments.as_slice()), (Some(&sender), [file].as_slice()));

    let mut told = answer(turn.run, 2);
    told.status = MessageStatus::Cancelled;
    told.error = Some("stopped".to_owned());
    told.parts = vec![Part::Text { text: "an \0 answer".to_owned() }];
    let end = FinishTurn { state: DeliveryState::Cancelled, answer: told.clone(), reply: None, ..finish(id, turn.run, 2) };
    assert_eq!(fixture.agent.finish_turn(end).await, Ok(None));
    let fixture = fixture.reopen().await;
    let page = fixture.agent.messages(&session("a"), 10, None).await.unwrap();
    assert_eq!(page.messages, [user.clone(), told]);
    assert_eq!(fixture.agent.delivery(id).await.unwrap().unwrap().error.as_deref(), Some("stopped"));

    let strange = delivery(&session("a"), &["1"]);
    let id = strange.id;
    fixture.agent.accept(strange).await.unwrap();
    assert!(fixture.agent.begin_turn(id, run_id(), 3).await.unwrap().user_messages[0].untrusted);
}

#[tokio::test]
async fn a_model_is_shown_what_came_before_its_run_with_the_journals() {
    let fixture = Fixture::new().await;
    let new = delivery(&session("a"), &["1"]);
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    let first = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    fixture.agent.append_step(first.run, 0, said("thinking")).await.unwrap();
    let end = FinishTurn { final_step: Some((1, said("an answer"))), ..finish(id, first.run, 2) };
    fixture.agent.finish_turn(end).await.unwrap();
    fixture.agent.accept(delivery(&session("a"), &["2"])).await.unwrap();
    let second = fixture.agent.unfinished().await.unwrap()[0].delivery;
    let run = fixture.agent.begin_turn(second, run_id(), 3).await.unwrap().run;

    let history = fixture.agent.history(&session("a"), 10, run).await.unwrap();
    assert_eq!(history.iter().map(|(message, _)| message.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(history[0].1, []);
    assert_eq!(history[1].1, [said("thinking"), said("an answer")]);
    let newest = fixture.agent.history(&session("a"), 1, run).await.unwrap();
    assert_eq!(newest, history[1..]);
    let before_another = fixture.agent.history(&session("a"), 10, run_id()).await.unwrap();
    assert_eq!(before_another, history, "the second turn has no end yet");
}

#[tokio::test]
async fn a_turn_that_was_broken_off_is_no_history_of_the_one_that_overtakes_it() {
    let fixture = Fixture::new().await;
    let (first, second) = (delivery(&session("a"), &["1"]), delivery(&session("a"), &["2"]));
    let (overtaken, overtaking) = (first.id, second.id);
    fixture.agent.accept(first).await.unwrap();
    fixture.agent.accept(second).await.unwrap();
    let broken_off = fixture.agent.begin_turn(overtaken, run_id(), 1).await.unwrap();

    let fixture = fixture.reopen().await;
    let next = fixture.agent.begin_turn(overtaking, run_id(), 2).await.unwrap();
    assert_eq!(fixture.agent.history(&session("a"), 10, next.run).await.unwrap(), [], "a model would answer it twice");
    fixture.agent.finish_turn(finish(overtaking, next.run, 3)).await.unwrap();
    fixture.agent.finish_turn(finish(overtaken, broken_off.run, 4)).await.unwrap();
    assert_eq!(fixture.agent.history(&session("a"), 10, run_id()).await.unwrap().len(), 4, "ended, it is history");
}
