//! What plugins keep, in memory alone: for trying a plugin without a gateway, and for tests.

use async_trait::async_trait;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use wingman_message::{BlobInfo, PluginScope, PluginStore, PluginStoreError, StoreResult};

/// A [`PluginStore`] that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    // A std mutex: held for a map operation, never across an await.
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    values: BTreeMap<(PluginScope, String), Bytes>,
    blobs: BTreeMap<(PluginScope, String), (String, Bytes)>,
    next_blob: u64,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All values of all scopes, with their whole keys.
    #[must_use]
    pub fn values(&self) -> Vec<(PluginScope, String, Bytes)> {
        self.lock().values.iter().map(|((scope, key), value)| (scope.clone(), key.clone(), value.clone())).collect()
    }
}

fn within(quota: u64, others: usize, size: usize) -> StoreResult<()> {
    let wanted = u64::try_from(others.saturating_add(size)).unwrap_or(u64::MAX);
    if wanted > quota { Err(PluginStoreError::Quota { quota, wanted }) } else { Ok(()) }
}

#[async_trait]
impl PluginStore for MemoryStore {
    async fn get(&self, scope: &PluginScope, key: &str) -> StoreResult<Option<Bytes>> {
        Ok(self.lock().values.get(&(scope.clone(), key.to_owned())).cloned())
    }

    async fn set(&self, scope: &PluginScope, key: &str, value: Bytes, quota: u64) -> StoreResult<()> {
        let mut kept = self.lock();
        let others = kept.values.iter().filter(|((own, name), _)| own == scope && name != key);
        within(quota, others.map(|((_, name), value)| name.len() + value.len()).sum(), key.len() + value.len())?;
        kept.values.insert((scope.clone(), key.to_owned()), value);
        Ok(())
    }

    async fn delete(&self, scope: &PluginScope, key: &str) -> StoreResult<()> {
        self.lock().values.remove(&(scope.clone(), key.to_owned()));
        Ok(())
    }

    async fn write_blob(&self, scope: &PluginScope, media_type: &str, bytes: Bytes, quota: u64) -> StoreResult<String> {
        let mut kept = self.lock();
        let others = kept.blobs.iter().filter(|((own, _), _)| own == scope).map(|(_, (_, bytes))| bytes.len()).sum();
        within(quota, others, bytes.len())?;
        kept.next_blob += 1;
        let blob = format!("blob-{}", kept.next_blob);
        kept.blobs.insert((scope.clone(), blob.clone()), (media_type.to_owned(), bytes));
        Ok(blob)
    }

    async fn blob(&self, scope: &PluginScope, blob: &str) -> StoreResult<BlobInfo> {
        let kept = self.lock();
        let (media_type, bytes) = kept.blobs.get(&(scope.clone(), blob.to_owned())).ok_or(PluginStoreError::NoBlob)?;
        Ok(BlobInfo { media_type: media_type.clone(), size: bytes.len() as u64 })
    }

    async fn read_blob(&self, scope: &PluginScope, blob: &str, offset: u64, length: u32) -> StoreResult<Bytes> {
        let kept = self.lock();
        let (_, bytes) = kept.blobs.get(&(scope.clone(), blob.to_owned())).ok_or(PluginStoreError::NoBlob)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(length as usize).min(bytes.len());
        Ok(bytes.slice(start..end))
    }
}
