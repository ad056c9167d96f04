//! Stories of state that an earlier version wrote: files that version 1 of the schema made, with a row in every table.

use crate::fixture::{from_channel, main_agent, original, request, run_id, session};
use std::path::Path;
use std::sync::Arc;
use wingman_message::{DeliveryId, Origin, SystemClock, WebhookId};
use wingman_store::{Accepted, DeadLetterKind, DeliveryState, Original, Outgoing, Store};

pub(crate) async fn kept(folder: &Path) -> Store {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let agent = folder.join("agents/main");
    std::fs::create_dir_all(&agent).unwrap();
    std::fs::copy(data.join("agent-v1.db"), agent.join("agent.db")).unwrap();
    std::fs::copy(data.join("gateway-v1.db"), folder.join("gateway.db")).unwrap();
    Store::open(folder, Arc::new(SystemClock)).await.unwrap()
}

fn delivery_id(n: u8) -> DeliveryId {
    format!("01900000-0000-7000-8000-{n:012x}").parse().unwrap()
}

#[tokio::test]
async fn an_agents_state_of_version_1_is_whole_after_the_migration() {
    let folder = tempfile::tempdir().unwrap();
    let store = kept(folder.path()).await;
    let agent = store.agent(&main_agent()).await.unwrap();

    let answered = agent.delivery(delivery_id(1)).await.unwrap().unwrap();
    assert_eq!((answered.state, answered.ordinal), (DeliveryState::Done, 1));
    let waiting = agent.unfinished().await.unwrap();
    assert_eq!((waiting.len(), waiting[0].delivery), (1, delivery_id(2)));
    let webhook = WebhookId::new("w").unwrap();
    assert_eq!(waiting[0].origin, Origin::Webhook { webhook });
    let body = Original { headers: vec![], ..original("application/json", br#"{"n":2}"#.to_vec()) };
    assert_eq!(
        agent.original(delivery_id(2)).await.unwrap(),
        Some(body),
        "what refers to a delivery is not deleted with its table"
    );
    let letters = agent.dead_letters(10, None).await.unwrap();
    assert_eq!((letters.len(), letters[0].delivery, &letters[0].kind), (1, delivery_id(3), &DeadLetterKind::Inbound));
    assert!(agent.original(delivery_id(3)).await.unwrap().is_some());

    let history = agent.history(&session("a"), 10, run_id()).await.unwrap();
    assert_eq!((history.len(), history[1].1.len()), (2, 1), "messages and their journal are there");
    let replies = agent.outbox_pending(10).await.unwrap();
    let answer = Outgoing::Reply { markdown: "an answer".to_owned() };
    assert_eq!((replies.len(), replies[0].delivery, &replies[0].what), (1, delivery_id(1), &answer));
    let again = agent.accept(request(&session("a"), "laptop", "r1")).await.unwrap();
    assert!(matches!(again, Accepted::Duplicate { .. }), "a repeat is still a repeat: {again:?}");

    // The newest delivery of the old file was deleted; its number is not used again.
    let accepted = agent.accept(from_channel(&session("a"), &["new"])).await.unwrap();
    assert!(matches!(accepted, Accepted::New { ordinal: 5, .. }), "{accepted:?}");
    store.close().await;
    let file = rusqlite::Connection::open(folder.path().join("agents/main/agent.db")).unwrap();
    let count = |query: &str| file.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

#[tokio::test]
async fn foreign_keys_hold_after_the_migration() {
    let folder = tempfile::tempdir().unwrap();
    let store = kept(folder.path()).await;
    let agent = store.agent(&main_agent()).await.unwrap();
    assert!(agent.discard(delivery_id(3)).await.unwrap());
    assert_eq!(agent.original(delivery_id(3)).await.unwrap(), None, "a discarded letter takes its bytes with it");
    store.close().await;
    let file = rusqlite::Connection::open(folder.path().join("agents/main/agent.db")).unwrap();
    let left: i64 = file.query_row("SELECT count(*) FROM originals WHERE delivery = 3", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_webhook_of_version_1_has_its_hash_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let store = kept(folder.path()).await;
    let webhooks = store.gateway().list_webhooks().await.unwrap();
    assert_eq!((webhooks.len(), webhooks[0].secret_hash, webhooks[0].secret.is_none()), (1, [7; 32], true));
    assert_eq!(store.gateway().meta_get("cookie-key").await.unwrap().as_deref(), Some(b"key".as_slice()));
}
