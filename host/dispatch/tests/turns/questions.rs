//! Questions: the run waits, durably, and holds nothing that others could use.

use crate::agents::Settings;
use crate::world::{World, end_of, limits, next_of, session};
use std::collections::BTreeMap;
use std::sync::Arc;
use wingman_dispatch::{Cancelled, Limits, QuestionReply, Refused, Watch, What};
use wingman_message::QueueMode::Queue;
use wingman_message::{
    Answer, Approval, ChannelName, Inbound, InboundKind, Peer, PeerKind, Place, Question, QuestionKind, Sender,
};
use wingman_store::DeliveryState;

fn says(text: &str) -> QuestionReply {
    QuestionReply { answer: Some(text.into()), approve: None, reason: None }
}

fn approves(approve: bool, reason: Option<&str>) -> QuestionReply {
    QuestionReply { answer: None, approve: Some(approve), reason: reason.map(str::to_owned) }
}

async fn asked(watch: &mut Watch) -> Arc<Question> {
    next_of(watch, |event| match &event.what {
        What::Asked(question) => Some(Arc::clone(question)),
        What::Snapshot(snapshot) => snapshot.question.clone(),
        _ => None,
    })
    .await
}

fn careful(approval: Approval) -> Settings {
    Settings { approval: BTreeMap::from([("effect".to_owned(), approval)]), ..Settings::default() }
}

/// The results that the model read last.
fn read_by_model(world: &World) -> String {
    format!("{:?}", world.script.asked.lock().unwrap().as_ref().unwrap().history)
}

#[tokio::test]
async fn a_question_outlives_the_process_and_is_answered_once() {
    // One run at a time: a run that waits is none of them.
    let world = World::with(Settings::default(), Limits { concurrent_runs: 1, ..limits() }).await;
    let mut watch = world.watch().await;
    world.asks("1", Queue, "do choose:Which one?; say:thanks").await;
    let question = asked(&mut watch).await;
    assert_eq!((question.asked.text.as_str(), question.asked.choices.len()), ("Which one?", 2));
    // More often than a run may be taken up that kills the process.
    let mut world = world;
    for _ in 0..12 {
        world = world.killed_and_started().await;
        let mut watch = world.watch().await;
        assert_eq!(asked(&mut watch).await.id, question.id, "it is asked again, and is in the snapshot");
    }
    assert_eq!(world.dispatch.open_questions(10).await.unwrap(), [(*question).clone()]);

    let wrong = world.dispatch.answer(&session(), question.id, approves(true, None)).await;
    assert!(matches!(wrong, Err(Refused::Invalid(_))), "{wrong:?}");
    let elsewhere = world.dispatch.answer(&"agent:main:other".parse().unwrap(), question.id, says("Blue")).await;
    assert!(matches!(elsewhere, Err(Refused::UnknownQuestion(_))), "{elsewhere:?}");
    let mut watch = world.watch().await;
    world.dispatch.answer(&session(), question.id, says("Blue")).await.unwrap();
    let second = world.dispatch.answer(&session(), question.id, says("Red")).await;
    assert!(matches!(second, Err(Refused::Answered(_))), "{second:?}");
    let answer = next_of(&mut watch, |event| match &event.what {
        What::Answered { answer, .. } => Some(answer.clone()),
        _ => None,
    });
    assert_eq!(answer.await, Answer::Text { text: "Blue".into() });
    assert_eq!(world.answer_to("1").await, "thanks");
    assert!(read_by_model(&world).contains("output: \"Blue\""));
    assert!(world.dispatch.open_questions(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_came_just_before_a_kill_is_not_asked_for_again() {
    let world = World::new().await;
    let mut watch = world.watch().await;
    world.asks("1", Queue, "do ask:Which?; say:thanks").await;
    let question = asked(&mut watch).await;
    world.script.hang_at(&["model:1"]);
    world.dispatch.answer(&session(), question.id, says("Any")).await.unwrap();
    let world = world.killed_and_started().await;
    assert_eq!(world.answer_to("1").await, "thanks");
    assert!(read_by_model(&world).contains("output: \"Any\""));
}

#[tokio::test]
async fn others_run_while_one_waits_and_its_time_stands_still() {
    let world = World::with(Settings::default(), Limits { concurrent_runs: 1, run_seconds: 2, ..limits() }).await;
    let mut watch = world.watch().await;
    world.asks("1", Queue, "do ask:Which?; say:thanks").await;
    let question = asked(&mut watch).await;
    let other = "agent:main:other".parse().unwrap();
    let mut elsewhere = world.dispatch.watch(&other, None).await.unwrap();
    world.in_session(&other, "2", "do say:meanwhile").await;
    assert!(matches!(end_of(&mut elsewhere, "2").await, What::Completed { .. }));
    // Longer than the run may take: the wait is what is tested.
    tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
    world.dispatch.answer(&session(), question.id, says("Any")).await.unwrap();
    assert_eq!(world.answer_to("1").await, "thanks");
}

#[tokio::test]
async fn cancelling_works_while_a_run_waits_and_nobody_can_answer_any_more() {
    let world = World::new().await;
    let mut watch = world.watch().await;
    world.asks("1", Queue, "do ask:Which?; say:thanks").await;
    let question = asked(&mut watch).await;
    assert_eq!(world.cancels("cli", "1").await, Cancelled::Running);
    assert_eq!(world.ended("1").await.0.state, DeliveryState::Cancelled);
    let late = world.dispatch.answer(&session(), question.id, says("Any")).await;
    assert!(matches!(late, Err(Refused::Answered(_))), "{late:?}");
    assert!(world.dispatch.open_questions(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_tool_that_needs_approval_is_called_once_it_has_it_and_never_without() {
    let world = World::with(careful(Approval::Always), limits()).await;
    let mut watch = world.watch().await;
    world.asks("1", Queue, "do effect:a; effect:b; say:done").await;
    let first = asked(&mut watch).await;
    assert_eq!((first.asked.kind, first.asked.tool.as_str()), (QuestionKind::Approval, "effect"));
    assert!(first.asked.text.contains("\"a\""), "{}", first.asked.text);
    let world = world.killed_and_started().await;
    let mut watch = world.watch().await;
    assert_eq!((world.script.times("a"), asked(&mut watch).await.id), (0, first.id));
    world.dispatch.answer(&session(), first.id, approves(true, None)).await.unwrap();
    let second = asked(&mut watch).await;
    assert_ne!(second.id, first.id, "each call is asked for");
    world.dispatch.answer(&session(), second.id, approves(false, Some("too dear"))).await.unwrap();
    assert_eq!(world.answer_to("1").await, "done");
    assert_eq!((world.script.times("a"), world.script.times("b")), (1, 0));
    assert!(read_by_model(&world).contains("did not approve this call; it was not made. The user says: too dear"));
}

#[tokio::test]
async fn a_tool_that_was_approved_in_a_session_is_not_asked_for_there_again() {
    let world = World::with(careful(Approval::Ask), limits()).await;
    let mut watch = world.watch().await;
    world.asks("1", Queue, "do effect:a; say:one").await;
    let question = asked(&mut watch).await;
    world.dispatch.answer(&session(), question.id, approves(true, None)).await.unwrap();
    world.answer_to("1").await;
    world.asks("2", Queue, "do effect:b; say:two").await;
    assert_eq!(world.answer_to("2").await, "two");
    assert_eq!(world.script.times("b"), 1);
}

fn parlor() -> ChannelName {
    ChannelName::new("parlor").unwrap()
}

fn room() -> Place {
    Place { peer: Some(Peer { kind: PeerKind::Group, id: "7".into() }), ..Place::of(parlor()) }
}

fn said(id: &str, by: &str, text: &str) -> Inbound {
    Inbound {
        id: id.into(),
        kind: InboundKind::Message,
        place: room(),
        sender: Some(Sender { id: by.into(), name: None, is_bot: false }),
        text: text.into(),
        attachments: vec![],
        mentioned: false,
        reply_to: None,
        sent_at: None,
        facts: vec![],
        context: None,
    }
}

#[tokio::test]
async fn on_a_chat_network_the_next_words_of_the_same_person_are_the_answer() {
    let world = World::new().await;
    let hears = async |world: &World, message: Inbound| world.dispatch.channel(&parlor(), None, vec![message]).await.unwrap();
    hears(&world, Inbound { mentioned: true, ..said("m1", "ada", "do choose:Which one?; heard") }).await;
    let sent = world.network.finished(1).await.remove(0);
    assert_eq!((sent.markdown.as_str(), sent.place.clone()), ("Which one?\n1. Red\n2. Blue", room()));
    assert_eq!(sent.reply_to.as_deref(), Some("m1"));
    let room_session = "agent:main:parlor:group:7".parse().unwrap();
    let question = world.dispatch.open_questions(10).await.unwrap().remove(0);
    assert_eq!(question.session, room_session);

    // It is not asked twice, and strangers do not answer it.
    let world = world.killed_and_started().await;
    hears(&world, said("m2", "eve", "1")).await;
    assert_eq!(world.dispatch.open_questions(10).await.unwrap().len(), 1);
    hears(&world, said("m3", "ada", "2")).await;
    let sent = world.network.finished(2).await;
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(read_by_model(&world).contains("output: \"Blue\""));
    // The network hands it over again: it is known.
    hears(&world, said("m3", "ada", "2")).await;
    let page = world.dispatch.messages(&room_session, 10, None).await.unwrap();
    assert_eq!(page.messages.len(), 2, "{:?}", page.messages);
}
