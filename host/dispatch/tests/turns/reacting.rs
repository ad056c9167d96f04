//! Reactions: by the outbox, before the reply, once, and only where somebody can see them.

use crate::world::World;
use std::sync::atomic::Ordering;
use wingman_message::QueueMode::Queue;
use wingman_message::{ChannelName, Inbound, InboundKind, Peer, PeerKind, Place, PluginFailure, Sender};

fn parlor() -> ChannelName {
    ChannelName::new("parlor").unwrap()
}

fn said(id: &str, text: &str) -> Inbound {
    Inbound {
        id: id.into(),
        kind: InboundKind::Message,
        place: Place { peer: Some(Peer { kind: PeerKind::Group, id: "7".into() }), ..Place::of(parlor()) },
        sender: Some(Sender { id: "ada".into(), name: None, is_bot: false }),
        text: text.into(),
        attachments: vec![],
        mentioned: true,
        reply_to: None,
        sent_at: None,
        facts: vec![],
        context: None,
    }
}

async fn hears(world: &World, id: &str, text: &str) {
    world.dispatch.channel(&parlor(), None, vec![said(id, text)]).await.unwrap();
}

/// The tools that the model was last offered.
fn offered(world: &World) -> Vec<String> {
    world.script.asked.lock().unwrap().as_ref().unwrap().tools.iter().map(|tool| tool.name.clone()).collect()
}

#[tokio::test]
async fn a_reaction_is_shown_while_the_run_goes_on_and_not_again_after_a_kill() {
    let world = World::new().await;
    world.network.types.store(true, Ordering::SeqCst);
    world.network.fails_to_react([PluginFailure::Temporary("the network is down".into())]);
    hears(&world, "m1", "do react:👍; wait:a; say:done").await;
    world.network.reacted(2).await;
    world.script.reached("before:a").await;
    assert!(offered(&world).contains(&"react".to_owned()));

    let world = world.killed_and_started().await;
    world.script.reached("before:a").await;
    world.script.release("a");
    world.network.finished(1).await;
    let reaction = ("m1".to_owned(), Some("👍".to_owned()));
    assert_eq!(world.network.reacted(2).await, [reaction.clone(), reaction], "one that failed, and one that did not");
}

#[tokio::test]
async fn what_the_network_refuses_for_good_is_forgotten_and_the_reply_comes() {
    let world = World::new().await;
    world.network.types.store(true, Ordering::SeqCst);
    world.network.fails_to_react([PluginFailure::Unsupported("no reactions".into())]);
    hears(&world, "m1", "do react:👍; say:done").await;
    assert_eq!(world.network.finished(1).await[0].markdown, "done");
    assert_eq!(world.network.reacted(1).await.len(), 1);
    assert!(world.dispatch.dead_letters(10, None).await.unwrap().is_empty());
}

#[tokio::test]
async fn where_nobody_could_see_a_reaction_the_tool_is_not_offered() {
    let world = World::new().await;
    hears(&world, "m1", "do react:👍; say:done").await;
    assert_eq!(world.network.finished(1).await[0].markdown, "done");
    assert!(!offered(&world).contains(&"react".to_owned()));

    world.network.types.store(true, Ordering::SeqCst);
    world.asks("1", Queue, "do react:👍; say:done").await;
    assert_eq!(world.answer_to("1").await, "done");
    assert!(!offered(&world).contains(&"react".to_owned()), "a client's message is on no network");
    assert!(world.network.reacted(0).await.is_empty());
}
