//! Writing the file: whole or not at all, private, never over another by accident.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// Why the file was not written. What was there before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is a file already, and the caller asked for a new one.
    #[error("{} exists already; remove it first, or edit it", .file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// The file or its folder cannot be written.
    #[error("cannot write {}", .file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes a new file that only its owner can read, and the folders above it. An existing file is never replaced.
///
/// # Errors
/// [`WriteError::Exists`] or [`WriteError::Io`].
pub fn write_new(file: &Path, text: &str) -> Result<(), WriteError> {
    let failed = |source| WriteError::Io { file: file.to_owned(), source };
    let folder = folder_of(file);
    create_private_folders(folder).map_err(failed)?;
    // Temporary files are readable by their owner alone, and the name appears with all of the text behind it.
    let written = filled(folder, text).map_err(failed)?;
    match written.persist_noclobber(file) {
        Ok(_) => sync_folder(folder).map_err(failed),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(WriteError::Exists { file: file.to_owned() }),
        Err(error) => Err(failed(error.error)),
    }
}

/// Replaces an existing file in one step and keeps its permissions. A symbolic link stays one: its target is replaced.
pub(crate) fn replace(file: &Path, text: &str) -> Result<(), WriteError> {
    let failed = |source| WriteError::Io { file: file.to_owned(), source };
    let target = file.canonicalize().map_err(failed)?;
    let permissions = fs::metadata(&target).map_err(failed)?.permissions();
    let folder = folder_of(&target);
    let written = filled(folder, text).map_err(failed)?;
    written.as_file().set_permissions(permissions).map_err(failed)?;
    written.persist(&target).map_err(|error| failed(error.error))?;
    sync_folder(folder).map_err(failed)
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn filled(folder: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut written = tempfile::Builder::new().prefix(".wingman.config.").suffix(".tmp").tempfile_in(folder)?;
    written.write_all(text.as_bytes())?;
    written.as_file().sync_all()?;
    Ok(written)
}

#[cfg(unix)]
fn create_private_folders(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private_folders(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Makes a rename survive a power cut, where the system can.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
