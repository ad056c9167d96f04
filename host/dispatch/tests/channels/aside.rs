//! What asks for no turn: what is said around the agent, and what is done to messages that came before.

use crate::network::Network;
use crate::stage::{Line, Stage, dm, parlor, room, said};
use std::sync::Arc;
use wingman_message::{Inbound, InboundKind, Sender};
use wingman_route::{Binding, Match, Router};

const ROOM: &str = "agent:main:parlor:group:7";

fn asked(id: &str, text: &str) -> Inbound {
    Inbound { mentioned: true, ..said(room("7"), id, text) }
}

fn amends(kind: InboundKind, id: &str, about: &str, text: &str) -> Inbound {
    Inbound { kind, reply_to: Some(about.to_owned()), ..said(room("7"), id, text) }
}

async fn replies(network: &Arc<Network>, count: usize) -> Vec<String> {
    network.finished(count).await.into_iter().map(|sent| sent.markdown).collect()
}

#[tokio::test]
async fn what_is_said_around_the_agent_comes_with_the_next_message_that_is_to_it() {
    let stage = Stage::new().await;
    let bot = Sender { id: "b".into(), name: Some("Beeper".into()), is_bot: true };
    stage.hears(vec![said(room("7"), "1", "what a day")]).await;
    stage.hears(vec![Inbound { mentioned: true, sender: Some(bot), ..said(room("7"), "2", "beep") }]).await;
    stage.hears(vec![said(room("7"), "3", "  ")]).await;
    let stage = stage.killed_and_started().await;
    stage.exchange(asked("4", "agent, help"), "Here.").await;
    assert_eq!(replies(&stage.network, 1).await, ["Here."]);
    let heard = "Said and done here since the last turn, and not to you:\n- Ada: what a day\n- Beeper (a bot): beep";
    assert_eq!(stage.users_said(ROOM).await, [heard, "agent, help"]);
}

#[tokio::test]
async fn a_binding_can_keep_what_is_said_around_the_agent_from_it() {
    let stage = Stage::new().await;
    let matches = Match { channel: parlor(), account: None, guild: None, team: None, peer: None };
    let agent = stage.dispatch.default_agent();
    let binding = Binding { agent: agent.clone(), matches, context: false };
    let router = Router::new(agent.clone(), vec![binding], wingman_message::DmScope::Main);
    stage.dispatch.replace_agents(std::collections::HashMap::new(), &[agent], router).await.unwrap();
    stage.hears(vec![said(room("7"), "1", "what a day")]).await;
    stage.exchange(asked("2", "agent, help"), "Here.").await;
    assert_eq!(replies(&stage.network, 1).await, ["Here."]);
    assert_eq!(stage.users_said(ROOM).await, ["agent, help"]);
}

#[tokio::test]
async fn an_edit_changes_what_waits_and_a_deletion_cancels_it() {
    let stage = Stage::new().await;
    // The first is being answered for as long as nothing is said.
    stage.hears(vec![asked("1", "one")]).await;
    stage.hears(vec![asked("2", "two")]).await;
    stage.hears(vec![asked("3", "three")]).await;
    stage.hears(vec![amends(InboundKind::Deletion, "d", "2", ""), amends(InboundKind::Edit, "e", "3", "drei")]).await;
    stage.speaks([Line::Says("One."), Line::Ends, Line::Says("Three."), Line::Ends]);
    assert_eq!(replies(&stage.network, 2).await, ["One.", "Three."]);
    assert_eq!(stage.users_said(ROOM).await, ["one", "drei"]);
}

#[tokio::test]
async fn of_what_is_done_to_answered_messages_no_run_starts_and_the_next_one_is_told() {
    let stage = Stage::new().await;
    stage.exchange(asked("1", "meet at five?"), "At five.").await;
    let reply = stage.network.finished(1).await.remove(0);
    let shown = reply.previous.first().cloned().unwrap_or_else(|| format!("m-{}", stage.network.sent().len()));
    while stage.undelivered(&room("7")).await {
        tokio::task::yield_now().await;
    }
    let amendments = || {
        vec![
            amends(InboundKind::Edit, "e", "1", "meet at six?"),
            amends(InboundKind::Reaction, "r", &shown, "👎"),
            amends(InboundKind::Reaction, "x", "unknown", "👍"),
        ]
    };
    stage.hears(amendments()).await;
    stage.hears(amendments()).await;
    stage.exchange(asked("2", "and now?"), "At six.").await;
    assert_eq!(replies(&stage.network, 2).await, ["At five.", "At six."]);
    let said = stage.users_said(ROOM).await;
    let lines: Vec<&str> = said[1].lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "- Ada edited an earlier message (\"meet at five?\"); it now reads: meet at six?",
            "- Ada reacted with 👎 to a message of yours (\"At five.\")",
        ]
    );
    assert_eq!(said[2..], ["and now?"]);
}

#[tokio::test]
async fn words_of_a_bot_are_overheard_and_no_more() {
    let stage = Stage::new().await;
    let bot = Sender { id: "b".into(), name: None, is_bot: true };
    stage.hears(vec![Inbound { sender: Some(bot), ..said(dm("bot"), "1", "beep") }]).await;
    stage.exchange(said(dm("ada"), "2", "hello"), "Hi.").await;
    assert_eq!(replies(&stage.network, 1).await, ["Hi."]);
    let heard = "Said and done here since the last turn, and not to you:\n- b (a bot): beep";
    assert_eq!(stage.users_said("agent:main:main").await, [heard, "hello"]);
}
