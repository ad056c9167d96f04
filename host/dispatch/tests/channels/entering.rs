//! Messages that come in: once, for the right conversation, from people, and durable before anybody is told.

use crate::stage::{Line, Stage, dm, parlor, room, said};
use std::sync::atomic::Ordering;
use wingman_dispatch::Refused;
use wingman_message::{ChannelName, Header, HttpRequest, Inbound, Intake as _, Sender, UnverifiedRequest, WebhookId};

fn request(signature: &str) -> UnverifiedRequest {
    let headers = vec![Header { name: "x-signature".into(), value: signature.into() }];
    let request = HttpRequest { method: "POST".into(), url: "/".into(), headers, body: "challenge".into() };
    UnverifiedRequest { request, received_at: 0 }
}

#[tokio::test]
async fn a_message_is_answered_where_it_came_from() {
    let stage = Stage::new().await;
    stage.exchange(said(dm("ada"), "1", "hello"), "Hello, Ada.").await;
    let sent = stage.network.finished(1).await.remove(0);
    assert_eq!((sent.place, sent.reply_to.as_deref()), (dm("ada"), Some("1")));
    assert_eq!((sent.markdown.as_str(), sent.context.as_deref()), ("Hello, Ada.", Some("context of 1")));
}

#[tokio::test]
async fn the_same_message_again_is_answered_once() {
    let stage = Stage::new().await;
    let message = || said(dm("ada"), "1", "hello");
    stage.exchange(message(), "Hello.").await;
    stage.network.finished(1).await;
    stage.hears(vec![message()]).await;
    let stage = stage.killed_and_started().await;
    stage.dispatch.take(&parlor(), None, vec![message(), message()]).await.unwrap();
    stage.exchange(said(dm("ada"), "2", "more"), "More.").await;
    let sent: Vec<_> = stage.network.finished(2).await.into_iter().map(|sent| sent.markdown).collect();
    assert_eq!(sent, ["Hello.", "More."]);
}

#[tokio::test]
async fn what_came_together_is_one_turn_for_each_conversation() {
    let stage = Stage::new().await;
    stage.hears(vec![said(dm("ada"), "1", "hello"), said(dm("bob"), "2", "hi"), said(dm("ada"), "3", "are you there?")]).await;
    stage.speaks([Line::Says("One."), Line::Ends, Line::Says("Two."), Line::Ends]);
    let sent = stage.network.finished(2).await;
    // Both are direct messages of the agent's main session; each answer goes to whom it is for.
    let to = |person: &str| sent.iter().find(|sent| sent.place == dm(person)).unwrap().clone();
    assert_eq!((to("ada").reply_to.as_deref(), to("ada").markdown.as_str()), (Some("3"), "One."));
    assert_eq!((to("bob").reply_to.as_deref(), to("bob").markdown.as_str()), (Some("2"), "Two."));
    assert_eq!(stage.users_said("agent:main:main").await, ["hello", "are you there?", "hi"]);
}

#[tokio::test]
async fn in_a_room_only_what_is_said_to_the_agent_and_by_a_person_is_answered() {
    let stage = Stage::new().await;
    let bot = Sender { id: "b".into(), name: None, is_bot: true };
    stage
        .hears(vec![
            said(room("7"), "1", "what a day"),
            Inbound { mentioned: true, sender: Some(bot.clone()), ..said(room("7"), "2", "beep") },
            Inbound { sender: Some(bot), ..said(dm("bot"), "3", "beep") },
            Inbound { mentioned: true, ..said(room("7"), "4", "agent, help") },
        ])
        .await;
    stage.speaks([Line::Says("Here."), Line::Ends]);
    assert_eq!(stage.network.finished(1).await[0].reply_to.as_deref(), Some("4"));
    assert_eq!(stage.users_said("agent:main:parlor:group:7").await.last().unwrap(), "agent, help");
    assert_eq!(stage.users_said("agent:main:main").await, [""; 0]);
}

#[tokio::test]
async fn a_full_queue_is_an_error_and_not_a_loss() {
    let stage = Stage::new().await;
    for n in 0..10 {
        stage.hears(vec![said(dm("ada"), &n.to_string(), "again")]).await;
    }
    let refused = stage.dispatch.take(&parlor(), None, vec![said(dm("ada"), "late", "again")]).await;
    assert!(refused.unwrap_err().to_string().contains("already wait"));
}

#[tokio::test]
async fn a_request_is_answered_once_its_messages_are_durable_and_its_signature_is_remembered_then() {
    let stage = Stage::new().await;
    *stage.network.messages.lock().unwrap() = vec![said(dm("ada"), "1", "hello")];
    let refused = stage.dispatch.channel_request(&parlor(), None, request("forged")).await;
    assert!(matches!(refused, Err(Refused::Unverified(_))), "{refused:?}");
    let elsewhere = ChannelName::new("nowhere").unwrap();
    let refused = stage.dispatch.channel_request(&elsewhere, None, request("the channel's")).await;
    assert!(matches!(refused, Err(Refused::NoEntrance(_))), "{refused:?}");
    assert_eq!(stage.network.committed.load(Ordering::SeqCst), 0);

    let reply = stage.dispatch.channel_request(&parlor(), None, request("the channel's")).await.unwrap();
    assert_eq!((reply.status, &reply.body[..]), (200, b"challenge".as_slice()));
    assert_eq!(stage.network.committed.load(Ordering::SeqCst), 1);
    let stage = stage.killed_and_started().await;
    stage.speaks([Line::Says("Hello."), Line::Ends]);
    assert_eq!(stage.network.finished(1).await[0].reply_to.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_signature_that_was_not_made_durable_may_be_used_again() {
    let stage = Stage::new().await;
    for n in 0..10 {
        stage.hears(vec![said(dm("ada"), &n.to_string(), "again")]).await;
    }
    *stage.network.messages.lock().unwrap() = vec![said(dm("ada"), "late", "hello")];
    let refused = stage.dispatch.channel_request(&parlor(), None, request("the channel's")).await;
    assert!(matches!(refused, Err(Refused::QueueFull { .. })), "{refused:?}");
    assert_eq!(stage.network.committed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_webhook_whose_preset_has_rules_is_verified_with_its_own_secret() {
    let stage = Stage::new().await;
    let find = async |id: &str| stage.dispatch.webhooks().find(&WebhookId::new(id).unwrap()).await.unwrap().unwrap();
    let mut webhook = find("signed").await;
    assert!(stage.dispatch.has_rules(&webhook) && !stage.dispatch.has_rules(&find("plain").await));
    *stage.network.messages.lock().unwrap() = vec![said(dm("ada"), "1", "pushed")];
    let refused = stage.dispatch.signed_webhook(webhook.clone(), request("forged")).await;
    assert!(matches!(refused, Err(Refused::Unverified(_))), "{refused:?}");
    let accepted = stage.dispatch.signed_webhook(webhook.clone(), request("signed with this")).await.unwrap();
    assert_eq!((accepted.messages, stage.network.committed.load(Ordering::SeqCst)), (1, 1));

    webhook.webhook.secret = None;
    let refused = stage.dispatch.signed_webhook(webhook, request("signed with this")).await.unwrap_err();
    assert!(refused.to_string().contains("set the webhook's secret again"), "{refused}");
}
