//! Tasks that one agent hands to another.

use crate::agents::Settings;
use crate::world::{World, limits, next_of, session};
use wingman_dispatch::{Cancelled, Limits, What};
use wingman_message::QueueMode::Queue;
use wingman_message::SessionKey;
use wingman_store::DeliveryState;

fn boss() -> Settings {
    Settings { delegates: vec!["planner"], ..Settings::default() }
}

/// One run at a time, so that a run that waits for another one must let it run.
async fn world() -> World {
    World::with(boss(), Limits { concurrent_runs: 1, ..limits() }).await
}

/// The session of the next task that is handed over.
async fn child_of(watch: &mut wingman_dispatch::Watch) -> SessionKey {
    next_of(watch, |event| match &event.what {
        What::Delegated { session, .. } => Some(session.clone()),
        _ => None,
    })
    .await
}

fn read_by_model(world: &World) -> String {
    format!("{:?}", world.script.asked.lock().unwrap().as_ref().unwrap().history)
}

#[tokio::test]
async fn a_task_is_done_by_the_other_agent_and_its_words_are_the_result() {
    let world = world().await;
    let mut watch = world.watch().await;
    world.asks("1", Queue, "do delegate:planner:do wait:w, say:the plan; say:done").await;
    let child = child_of(&mut watch).await;
    assert!(child.as_str().starts_with("agent:planner:delegate:main:"), "{child}");
    let mut below = world.dispatch.watch(&child, None).await.unwrap();
    world.script.release("w");
    let parent = next_of(&mut below, |event| event.parent.clone()).await;
    assert_eq!((&parent.session, parent.call_id.as_str(), parent.depth), (&session(), "c0", 1));
    assert_eq!(world.dispatch.parent_of(&child).await.unwrap(), Some((*parent).clone()));
    assert_eq!(world.answer_to("1").await, "done");
    assert!(read_by_model(&world).contains("output: \"the plan\""), "{}", read_by_model(&world));
}

#[tokio::test]
async fn a_parent_that_is_killed_waits_for_the_same_child_again() {
    let world = world().await;
    world.asks("1", Queue, "do delegate:planner:do effect:e, wait:w, say:the plan; say:done").await;
    world.script.reached("before:w").await;
    let world = world.killed_and_started().await;
    world.script.reached("before:w").await;
    let world = world.killed_and_started().await;
    world.script.release("w");
    assert_eq!(world.answer_to("1").await, "done");
    assert_eq!(world.script.times("e"), 1);
    assert!(read_by_model(&world).contains("output: \"the plan\""));
    let sessions = world.dispatch.list_sessions(None, None, 10, None).await.unwrap().sessions;
    assert_eq!(sessions.len(), 2, "{sessions:?}");
}

#[tokio::test]
async fn cancelling_a_parent_cancels_its_children_also_when_the_process_ends_meanwhile() {
    let world = world().await;
    let mut watch = world.watch().await;
    world.asks("1", Queue, "do delegate:planner:do delegate:planner:do wait:w; say:done").await;
    let child = child_of(&mut watch).await;
    let mut below = world.dispatch.watch(&child, None).await.unwrap();
    world.script.reached("before:w").await;
    assert_eq!(world.cancels("cli", "1").await, Cancelled::Running);
    assert_eq!(world.ended("1").await.0.state, DeliveryState::Cancelled);
    next_of(&mut below, |event| matches!(event.what, What::Failed { .. }).then_some(())).await;
    let planner = world.store.agent(child.agent()).await.unwrap();
    while !planner.unfinished().await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_disabled_agent_ends_the_task_that_it_has_and_is_handed_no_other() {
    let mut world = world().await;
    world.asks("1", Queue, "do delegate:planner:do wait:w, say:the plan; say:done").await;
    world.script.reached("before:w").await;
    world.settings.disabled = vec!["planner"];
    let world = world.killed_and_started().await;
    world.script.release("w");
    assert_eq!(world.answer_to("1").await, "done");
    assert!(read_by_model(&world).contains("output: \"the plan\""), "{}", read_by_model(&world));

    world.asks("2", Queue, "do delegate:planner:say:another plan; say:done").await;
    assert_eq!(world.answer_to("2").await, "done");
    assert!(read_by_model(&world).contains("the agent `planner` is disabled"), "{}", read_by_model(&world));
}

#[tokio::test]
async fn tasks_are_bounded_in_depth_and_in_number() {
    let world = world().await;
    // The fourth is one too deep: the third child is told so.
    let deep = "do delegate:planner:do delegate:planner:do delegate:planner:do delegate:planner:do say:too deep";
    world.asks("1", Queue, deep).await;
    assert_eq!(world.answer_to("1").await, "the end");
    let sessions = world.dispatch.list_sessions(None, None, 20, None).await.unwrap().sessions;
    assert_eq!(sessions.len(), 4, "{sessions:?}");

    let task = "delegate:planner:do say:ok";
    world.asks("2", Queue, &format!("do {task}; {task}; {task}; {task}; {task}; say:done")).await;
    assert_eq!(world.answer_to("2").await, "done");
    assert!(read_by_model(&world).contains("at most 4 tasks may be handed over for one request"));
}
