//! What a request does in a busy session.

use crate::agents::Settings;
use crate::world::{World, end_of, limits, next_of, session};
use std::sync::atomic::Ordering;
use std::time::Duration;
use wingman_dispatch::{Cancelled, Refused, Submitted, What};
use wingman_message::QueueMode::{self, Collect, Interrupt, Queue, Reject, Steer};
use wingman_message::{ClientId, MessageStatus, RequestId};
use wingman_store::DeliveryState;

#[tokio::test]
async fn a_steer_joins_the_run_behind_the_tools_result_and_ends_with_it() {
    let world = World::new().await;
    let mut watch = world.watch().await;
    world.asks("1", Queue, "do wait:w; heard").await;
    world.script.reached("before:w").await;
    assert_eq!(world.asks("2", Steer, "rather blue").await, 1);
    world.script.release("w");

    let (into, steered) = next_of(&mut watch, |event| match &event.what {
        What::Joined { into, steered, .. } => Some((into.clone(), *steered)),
        _ => None,
    })
    .await;
    assert_eq!((into, steered), (Some(RequestId::new("1").unwrap()), true));
    let What::Completed { answer, .. } = end_of(&mut watch, "1").await else { panic!("not completed") };
    let What::JoinedEnded { answer: Some(joined), error: None, .. } = end_of(&mut watch, "2").await else {
        panic!("not ended with it")
    };
    assert_eq!((answer.content.as_str(), joined.id), ("rather blue", answer.id));
    assert_eq!(world.users_said().await, ["do wait:w; heard", "rather blue"]);

    // What was said into the run stands in its place, once, for the turns to come.
    world.asks("3", Queue, "do heard").await;
    world.answer_to("3").await;
    let asked = world.script.asked.lock().unwrap().take().unwrap();
    let said = format!("{:?}", asked.history);
    assert_eq!(said.matches("text: \"rather blue\", attachments").count(), 1, "{said}");
}

#[tokio::test]
async fn a_steer_that_comes_too_late_has_a_turn_of_its_own() {
    let world = World::new().await;
    world.script.hang_at(&["model:0"]);
    world.asks("1", Queue, "do say:late").await;
    world.script.reached("model:0").await;
    world.asks("2", Steer, "do say:own").await;
    let world = world.killed_and_started().await;
    assert_eq!((world.answer_to("1").await, world.answer_to("2").await), ("late".into(), "own".into()));
}

#[tokio::test]
async fn who_missed_the_end_of_a_request_that_joined_is_told_of_it_later() {
    let world = World::new().await;
    let before = world.watch().await.seq();
    world.asks("1", Queue, "do wait:w; heard").await;
    world.script.reached("before:w").await;
    world.asks("2", Steer, "rather blue").await;
    world.script.release("w");
    world.answer_to("2").await;
    let mut late = world.dispatch.watch(&session(), Some(before)).await.unwrap();
    let end = end_of(&mut late, "2").await;
    assert!(matches!(&end, What::JoinedEnded { answer: Some(answer), .. } if answer.content == "rather blue"), "{end:?}");
}

#[tokio::test]
async fn what_collects_is_merged_into_one_turn_also_after_a_restart() {
    let world = World::new().await;
    world.asks("0", Queue, "do wait:w; say:first").await;
    world.script.reached("before:w").await;
    for id in ["1", "2", "3"] {
        world.asks(id, Collect, &format!("part {id}")).await;
    }
    let world = world.killed_and_started().await;
    let mut watch = world.watch().await;
    world.script.release("w");
    let What::Completed { answer, .. } = end_of(&mut watch, "1").await else { panic!("not completed") };
    for id in ["2", "3"] {
        let end = end_of(&mut watch, id).await;
        assert!(matches!(&end, What::JoinedEnded { answer: Some(joined), .. } if joined.id == answer.id), "{end:?}");
        let again = world.submit("cli", id, Some(Collect), &format!("part {id}")).await.unwrap();
        assert!(matches!(&again, Submitted::Finished(What::Completed { answer: same, .. }) if same.id == answer.id), "{again:?}");
    }
    let asked = world.script.asked.lock().unwrap().take().unwrap();
    let said = format!("{:?}", asked.history);
    let places: Vec<_> = ["part 1", "part 2", "part 3"].map(|part| said.find(part).unwrap()).into();
    assert!(places.is_sorted(), "{said}");
}

#[tokio::test]
async fn an_interruption_stops_the_run_keeps_its_words_and_is_next() {
    let world = World::new().await;
    world.asks("1", Queue, "do So far +wait:w; say:never").await;
    world.script.reached("before:w").await;
    world.asks("2", Queue, "do say:waited").await;
    assert_eq!(world.asks("3", Interrupt, "do say:at once").await, 1);
    assert_eq!(world.answer_to("3").await, "at once");
    assert_eq!(world.answer_to("2").await, "waited");
    let (record, words) = world.ended("1").await;
    assert_eq!((record.state, words.as_str()), (DeliveryState::Cancelled, "So far "));
    let statuses: Vec<_> = world.messages().await.iter().map(|message| message.status).collect();
    assert_eq!(statuses[1], MessageStatus::Cancelled);
    let order: Vec<_> = world.users_said().await;
    assert_eq!(order, ["do So far +wait:w; say:never", "do say:at once", "do say:waited"]);
}

#[tokio::test]
async fn a_rejected_request_and_one_too_many_leave_nothing_behind() {
    let world = World::new().await;
    world.asks("0", Queue, "do wait:w; say:done").await;
    world.script.reached("before:w").await;
    let refused = world.submit("cli", "no", Some(Reject), "now").await;
    assert!(matches!(refused, Err(Refused::SessionBusy)), "{refused:?}");
    for n in 1..10 {
        world.asks(&n.to_string(), Queue, "do say:ok").await;
    }
    for mode in [Queue, Steer, Collect, Interrupt] {
        let refused = world.submit("cli", "more", Some(mode), "do say:more").await;
        assert!(matches!(refused, Err(Refused::QueueFull { queued: 10 })), "{refused:?}");
    }
    assert_eq!(world.record("0").await.state, DeliveryState::Running, "a refused interruption stops nothing");
    world.script.release("w");
    world.answer_to("9").await;
    assert_eq!(world.users_said().await.len(), 10);
    let agent = world.store.agent(session().agent()).await.unwrap();
    let gone = agent.delivery_by_request(&ClientId::new("cli").unwrap(), &RequestId::new("more").unwrap()).await.unwrap();
    assert_eq!(gone, None);
}

#[tokio::test]
async fn the_agents_own_mode_counts_where_a_request_names_none() {
    let world = World::with(Settings { queue_mode: QueueMode::Reject, ..Settings::default() }, limits()).await;
    world.submit("cli", "1", None, "do wait:w; say:done").await.unwrap();
    world.script.reached("before:w").await;
    let refused = world.submit("cli", "2", None, "now").await;
    assert!(matches!(refused, Err(Refused::SessionBusy)), "{refused:?}");
    assert_eq!(world.asks("3", Queue, "do say:patient").await, 1);
    world.script.release("w");
    assert_eq!(world.answer_to("3").await, "patient");
}

#[tokio::test]
async fn whoever_cancels_stops_its_own_request_in_every_state() {
    let world = World::new().await;
    // Joined: it ends, the run goes on.
    world.asks("1", Queue, "do wait:a; wait:b; say:on").await;
    world.script.reached("before:a").await;
    world.asks("2", Steer, "aside").await;
    world.script.release("a");
    world.script.reached("before:b").await;
    assert_eq!(world.cancels("other", "2").await, Cancelled::Foreign);
    assert_eq!(world.cancels("cli", "2").await, Cancelled::Running);
    assert_eq!(world.record("2").await.state, DeliveryState::Cancelled);
    // Waiting to join.
    world.asks("3", Steer, "never said").await;
    assert_eq!(world.cancels("cli", "3").await, Cancelled::Queued);
    // In a tool.
    assert_eq!(world.cancels("cli", "1").await, Cancelled::Running);
    assert_eq!(world.ended("1").await.0.state, DeliveryState::Cancelled);
    // In the model.
    world.script.hang_at(&["model:0"]);
    world.script.forget_places();
    world.asks("4", Queue, "do say:never").await;
    world.script.reached("model:0").await;
    assert_eq!(world.cancels("cli", "4").await, Cancelled::Running);
    assert_eq!(world.ended("4").await.0.state, DeliveryState::Cancelled);
    assert_eq!(world.cancels("cli", "4").await, Cancelled::NotFound);
    assert!(!world.users_said().await.contains(&"never said".to_owned()));
}

#[tokio::test]
async fn a_sessions_task_that_crashes_is_found_again_at_once() {
    let world = World::new().await;
    world.asks("1", Queue, "do wait:w; say:one").await;
    world.script.reached("before:w").await;
    world.asks("2", Queue, "do say:two").await;
    // The task asks the agent what it is where it begins the second turn.
    world.breaks.store(true, Ordering::SeqCst);
    world.script.release("w");
    assert_eq!(world.answer_to("2").await, "two");
    assert!(!world.breaks.load(Ordering::SeqCst), "nothing broke");
    assert_eq!(world.answer_to("1").await, "one");
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_run_that_waits_for_a_person() {
    let world = World::new().await;
    let mut watch = world.watch().await;
    world.asks("1", Queue, "do ask:Which?; say:done").await;
    next_of(&mut watch, |event| matches!(event.what, What::Asked(_)).then_some(())).await;
    tokio::time::timeout(Duration::from_secs(20), world.dispatch.shut_down(Duration::from_secs(3600))).await.unwrap();
}
