//! The working folder as a capability: whatever is opened is opened beneath it.
//!
//! A path is never checked and then used, because a symbolic link could be swapped in between. `cap-std` resolves each path
//! against the open folder while it opens it, in the kernel where that can (`openat2` with `RESOLVE_BENEATH`), else component
//! by component without following links blindly. It was chosen over bare `openat2` because it does the same on systems
//! that lack the call.

use crate::text::shown;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, OpenOptions, OpenOptionsExt};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};
use wingman_message::ToolError;

/// The longest path that is taken, in bytes: the systems' own limit.
const MAX_PATH: usize = 4096;

/// An open working folder.
pub(crate) struct Folder {
    pub(crate) dir: Dir,
    /// Names of it that absolute paths may start with.
    names: Vec<PathBuf>,
}

impl Folder {
    /// Opens it.
    pub(crate) fn open(path: &Path) -> Result<Self, ToolError> {
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => failed("the working folder is empty: nothing was written yet"),
            _ => failed(format!("the working folder cannot be opened: {error}")),
        })?;
        let mut names = vec![path.to_owned()];
        names.extend(path.canonicalize().ok().filter(|canonical| canonical != path));
        Ok(Self { dir, names })
    }

    /// Opens it, and makes it where it is not there.
    pub(crate) fn open_or_make(path: &Path) -> Result<Self, ToolError> {
        make(path)?;
        Self::open(path)
    }

    /// The path within the folder that `text` names. It may lead out of it: opening it then fails.
    pub(crate) fn path(&self, text: &str) -> Result<PathBuf, ToolError> {
        let invalid = |why: &str| Err(ToolError::InvalidInput(why.to_owned()));
        if text.is_empty() {
            return invalid("a path is empty; `.` is the working folder itself");
        }
        if text.contains('\0') {
            return invalid("a path holds a NUL character");
        }
        if text.len() > MAX_PATH {
            return invalid("a path is longer than 4096 bytes");
        }
        if text == "~" || text.starts_with("~/") {
            return invalid("`~` is not expanded; give a path within the working folder");
        }
        let path = Path::new(text);
        let within = if path.is_absolute() {
            let within = self.names.iter().find_map(|name| path.strip_prefix(name).ok());
            within.ok_or_else(|| failed(outside(path)))?
        } else {
            path
        };
        let within: PathBuf = within.components().filter(|part| *part != Component::CurDir).collect();
        Ok(if within.as_os_str().is_empty() { PathBuf::from(".") } else { within })
    }

    /// The path without symbolic links and `..`; the folder itself is the empty path.
    pub(crate) fn canonical(&self, path: &Path) -> Result<PathBuf, ToolError> {
        let canonical = self.dir.canonicalize(path).map_err(|error| told(path, &error))?;
        Ok(canonical.components().filter(|part| *part != Component::CurDir).collect())
    }

    /// Opens a file to read. Nothing but a regular file is opened: a FIFO would be waited for, a device may act on it.
    pub(crate) fn file(&self, path: &Path) -> Result<(File, Metadata), ToolError> {
        open_file(&self.dir, path).map_err(|error| match error {
            NotOpened::Kind(kind) => failed(not_a_file(path, kind)),
            NotOpened::Io(error) => told(path, &error),
        })
    }
}

/// Makes the working folder; others may not enter it.
pub(crate) fn make(path: &Path) -> Result<(), ToolError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| failed(format!("the working folder cannot be made: {error}")))
}

/// Why a file was not opened.
pub(crate) enum NotOpened {
    /// It is something else, as [`kind`] calls it.
    Kind(&'static str),
    /// The system's error.
    Io(io::Error),
}

/// Opens a regular file, links within the folder followed. Never blocks on what is at the other end of it.
pub(crate) fn open_file(dir: &Dir, path: &Path) -> Result<(File, Metadata), NotOpened> {
    let regular = |metadata: &Metadata| {
        if metadata.is_file() { Ok(()) } else { Err(NotOpened::Kind(kind(metadata.file_type()))) }
    };
    // Asked before, because opening a device can have effects; and of the open file, because it may be another one by then.
    regular(&dir.metadata(path).map_err(NotOpened::Io)?)?;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    let file = dir.open_with(path, &options).map_err(NotOpened::Io)?;
    let metadata = file.metadata().map_err(NotOpened::Io)?;
    regular(&metadata)?;
    Ok((file, metadata))
}

/// What an entry of a folder is, in a word.
pub(crate) fn kind(of: cap_std::fs::FileType) -> &'static str {
    use cap_std::fs::FileTypeExt;
    if of.is_file() {
        "file"
    } else if of.is_dir() {
        "folder"
    } else if of.is_symlink() {
        "link"
    } else if of.is_fifo() {
        "fifo"
    } else if of.is_socket() {
        "socket"
    } else {
        "device"
    }
}

/// What is said of something that is no regular file.
pub(crate) fn not_a_file(path: &Path, kind: &str) -> String {
    let help = if kind == "folder" { "; `list` shows what is in it" } else { ", which has no content to work with" };
    format!("`{}` is not a file but a {kind}{help}", shown(path))
}

pub(crate) fn failed(why: impl Into<String>) -> ToolError {
    ToolError::Failed(why.into())
}

fn outside(path: &Path) -> String {
    format!("`{}` is outside the working folder; use a path within it", shown(path))
}

/// What the model is told of an error at `path`.
pub(crate) fn told(path: &Path, error: &io::Error) -> ToolError {
    let name = shown(path);
    // An escape is no error of the system's: the library made it.
    let escape = error.raw_os_error().is_none() && error.kind() == io::ErrorKind::PermissionDenied;
    failed(match error.kind() {
        _ if escape => outside(path),
        io::ErrorKind::NotFound => format!("there is no `{name}` in the working folder"),
        io::ErrorKind::PermissionDenied => format!("the gateway may not open `{name}`"),
        io::ErrorKind::NotADirectory => format!("a part of `{name}` is a file and no folder"),
        io::ErrorKind::InvalidFilename => format!("a name in `{name}` is too long"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!("there is no space left for `{name}`"),
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            format!("the symbolic links of `{name}` go in a circle")
        }
        _ => format!("`{name}`: {error}"),
    })
}
