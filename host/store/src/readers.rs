//! A small pool of read-only connections, used on blocking threads. Readers never wait for the writer, nor it for them.

use crate::error::{Failure, Outcome, StoreError};
use rusqlite::{Connection, OpenFlags};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// How many reads of one database run at once; more wait for one of them to end.
const READERS: u32 = 4;

/// The pool. Connections are opened when they are first needed.
#[derive(Debug, Clone)]
pub(crate) struct Readers {
    path: Arc<PathBuf>,
    permits: Arc<Semaphore>,
    /// Held only to take a connection out or put it back.
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path: Arc::new(path), permits: Arc::new(Semaphore::new(READERS as usize)), idle: Arc::default() }
    }

    /// Does `work` in one read transaction: it sees one state of the database, that of everything written before this call.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (path, idle) = (Arc::clone(&self.path), Arc::clone(&self.idle));
        let task = tokio::task::spawn_blocking(move || {
            // Lives in here, so that a caller that goes away does not open the door for a fifth reader.
            let _permit = permit;
            let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match pooled {
                Some(connection) => connection,
                None => open(&path).map_err(|failure| failure.at(&path))?,
            };
            let result = transaction(&mut connection, work).map_err(|failure| failure.at(&path));
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        });
        // Cancelled only by a runtime that shuts down; a panic in `work` has been reported by its hook.
        task.await.map_err(|_| StoreError::Closed)?
    }

    /// Waits for the reads that run, closes the connections and refuses whatever comes later.
    pub(crate) async fn close(&self) {
        let all = self.permits.acquire_many(READERS).await;
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        drop(all);
    }
}

fn open(path: &PathBuf) -> Outcome<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(crate::database::BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(crate::database::STATEMENTS);
    Ok(connection)
}

fn transaction<T>(connection: &mut Connection, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    let transaction = connection.transaction().map_err(Failure::from)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}
