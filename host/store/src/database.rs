//! One database file: opening it safely, and the two ways into it (one writer thread, a few readers).

use crate::error::{Failure, Outcome, StoreError};
use crate::lock::StateLock;
use crate::readers::Readers;
use crate::schema::Schema;
use crate::upkeep;
use crate::writer::WriterHandle;
use rusqlite::{Connection, OpenFlags};
use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How long SQLite waits for a lock that somebody else holds, such as a backup.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many prepared statements a connection keeps: all that there are.
pub(crate) const STATEMENTS: usize = 128;

/// An open database. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    writer: WriterHandle,
    readers: Readers,
    upkeep: Arc<AtomicBool>,
}

impl Database {
    /// Opens the database at `path`, which is made and brought up to date where needed. Blocks.
    pub(crate) fn open(path: PathBuf, schema: Schema, lock: Arc<StateLock>) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        if !path.exists() {
            touch_private(&path).map_err(|error| StoreError::inaccessible(&path, &error))?;
            sync_names(&path);
        }
        let at = |failure: Failure| failure.at(&path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags).map_err(|error| at(error.into()))?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| at(error.into()))?;
        schema.check(&connection, &path)?;
        configure(&connection).map_err(at)?;
        schema.migrate(&mut connection, &path)?;
        let upkeep = Arc::new(AtomicBool::new(schema == Schema::Agent));
        if schema == Schema::Agent {
            upkeep::begin(&connection).map_err(at)?;
        }
        let writer = WriterHandle::start(connection, &path, lock, Arc::clone(&upkeep))?;
        Ok(Self { writer, readers: Readers::new(path), upkeep })
    }

    /// To be set by an operation that leaves work that can wait.
    pub(crate) fn upkeep(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.upkeep)
    }

    /// See [`WriterHandle::write`].
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Outcome<T> + Send + 'static,
    {
        self.writer.write(work).await
    }

    /// See [`Readers::read`].
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        self.readers.read(work).await
    }

    /// Does what was asked, and closes the file. Readers first, so that the log can be folded into the database.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A folder that only its owner may enter. One that is there keeps its mode: the operator may have had reasons.
pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| StoreError::inaccessible(folder, &error))
}

/// A file that only its owner may read; SQLite gives the files beside it the same mode.
fn touch_private(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).map(drop)
}

/// A new file that the disk holds, in a folder whose entry it does not, is lost with the power. The parents may be new as well.
fn sync_names(path: &Path) {
    for folder in path.ancestors().skip(1).take(4).filter(|folder| !folder.as_os_str().is_empty()) {
        // A folder above the state may be closed to us; then it is not new either.
        if let Err(error) = std::fs::File::open(folder).and_then(|folder| folder.sync_all()) {
            tracing::debug!(folder = %folder.display(), %error, "a folder was not synced");
        }
    }
}

fn configure(connection: &Connection) -> Outcome<()> {
    // Asked for first: it reads the file's header, so that what is no database is refused before anything is written.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // Folding the log into the database costs more fsyncs: less often than every 1,000 pages, the default.
    connection.execute_batch("PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;")?;
    // FULL: an answer means that the disk has it, even if the power fails at once.
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    // The inner pages of all indexes at 100,000 messages, so that a write reads little from the file. In KiB, hence negative.
    connection.execute_batch("PRAGMA cache_size = -16384;")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("a.db")).unwrap();
        configure(&connection).unwrap();
        let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((pragma("synchronous"), pragma("foreign_keys")), (2, 1));
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }
}
