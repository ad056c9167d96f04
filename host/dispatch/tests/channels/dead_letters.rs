//! What failed for good, and what a person can do about it.

use crate::stage::{Stage, dm, said};
use std::sync::atomic::Ordering;
use wingman_dispatch::{DeadLetterKind, Refused, WebhookPost};
use wingman_message::{DeliveryId, Header, PluginFailure, WebhookId};

#[tokio::test]
async fn a_reply_that_can_never_be_delivered_is_a_dead_letter_and_holds_up_no_other() {
    let stage = Stage::new().await;
    stage.network.fails([PluginFailure::Permanent("the room is gone".into())]);
    stage.exchange(said(dm("ada"), "1", "one"), "One.").await;
    stage.network.finished(1).await;
    stage.exchange(said(dm("ada"), "2", "two"), "Two.").await;
    assert_eq!(stage.network.finished(2).await[1].markdown, "Two.");
    let letters = stage.dispatch.dead_letters(10, None).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("the room is gone"), "{}", letters[0].reason);
    let DeadLetterKind::Reply { place, markdown, attempts } = &letters[0].kind else { panic!("{letters:?}") };
    assert_eq!((place, markdown.as_str(), *attempts), (&dm("ada"), "One.", 1));
}

#[tokio::test]
async fn a_dead_letter_survives_a_restart_and_is_delivered_when_a_person_says_so() {
    let stage = Stage::new().await;
    stage.network.fails([PluginFailure::Unauthorized("the token was revoked".into())]);
    stage.exchange(said(dm("ada"), "1", "one"), "One.").await;
    stage.network.finished(1).await;
    let stage = stage.killed_and_started().await;
    let letter = stage.dispatch.dead_letters(10, None).await.unwrap().remove(0).delivery;
    stage.dispatch.redeliver(letter).await.unwrap();
    let sent = stage.network.finished(2).await;
    assert_eq!((&sent[0].id, sent[1].markdown.as_str()), (&sent[1].id, "One."));
    assert!(stage.dispatch.dead_letters(10, None).await.unwrap().is_empty());
    let unknown = stage.dispatch.redeliver(DeliveryId::new(1)).await;
    assert!(matches!(unknown, Err(Refused::UnknownLetter(_))), "{unknown:?}");
}

#[tokio::test]
async fn a_component_that_crashes_on_a_reply_is_asked_three_times() {
    let stage = Stage::new().await;
    stage.network.fails(vec![PluginFailure::Trapped("unreachable".into()); 3]);
    stage.exchange(said(dm("ada"), "1", "one"), "One.").await;
    stage.network.finished(3).await;
    stage.exchange(said(dm("ada"), "2", "two"), "Two.").await;
    assert_eq!(stage.network.finished(4).await[3].markdown, "Two.");
    let letter = stage.dispatch.dead_letters(10, None).await.unwrap().remove(0).delivery;
    stage.dispatch.discard(letter).await.unwrap();
    assert!(matches!(stage.dispatch.discard(letter).await, Err(Refused::UnknownLetter(_))));
}

#[tokio::test]
async fn a_webhooks_delivery_is_read_again_with_its_headers_once_the_preset_is_mended() {
    let stage = Stage::new().await;
    let webhook = stage.dispatch.webhooks().find(&WebhookId::new("plain").unwrap()).await.unwrap().unwrap();
    let headers = vec![Header { name: "x-kind".into(), value: "push".into() }];
    let post = WebhookPost { content_type: "application/json".into(), headers, body: "{}".into() };
    stage.network.presets_fail.store(true, Ordering::SeqCst);
    *stage.network.messages.lock().unwrap() = vec![said(dm("ada"), "1", "pushed")];
    assert!(matches!(stage.dispatch.webhook(webhook, post).await, Err(Refused::Plugin(_))));
    let letter = stage.dispatch.dead_letters(10, None).await.unwrap().remove(0).delivery;

    assert!(stage.dispatch.redeliver(letter).await.is_err());
    assert_eq!(stage.dispatch.dead_letters(10, None).await.unwrap().len(), 1, "it is neither lost nor doubled");

    stage.network.presets_fail.store(false, Ordering::SeqCst);
    stage.dispatch.redeliver(letter).await.unwrap();
    assert!(stage.dispatch.dead_letters(10, None).await.unwrap().is_empty());
    stage.speaks([crate::stage::Line::Ends]);
    while stage.users_said("agent:main:webhook:plain").await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.users_said("agent:main:webhook:plain").await, ["pushed"]);
}
