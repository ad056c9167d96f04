//! Stories of what plugins keep: each for itself, within a quota, and still there after a restart.

use crate::fixture::Fixture;
use bytes::Bytes;
use std::os::unix::fs::PermissionsExt as _;
use wingman_message::{AccountName, PluginName, PluginScope, PluginStore as _, PluginStoreError};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn scope(plugin: &str, account: Option<&str>) -> PluginScope {
    let account = account.map(|account| AccountName::new(account).unwrap());
    PluginScope { plugin: PluginName::new(plugin).unwrap(), account }
}

#[tokio::test]
async fn values_outlive_a_restart_and_nobody_sees_anothers() {
    let fixture = Fixture::new().await;
    let own = scope("parlor", Some("sales"));
    fixture.store.gateway().set(&own, "cursor", Bytes::from_static(b"7"), 100).await.unwrap();

    let fixture = fixture.reopen().await;
    let store = fixture.store.gateway();
    assert_eq!(store.get(&own, "cursor").await.unwrap().as_deref(), Some(b"7".as_slice()));
    for other in [scope("parlor", None), scope("parlor", Some("other")), scope("other", Some("sales"))] {
        assert_eq!(store.get(&other, "cursor").await.unwrap(), None, "{other:?}");
        store.delete(&other, "cursor").await.unwrap();
    }
    assert!(store.get(&own, "cursor").await.unwrap().is_some());
    store.delete(&own, "cursor").await.unwrap();
    assert_eq!(store.get(&own, "cursor").await.unwrap(), None);
}

#[tokio::test]
async fn a_full_quota_refuses_and_changes_nothing_and_a_replaced_value_counts_once() {
    let fixture = Fixture::new().await;
    let (store, own) = (fixture.store.gateway(), scope("parlor", None));
    store.set(&own, "ab", Bytes::from_static(b"12345678"), 10).await.unwrap();
    let refused = store.set(&own, "c", Bytes::new(), 10).await;
    assert_eq!(refused, Err(PluginStoreError::Quota { quota: 10, wanted: 11 }));
    let refused = store.set(&own, "ab", Bytes::from_static(b"123456789"), 10).await;
    assert_eq!(refused, Err(PluginStoreError::Quota { quota: 10, wanted: 11 }));
    assert_eq!(store.get(&own, "ab").await.unwrap().as_deref(), Some(b"12345678".as_slice()));
    store.set(&own, "ab", Bytes::from_static(b"87654321"), 10).await.unwrap();
    store.set(&scope("other", None), "ab", Bytes::from_static(b"12345678"), 10).await.unwrap();
}

#[tokio::test]
async fn of_many_who_write_at_once_no_more_fit_than_the_quota_allows() {
    let fixture = Fixture::new().await;
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..20_u8 {
        let (store, own) = (fixture.store.gateway(), scope("parlor", None));
        writers
            .spawn(async move { store.set(&own, &char::from(b'a' + n).to_string(), Bytes::from_static(b"123456789"), 50).await });
    }
    let written = writers.join_all().await.into_iter().filter(Result::is_ok).count();
    assert_eq!(written, 5);
}

#[tokio::test]
async fn a_file_is_read_in_pieces_by_its_owner_alone() {
    let fixture = Fixture::new().await;
    let own = scope("parlor", Some("sales"));
    let content = Bytes::from_static(b"0123456789");
    let blob = fixture.store.gateway().write_blob(&own, "image/png", content, 15).await.unwrap();

    let fixture = fixture.reopen().await;
    let store = fixture.store.gateway();
    let info = store.blob(&own, &blob).await.unwrap();
    assert_eq!((info.media_type.as_str(), info.size), ("image/png", 10));
    assert_eq!(store.read_blob(&own, &blob, 0, 4).await.unwrap(), b"0123".as_slice());
    assert_eq!(store.read_blob(&own, &blob, 8, 4).await.unwrap(), b"89".as_slice());
    assert_eq!(store.read_blob(&own, &blob, 99, 4).await.unwrap(), b"".as_slice());
    for (scope, id) in [(scope("parlor", None), blob.as_str()), (own.clone(), "../gateway.db"), (own.clone(), "")] {
        assert_eq!(store.read_blob(&scope, id, 0, 4).await, Err(PluginStoreError::NoBlob), "{scope:?} {id:?}");
    }
    let folder = fixture.folder.path().join("state/blobs");
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(folder.join(&blob).metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let refused = store.write_blob(&own, "image/png", Bytes::from_static(b"123456"), 15).await;
    assert_eq!(refused, Err(PluginStoreError::Quota { quota: 15, wanted: 16 }));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "a refused file leaves nothing behind");
}

#[tokio::test]
async fn old_files_and_those_that_nothing_knows_are_swept_at_the_next_start() {
    let fixture = Fixture::new().await;
    let own = scope("parlor", None);
    let old = fixture.store.gateway().write_blob(&own, "text/plain", Bytes::from_static(b"old"), 100).await.unwrap();
    fixture.clock.advance_ms(20 * DAY_MS);
    let young = fixture.store.gateway().write_blob(&own, "text/plain", Bytes::from_static(b"young"), 100).await.unwrap();
    let folder = fixture.folder.path().join("state/blobs");
    std::fs::write(folder.join(".new-cut-off"), "half").unwrap();
    fixture.clock.advance_ms(11 * DAY_MS);

    let fixture = fixture.reopen().await;
    let store = fixture.store.gateway();
    assert_eq!(store.blob(&own, &old).await, Err(PluginStoreError::NoBlob));
    assert_eq!(store.read_blob(&own, &young, 0, 10).await.unwrap(), b"young".as_slice());
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [young.as_str()]);
}
