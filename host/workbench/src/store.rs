//! What plugins keep, emptied before each call so that none depends on the one before.

use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use wingman_message::{BlobInfo, PluginScope, PluginStore, StoreResult};
use wingman_plugin::MemoryStore;

/// In front of the keys that a plugin chooses.
const GUEST_KEYS: &str = "plugin/";
/// Bytes that a fixture may put there.
const QUOTA: u64 = 64 * 1024 * 1024;

/// A memory that can be exchanged for an empty one.
#[derive(Debug, Default)]
pub(crate) struct FreshStore {
    // A std mutex: held to take or replace the pointer.
    now: Mutex<Arc<MemoryStore>>,
}

impl FreshStore {
    fn now(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets everything and keeps `state` instead.
    pub(crate) async fn begin(&self, scope: &PluginScope, state: &BTreeMap<String, String>) -> StoreResult<()> {
        let fresh = Arc::new(MemoryStore::default());
        for (key, value) in state {
            fresh.set(scope, &format!("{GUEST_KEYS}{key}"), Bytes::copy_from_slice(value.as_bytes()), QUOTA).await?;
        }
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// What the plugin keeps now, by its own keys.
    pub(crate) fn state(&self) -> BTreeMap<String, Bytes> {
        let values = self.now().values().into_iter();
        values.filter_map(|(_, key, value)| Some((key.strip_prefix(GUEST_KEYS)?.to_owned(), value))).collect()
    }
}

#[async_trait]
impl PluginStore for FreshStore {
    async fn get(&self, scope: &PluginScope, key: &str) -> StoreResult<Option<Bytes>> {
        self.now().get(scope, key).await
    }

    async fn set(&self, scope: &PluginScope, key: &str, value: Bytes, quota: u64) -> StoreResult<()> {
        self.now().set(scope, key, value, quota).await
    }

    async fn delete(&self, scope: &PluginScope, key: &str) -> StoreResult<()> {
        self.now().delete(scope, key).await
    }

    async fn write_blob(&self, scope: &PluginScope, media_type: &str, bytes: Bytes, quota: u64) -> StoreResult<String> {
        self.now().write_blob(scope, media_type, bytes, quota).await
    }

    async fn blob(&self, scope: &PluginScope, blob: &str) -> StoreResult<BlobInfo> {
        self.now().blob(scope, blob).await
    }

    async fn read_blob(&self, scope: &PluginScope, blob: &str, offset: u64, length: u32) -> StoreResult<Bytes> {
        self.now().read_blob(scope, blob, offset, length).await
    }
}
