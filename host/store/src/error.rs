//! Why the store did not do what it was asked, and how SQLite's failures become that.

use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};
use wingman_message::{DeliveryId, SessionKey};

/// Why the store did not do what it was asked. Whatever the variant: nothing of the operation was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has the state folder.
    #[error(
        "the state folder {} is in use by another gateway{}; stop that one first, or give this one a state folder of its own",
        folder.display(),
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    Locked {
        /// The state folder.
        folder: PathBuf,
        /// The other process, where it has written down its id.
        pid: Option<u32>,
    },
    /// A newer program has written the database.
    #[error(
        "{} was written by a newer version of this program (schema {found}, this one knows {known}); \
         install that version again, or restore a backup from before the upgrade",
        path.display()
    )]
    NewerDatabase {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version that this program knows.
        known: i64,
    },
    /// A folder or file of the state cannot be made, opened or written.
    #[error("cannot use {}: {reason}; check who owns it and that it may be written", path.display())]
    Inaccessible {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The database is damaged, or no database.
    #[error("the database {} is damaged: {reason}; restore it from a backup, or move it away to begin anew", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The disk is full.
    #[error("the disk that holds {} is full; free some space", path.display())]
    DiskFull {
        /// The database.
        path: PathBuf,
    },
    /// The disk, or the system, failed; it may work again.
    #[error("{} could not be read or written: {reason}", path.display())]
    Io {
        /// The database.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// It cannot be deleted while deliveries in it wait or run.
    #[error("session `{session}` has {unfinished} unfinished requests; wait for them, or cancel them first")]
    Busy {
        /// The session.
        session: SessionKey,
        /// How many deliveries are pending or running.
        unfinished: usize,
    },
    /// Something of that id is there; the text names it.
    #[error("{0} is already there")]
    AlreadyThere(String),
    /// Nothing of that id is there; the text names it.
    #[error("there is no {0}")]
    NotFound(String),
    /// The delivery's turn has ended, and ends once.
    #[error("delivery {0} is already finished")]
    Finished(DeliveryId),
    /// It contradicts what is stored; the text says how.
    #[error("{0}")]
    Conflict(String),
    /// It can never be stored; the text says why.
    #[error("{0}")]
    Invalid(String),
    /// The store is closed, or the thread that wrote to it has died.
    #[error("the state is closed: the gateway is shutting down, or failed before; see its log")]
    Closed,
    /// SQLite refused, and nothing above says it better: a defect of this program.
    #[error("{}: {reason}", path.display())]
    Internal {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        reason: String,
    },
}

impl StoreError {
    /// The same call may succeed later, without a change to it: the disk was full, or the system failed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::DiskFull { .. } | Self::Io { .. } | Self::Inaccessible { .. })
    }

    pub(crate) fn inaccessible(path: &Path, error: &std::io::Error) -> Self {
        Self::Inaccessible { path: path.to_owned(), reason: error.to_string() }
    }
}

/// What goes wrong inside an operation, before it is known for which database.
#[derive(Debug)]
pub(crate) enum Failure {
    Sql(rusqlite::Error),
    /// A stored value that cannot be read back.
    Unreadable(String),
    Refused(StoreError),
}

pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn at(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        match self {
            Self::Refused(error) => error,
            Self::Unreadable(reason) => StoreError::Corrupt { path, reason },
            Self::Sql(error) => classify(path, &error),
        }
    }
}

fn classify(path: PathBuf, error: &rusqlite::Error) -> StoreError {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull { path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt { path, reason },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            StoreError::Inaccessible { path, reason }
        }
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OperationAborted
            | ErrorCode::OperationInterrupted,
        ) => StoreError::Io { path, reason },
        Some(ErrorCode::TooBig) => StoreError::Invalid(format!("it is too large to be stored: {reason}")),
        _ if matches!(error, rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..)) => {
            StoreError::Corrupt { path, reason }
        }
        _ => StoreError::Internal { path, reason },
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn classified(code: i32) -> StoreError {
        Failure::Sql(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).at(Path::new("/state/agent.db"))
    }

    #[test]
    fn a_failure_says_whether_trying_again_can_help() {
        for (code, transient) in [
            (ffi::SQLITE_FULL, true),
            (ffi::SQLITE_IOERR_WRITE, true),
            (ffi::SQLITE_READONLY, true),
            (ffi::SQLITE_CORRUPT, false),
            (ffi::SQLITE_NOTADB, false),
            (ffi::SQLITE_CONSTRAINT, false),
        ] {
            assert_eq!(classified(code).is_transient(), transient, "{code}");
        }
        assert!(!StoreError::Closed.is_transient());
    }

    #[test]
    fn a_full_disk_is_named_as_such() {
        assert_eq!(classified(ffi::SQLITE_FULL).to_string(), "the disk that holds /state/agent.db is full; free some space");
    }
}
