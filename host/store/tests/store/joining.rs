//! Stories of deliveries that share a turn, of calls in flight, and of questions.

use crate::fixture::{Fixture, answer, delivery, finish, from_channel, inbound, request, run_id, said, session, state_of};
use serde_json::json;
use wingman_message::{Answer, DeliveryId, Entry, NewQuestion, QuestionKind, RunId, UserEntry};
use wingman_store::{Accepted, DeliveryState, FinishTurn, NewDelivery, StoreError};

fn user(text: &str, untrusted: bool) -> Entry {
    Entry::User(UserEntry { text: text.to_owned(), attachments: vec![], untrusted })
}

async fn accepted(fixture: &Fixture, new: NewDelivery) -> DeliveryId {
    let id = new.id;
    assert!(matches!(fixture.agent.accept(new).await.unwrap(), Accepted::New { .. }));
    id
}

#[tokio::test]
async fn what_joins_a_turn_is_in_its_journal_and_ends_with_it() {
    let fixture = Fixture::new().await;
    let session = session("a");
    let lead = accepted(&fixture, delivery(&session, &["1"])).await;
    let merged = accepted(&fixture, delivery(&session, &["2"])).await;
    let steer = accepted(&fixture, request(&session, "cli", "3")).await;
    let turn = fixture.agent.begin_merged_turn(lead, vec![merged], run_id(), 1).await.unwrap();
    assert_eq!(turn.user_messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>(), ["text of 1", "text of 2"]);
    fixture.agent.append_step(turn.run, 0, said("step")).await.unwrap();
    let joined = fixture.agent.join_turn(turn.run, steer, 1, 10).await.unwrap();
    assert_eq!((joined.len(), joined[0].seq, joined[0].run), (1, 10, Some(turn.run)));
    assert_eq!(fixture.agent.join_turn(turn.run, steer, 2, 20).await.unwrap(), [], "it does not wait any more");

    let fixture = fixture.reopen().await;
    let again = fixture.agent.begin_turn(lead, run_id(), 99).await.unwrap();
    assert_eq!(again.user_messages, turn.user_messages);
    assert_eq!(again.steps, [said("step"), user("text of 3", false)]);
    let unfinished = fixture.agent.unfinished_of(&session).await.unwrap();
    assert_eq!(unfinished.iter().map(|one| one.joined).collect::<Vec<_>>(), [None, Some(lead), Some(lead)]);

    let end = FinishTurn { final_step: Some((2, said("done"))), ..finish(lead, turn.run, 30) };
    fixture.agent.finish_turn(end.clone()).await.unwrap();
    for one in [lead, merged, steer] {
        let record = fixture.agent.delivery(one).await.unwrap().unwrap();
        assert_eq!((record.state, record.answer), (DeliveryState::Done, Some(end.answer.id)));
    }
    let together = fixture.agent.answered_with(turn.run).await.unwrap();
    assert_eq!(together.iter().map(|request| request.as_str()).collect::<Vec<_>>(), ["3"], "only clients wait");
    let history = fixture.agent.history(&session, 10, RunId::new(5)).await.unwrap();
    assert_eq!(
        history.iter().map(|(message, _)| message.content.as_str()).collect::<Vec<_>>(),
        ["text of 1", "text of 2", "an answer"]
    );
    assert_eq!(history[2].1, [said("step"), user("text of 3", false), said("done")]);
    assert_eq!(fixture.agent.messages(&session, 10, None).await.unwrap().messages.len(), 4, "people read all of it");
}

#[tokio::test]
async fn a_delivery_leaves_the_turn_that_it_joined_and_the_turn_goes_on() {
    let fixture = Fixture::new().await;
    let lead = accepted(&fixture, delivery(&session("a"), &["1"])).await;
    let other = accepted(&fixture, request(&session("a"), "cli", "2")).await;
    assert_eq!(fixture.agent.leave_turn(other).await, Ok(false), "it has joined none");
    let turn = fixture.agent.begin_merged_turn(lead, vec![other], run_id(), 1).await.unwrap();
    assert_eq!(fixture.agent.leave_turn(other).await, Ok(true));
    assert_eq!(fixture.agent.leave_turn(other).await, Ok(false));
    fixture.agent.finish_turn(finish(lead, turn.run, 9)).await.unwrap();
    assert_eq!(state_of(&fixture.agent, other).await, Ok(DeliveryState::Cancelled));
}

#[tokio::test]
async fn a_reply_goes_once_to_each_place_that_has_joined() {
    let fixture = Fixture::new().await;
    let elsewhere = |id: &str| {
        let mut message = inbound(id);
        message.place.thread = Some("t".to_owned());
        NewDelivery { messages: vec![message], ..from_channel(&session("a"), &[]) }
    };
    let lead = accepted(&fixture, from_channel(&session("a"), &["1"])).await;
    let same = accepted(&fixture, from_channel(&session("a"), &["2"])).await;
    let other = accepted(&fixture, elsewhere("3")).await;
    let again = accepted(&fixture, elsewhere("4")).await;
    let turn = fixture.agent.begin_merged_turn(lead, vec![same, other, again], run_id(), 1).await.unwrap();
    fixture.agent.finish_turn(finish(lead, turn.run, 9)).await.unwrap();
    let places = fixture.agent.outbox_places().await.unwrap();
    assert_eq!(places.len(), 2);
    for place in places {
        let row = fixture.agent.outbox_next(&place).await.unwrap().unwrap();
        assert!([lead, other].contains(&row.delivery));
        fixture.agent.outbox_delivered(row.id).await.unwrap();
        assert_eq!(fixture.agent.outbox_next(&place).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_call_in_flight_is_known_until_its_result_is() {
    let fixture = Fixture::new().await;
    let id = accepted(&fixture, delivery(&session("a"), &["1"])).await;
    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    fixture.agent.append_step(turn.run, 0, said("call")).await.unwrap();
    fixture.agent.begin_call(turn.run, 1, "c1".to_owned()).await.unwrap();
    let fixture = fixture.reopen().await;
    assert_eq!(fixture.agent.begin_turn(id, run_id(), 1).await.unwrap().in_flight.as_deref(), Some("c1"));
    fixture.agent.append_step(turn.run, 1, said("result")).await.unwrap();
    assert_eq!(fixture.agent.begin_turn(id, run_id(), 1).await.unwrap().in_flight, None);
}

#[tokio::test]
async fn a_question_is_asked_once_for_its_call_and_answered_once() {
    let fixture = Fixture::new().await;
    let id = accepted(&fixture, from_channel(&session("a"), &["1"])).await;
    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    let new = NewQuestion {
        call_id: "c1".to_owned(),
        kind: QuestionKind::Approval,
        text: "May it?".to_owned(),
        choices: vec![],
        tool: "effect".to_owned(),
        input: json!({ "key": 1 }),
    };
    let asked = fixture.agent.ask(turn.run, new.clone()).await.unwrap();
    let fixture = fixture.reopen().await;
    assert_eq!(fixture.agent.ask(turn.run, new.clone()).await.unwrap(), asked);
    assert_eq!(fixture.agent.open_questions(10).await.unwrap(), std::slice::from_ref(&asked.question));
    let attempt = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap().attempt;
    assert_eq!(attempt, 1, "a run that waits is not what ends the process");

    let place = inbound("1").place;
    assert_eq!(fixture.agent.open_question_at(&session("a"), &place, Some("eve")).await.unwrap(), None);
    let found = fixture.agent.open_question_at(&session("a"), &place, None).await.unwrap();
    assert_eq!(found.map(|question| question.id), Some(asked.question.id));
    let message = from_channel(&session("a"), &["yes"]);
    let (id_of_answer, question) = (message.id, asked.question.id);
    let taken = fixture.agent.accept_answer(message, question, Answer::Approved).await.unwrap();
    assert!(matches!(taken, Accepted::New { messages: 0, .. }), "{taken:?}");
    assert_eq!(state_of(&fixture.agent, id_of_answer).await, Ok(DeliveryState::Done));
    // A second answer changes nothing, and what brought it is not kept: it may be a message like any other.
    let second = fixture.agent.accept_answer(from_channel(&session("a"), &["no"]), question, Answer::Approved).await;
    assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
    assert!(matches!(fixture.agent.accept(from_channel(&session("a"), &["no"])).await, Ok(Accepted::New { messages: 1, .. })));
    let repeated = fixture.agent.accept(from_channel(&session("a"), &["yes"])).await;
    assert!(matches!(repeated, Ok(Accepted::Duplicate { .. })), "{repeated:?}");
    assert!(fixture.agent.was_approved(&session("a"), "effect").await.unwrap());
    assert!(!fixture.agent.was_approved(&session("a"), "other").await.unwrap());
    assert_eq!(fixture.agent.ask(turn.run, new).await.unwrap().answer, Some(Answer::Approved));
}

#[tokio::test]
async fn a_question_of_a_run_that_has_ended_is_withdrawn() {
    let fixture = Fixture::new().await;
    let id = accepted(&fixture, delivery(&session("a"), &["1"])).await;
    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    let (call_id, kind, tool) = ("c".to_owned(), QuestionKind::Question, "ask_user".to_owned());
    let new = NewQuestion { call_id, kind, text: "?".to_owned(), choices: vec![], tool, input: json!({}) };
    let asked = fixture.agent.ask(turn.run, new).await.unwrap();
    let end = FinishTurn { answer: answer(turn.run, 9), state: DeliveryState::Cancelled, ..finish(id, turn.run, 9) };
    fixture.agent.finish_turn(end).await.unwrap();
    assert_eq!(fixture.agent.open_questions(10).await.unwrap(), []);
    let late = fixture.agent.answer(asked.question.id, Answer::Approved).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    assert_eq!(fixture.agent.delete_session(&session("a")).await, Ok(true));
    assert_eq!(fixture.agent.question(asked.question.id).await.unwrap(), None);
}

#[tokio::test]
async fn tasks_below_one_run_are_counted_once_each() {
    let fixture = Fixture::new().await;
    let count = async |child: &str| fixture.agent.count_delegation(run_id_of_all(), &session(child), 2).await.unwrap();
    assert!(count("x").await && count("y").await && count("x").await);
    assert!(!count("z").await);
    assert!(count("y").await, "one that is counted stays counted");
}

fn run_id_of_all() -> RunId {
    "01900000-0000-7000-8000-000000000001".parse().unwrap()
}
