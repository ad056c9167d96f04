//! What plugins keep: small values, each plugin and account for itself, and the port to them. Their files are in `blobs`.

use crate::error::{Outcome, StoreError};
use crate::gateway::GatewayStore;
use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, params};
use wingman_message::{BlobInfo, PluginScope, PluginStore, PluginStoreError, StoreResult};

const SIZE_OF_OTHERS: &str = "SELECT coalesce(sum(length(CAST(key AS BLOB)) + length(value)), 0) FROM plugin_state
     WHERE scope = ?1 AND key <> ?2";

/// The scope as its column. Names hold no `/`.
pub(crate) fn scope_text(scope: &PluginScope) -> String {
    match &scope.account {
        Some(account) => format!("{}/{account}", scope.plugin),
        None => scope.plugin.to_string(),
    }
}

pub(crate) fn unavailable(error: &StoreError) -> PluginStoreError {
    PluginStoreError::Unavailable(error.to_string())
}

/// What `wanted` bytes are to a quota.
pub(crate) fn within(quota: u64, wanted: u64) -> StoreResult<()> {
    if wanted > quota { Err(PluginStoreError::Quota { quota, wanted }) } else { Ok(()) }
}

pub(crate) fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[async_trait]
impl PluginStore for GatewayStore {
    async fn get(&self, scope: &PluginScope, key: &str) -> StoreResult<Option<Bytes>> {
        let (scope, key) = (scope_text(scope), key.to_owned());
        let found = self.database.read(move |connection| {
            let mut statement = connection.prepare_cached("SELECT value FROM plugin_state WHERE scope = ?1 AND key = ?2")?;
            Ok(statement.query_row([&scope, &key], |row| row.get::<_, Vec<u8>>(0)).optional()?)
        });
        found.await.map(|value| value.map(Bytes::from)).map_err(|error| unavailable(&error))
    }

    async fn set(&self, scope: &PluginScope, key: &str, value: Bytes, quota: u64) -> StoreResult<()> {
        let (scope, key) = (scope_text(scope), key.to_owned());
        let set = self.database.write(move |connection| set(connection, &scope, &key, &value, quota));
        set.await.map_err(|error| unavailable(&error))?
    }

    async fn delete(&self, scope: &PluginScope, key: &str) -> StoreResult<()> {
        let (scope, key) = (scope_text(scope), key.to_owned());
        let deleted = self.database.write(move |connection| {
            connection.prepare_cached("DELETE FROM plugin_state WHERE scope = ?1 AND key = ?2")?.execute([&scope, &key])?;
            Ok(())
        });
        deleted.await.map_err(|error| unavailable(&error))
    }

    async fn write_blob(&self, scope: &PluginScope, media_type: &str, bytes: Bytes, quota: u64) -> StoreResult<String> {
        self.keep_blob(scope, media_type, bytes, quota).await
    }

    async fn blob(&self, scope: &PluginScope, blob: &str) -> StoreResult<BlobInfo> {
        self.blob_info(scope, blob).await
    }

    async fn read_blob(&self, scope: &PluginScope, blob: &str, offset: u64, length: u32) -> StoreResult<Bytes> {
        self.blob_bytes(scope, blob, offset, length).await
    }
}

/// The sum and the write are in one transaction, so that two who write at once cannot share the last room.
fn set(connection: &Connection, scope: &str, key: &str, value: &Bytes, quota: u64) -> Outcome<StoreResult<()>> {
    let others: i64 = connection.prepare_cached(SIZE_OF_OTHERS)?.query_row([scope, key], |row| row.get(0))?;
    let wanted = others.unsigned_abs().saturating_add(bytes(key.len())).saturating_add(bytes(value.len()));
    if let Err(full) = within(quota, wanted) {
        return Ok(Err(full));
    }
    connection
        .prepare_cached(
            "INSERT INTO plugin_state (scope, key, value) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = excluded.value",
        )?
        .execute(params![scope, key, value.as_ref()])?;
    Ok(Ok(()))
}
