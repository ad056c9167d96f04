//! Small things with files that must survive a power cut: written, flushed, renamed, and the folder flushed as well.

use crate::error::PackageError;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// The mode of what everyone may read.
pub(crate) const EVERYONE_READS: u32 = 0o644;
/// The mode of what is the owner's business.
pub(crate) const OWNER_ONLY: u32 = 0o600;

/// Says what was being done to which path.
pub(crate) fn at<'p>(doing: &'static str, path: &'p Path) -> impl Fn(io::Error) -> PackageError + 'p {
    move |source| PackageError::Io { doing, path: path.to_owned(), source }
}

/// The content of a regular file, or `None` where there is more than `most` bytes of it.
pub(crate) fn read_capped(path: &Path, most: usize) -> Result<Option<Vec<u8>>, PackageError> {
    let fail = at("read", path);
    // Asked before opening: opening a pipe waits for somebody to write into it.
    if !fs::metadata(path).map_err(&fail)?.is_file() {
        return Err(fail(io::Error::other("it is not a regular file")));
    }
    let mut content = Vec::new();
    let file = File::open(path).map_err(&fail)?;
    file.take(most as u64 + 1).read_to_end(&mut content).map_err(&fail)?;
    Ok((content.len() <= most).then_some(content))
}

/// A new file; it is an error if something has this name.
pub(crate) fn create_file(path: &Path, content: &[u8], mode: u32) -> Result<(), PackageError> {
    let write = || {
        let mut file = File::options().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(at("write", path))
}

/// A file with this content; whoever looks sees the old content or the new one, never a part.
pub(crate) fn replace_file(path: &Path, content: &[u8], mode: u32) -> Result<(), PackageError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
        file.write_all(content)?;
        file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        sync_folder(folder)
    };
    write().map_err(at("write", path))
}

/// Makes renames within a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Whether anything has this name; a link that leads nowhere is something.
pub(crate) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Removes whatever has this name. A link is removed, never followed.
pub(crate) fn remove(path: &Path) -> Result<(), PackageError> {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at("remove", path)(error)),
        _ => Ok(()),
    }
}

/// The names in a folder that are text, sorted. A folder that is not there is empty.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, PackageError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(at("list", folder))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(at("list", folder))?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// A folder, with those above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), PackageError> {
    fs::create_dir_all(path).map_err(at("make", path))
}
