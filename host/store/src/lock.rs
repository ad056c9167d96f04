//! The lock that keeps two processes out of one state folder. The system drops it with the process, however that ends.

use crate::error::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

const FILE: &str = "store.lock";

/// Held for as long as anything of the state folder is open.
#[derive(Debug)]
pub(crate) struct StateLock {
    file: File,
}

impl Drop for StateLock {
    fn drop(&mut self) {
        // Closing is not enough: a child process that was forked and has not yet run its program holds the file open as well.
        let _ = self.file.unlock();
    }
}

impl StateLock {
    pub(crate) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let denied = |error: std::io::Error| StoreError::inaccessible(&path, &error);
        // Not truncated: until the lock is ours, the content is the other process's.
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(denied)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Only for the message: a file that cannot be read names nobody.
                let _ = file.read_to_string(&mut text);
                return Err(StoreError::Locked { folder: folder.to_owned(), pid: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(error)) => return Err(denied(error)),
        }
        // The lock holds without the process id, which only helps people: a full disk must not keep the gateway down here.
        let named = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(error) = named {
            tracing::debug!(path = %path.display(), %error, "the process id was not written into the lock file");
        }
        Ok(Self { file })
    }
}
