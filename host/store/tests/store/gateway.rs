//! Stories of webhooks and settings.

use crate::fixture::{Fixture, main_agent, session};
use wingman_message::{PluginName, WebhookId};
use wingman_store::{StoreError, StoredWebhook};

fn webhook(id: &str) -> StoredWebhook {
    StoredWebhook {
        id: WebhookId::new(id).unwrap(),
        name: "Mail".to_owned(),
        agent: main_agent(),
        secret_hash: [7; 32],
        secret: Some("signed with this, 7 times".into()),
        enabled: true,
        preset: Some(PluginName::new("mail").unwrap()),
        session: Some(session("a")),
        event_label: Some("mail".to_owned()),
        allowed_ips: vec!["10.0.0.0/8".to_owned(), "::1/128".to_owned()],
        created_at: 1_000,
    }
}

#[tokio::test]
async fn webhooks_are_made_changed_listed_and_deleted() {
    let fixture = Fixture::new().await;
    let gateway = fixture.store.gateway();
    gateway.insert_webhook(webhook("b")).await.unwrap();
    gateway.insert_webhook(webhook("a")).await.unwrap();
    let taken = StoredWebhook { name: "other".to_owned(), ..webhook("a") };
    assert!(matches!(gateway.insert_webhook(taken).await, Err(StoreError::AlreadyThere(_))));
    let changed =
        StoredWebhook { enabled: false, preset: None, session: None, event_label: None, allowed_ips: vec![], ..webhook("b") };
    gateway.update_webhook(changed.clone()).await.unwrap();
    assert!(matches!(gateway.update_webhook(webhook("c")).await, Err(StoreError::NotFound(_))));

    let fixture = fixture.reopen().await;
    let gateway = fixture.store.gateway();
    assert_eq!(gateway.list_webhooks().await.unwrap(), [webhook("a"), changed.clone()]);
    assert_eq!(gateway.webhook(&changed.id).await.unwrap(), Some(changed.clone()));
    assert_eq!(gateway.delete_webhook(&changed.id).await, Ok(true));
    assert_eq!(gateway.delete_webhook(&changed.id).await, Ok(false));
    assert_eq!(gateway.webhook(&changed.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_webhook_shows_no_secret() {
    assert!(!format!("{:?}", webhook("a")).contains('7'));
}

#[tokio::test]
async fn of_many_who_make_a_key_at_once_all_get_the_same() {
    let fixture = Fixture::new().await;
    let makers: Vec<_> = (0..16u8)
        .map(|n| {
            let gateway = fixture.store.gateway();
            tokio::spawn(async move { gateway.meta_get_or_insert("key", &[n; 32]).await.unwrap() })
        })
        .collect();
    let mut got = Vec::new();
    for maker in makers {
        got.push(maker.await.unwrap());
    }
    assert!(got.iter().all(|key| *key == got[0]));
    let fixture = fixture.reopen().await;
    let gateway = fixture.store.gateway();
    assert_eq!(gateway.meta_get("key").await.unwrap().as_ref(), Some(&got[0]));
    gateway.meta_set("key", b"new").await.unwrap();
    assert_eq!(gateway.meta_get("key").await.unwrap().as_deref(), Some(b"new".as_slice()));
    assert_eq!(gateway.meta_get("none").await.unwrap(), None);
}
