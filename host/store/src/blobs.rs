//! Plugins' files: a row each, and the bytes in a file of the row's id. The file is on disk before the row is, so that a row
//! always has its bytes; a file whose row was never written, or is too old, is swept away at the next start.

use crate::database::make_folder;
use crate::error::{Outcome, StoreError};
use crate::gateway::GatewayStore;
use crate::plugin_state::{bytes, scope_text, unavailable, within};
use crate::store::blocking;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use wingman_message::{BlobInfo, PluginScope, PluginStoreError, StoreResult};

/// How long a file is kept.
const MAX_AGE_MS: i64 = 30 * 24 * 60 * 60 * 1000;

impl GatewayStore {
    pub(crate) async fn keep_blob(
        &self,
        scope: &PluginScope,
        media_type: &str,
        content: Bytes,
        quota: u64,
    ) -> StoreResult<String> {
        let size = bytes(content.len());
        within(quota, size)?;
        let now = self.clock.now_ms();
        let id = blob_id(now);
        let (folder, name) = (self.blobs.clone(), id.clone());
        blocking(move || write(&folder, &name, &content).map_err(|error| StoreError::inaccessible(&folder, &error)))
            .await
            .map_err(|error| unavailable(&error))?;
        let row = BlobRow { id: id.clone(), scope: scope_text(scope), media_type: media_type.to_owned(), size };
        let kept = self.database.write(move |connection| insert(connection, &row, now, quota)).await;
        match kept.map_err(|error| unavailable(&error)).and_then(|kept| kept) {
            Ok(()) => Ok(id),
            Err(refused) => {
                let path = self.blobs.join(&id);
                // What cannot be removed now is removed at the next start.
                let _ = blocking(move || fs::remove_file(&path).map_err(|error| StoreError::inaccessible(&path, &error))).await;
                Err(refused)
            }
        }
    }

    pub(crate) async fn blob_info(&self, scope: &PluginScope, blob: &str) -> StoreResult<BlobInfo> {
        let (scope, blob) = (scope_text(scope), blob.to_owned());
        let found = self.database.read(move |connection| {
            let mut statement = connection.prepare_cached("SELECT media_type, size FROM blobs WHERE id = ?1 AND scope = ?2")?;
            let row = statement.query_row([&blob, &scope], |row| {
                Ok(BlobInfo { media_type: row.get(0)?, size: row.get::<_, i64>(1)?.unsigned_abs() })
            });
            Ok(row.optional()?)
        });
        found.await.map_err(|error| unavailable(&error))?.ok_or(PluginStoreError::NoBlob)
    }

    pub(crate) async fn blob_bytes(&self, scope: &PluginScope, blob: &str, offset: u64, length: u32) -> StoreResult<Bytes> {
        // The row says whose it is; an id that has a row is one of ours, and no path.
        self.blob_info(scope, blob).await?;
        let path = self.blobs.join(blob);
        blocking(move || read(&path, offset, length).map_err(|error| StoreError::inaccessible(&path, &error)))
            .await
            .map_err(|error| unavailable(&error))
    }

    /// Removes files that are too old or have no row. Once, at start, before anybody writes.
    pub(crate) async fn sweep_blobs(&self) -> Result<(), StoreError> {
        let oldest = self.clock.now_ms().saturating_sub(MAX_AGE_MS);
        let known = self.database.write(move |connection| forget_older(connection, oldest)).await?;
        let folder = self.blobs.clone();
        blocking(move || {
            if let Err(error) = remove_unknown(&folder, &known) {
                // The files stay; nothing refers to them.
                tracing::warn!(folder = %folder.display(), %error, "old files of plugins could not be removed");
            }
            Ok(())
        })
        .await
    }
}

/// A UUIDv7: nobody else's file has it.
fn blob_id(now_ms: i64) -> String {
    let seconds = u64::try_from(now_ms / 1000).unwrap_or(0);
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0)).simple().to_string()
}

struct BlobRow {
    id: String,
    scope: String,
    media_type: String,
    size: u64,
}

fn insert(connection: &Connection, row: &BlobRow, now: i64, quota: u64) -> Outcome<StoreResult<()>> {
    let used: i64 = connection
        .prepare_cached("SELECT coalesce(sum(size), 0) FROM blobs WHERE scope = ?1")?
        .query_row([&row.scope], |found| found.get(0))?;
    if let Err(full) = within(quota, used.unsigned_abs().saturating_add(row.size)) {
        return Ok(Err(full));
    }
    let size = i64::try_from(row.size).unwrap_or(i64::MAX);
    connection
        .prepare_cached("INSERT INTO blobs (id, scope, media_type, size, created_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![row.id, row.scope, row.media_type, size, now])?;
    Ok(Ok(()))
}

/// Forgets files from before `oldest`; returns the ids of those that remain.
fn forget_older(connection: &Connection, oldest: i64) -> Outcome<HashSet<String>> {
    connection.prepare_cached("DELETE FROM blobs WHERE created_at < ?1")?.execute([oldest])?;
    let mut statement = connection.prepare_cached("SELECT id FROM blobs")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn remove_unknown(folder: &Path, known: &HashSet<String>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_none_or(|name| !known.contains(name)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes a file that only its owner may read: under another name first, so that what has its name is whole.
fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    make_folder(folder).map_err(io::Error::other)?;
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name)).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

fn read(path: &Path, offset: u64, length: u32) -> io::Result<Bytes> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut content = Vec::new();
    file.take(u64::from(length)).read_to_end(&mut content)?;
    Ok(content.into())
}
