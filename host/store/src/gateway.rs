//! The handle to what belongs to the gateway as a whole, and its settings: small values under a name, such as a signing key.

use crate::database::Database;
use crate::error::{Outcome, StoreError};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::path::Path;
use std::sync::Arc;
use wingman_message::Clock;

/// The gateway's own durable state. Cheap to clone; all clones are one. Made by [`crate::Store::gateway`].
///
/// Every call may fail with [`StoreError::Closed`], [`StoreError::Io`], [`StoreError::DiskFull`] or [`StoreError::Corrupt`].
#[derive(Clone)]
pub struct GatewayStore {
    pub(crate) database: Database,
    pub(crate) blobs: Arc<Path>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl GatewayStore {
    /// `blobs` is the folder of plugins' files.
    pub(crate) fn new(database: Database, blobs: Arc<Path>, clock: Arc<dyn Clock>) -> Self {
        Self { database, blobs, clock }
    }

    /// The value under `key`.
    ///
    /// # Errors
    /// See [`GatewayStore`].
    pub async fn meta_get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key.to_owned();
        self.database.read(move |connection| get(connection, &key)).await
    }

    /// Sets the value under `key`.
    ///
    /// # Errors
    /// See [`GatewayStore`].
    pub async fn meta_set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.database
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
                    )?
                    .execute(params![key, value])?;
                Ok(())
            })
            .await
    }

    /// The value under `key`; where there is none, `value`, which is stored. Of many callers at once, all get one value.
    ///
    /// # Errors
    /// See [`GatewayStore`].
    pub async fn meta_get_or_insert(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.database
            .write(move |connection| {
                connection
                    .prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                    .execute(params![key, value])?;
                Ok(get(connection, &key)?.unwrap_or_else(|| value.clone()))
            })
            .await
    }
}

impl std::fmt::Debug for GatewayStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayStore").finish_non_exhaustive()
    }
}

fn get(connection: &Connection, key: &str) -> Outcome<Option<Vec<u8>>> {
    let found =
        connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()?;
    Ok(found)
}
