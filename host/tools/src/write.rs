//! `write_file`: a whole file at once; a reader sees the old one or the new one.

use crate::call;
use crate::file_tool::{FileTool, Job};
use crate::folder::{Folder, failed, kind, not_a_file, told};
use crate::locks::Locks;
use crate::text::shown;
use cap_std::fs::{Dir, Metadata, MetadataExt, Permissions, PermissionsExt};
use cap_tempfile::TempFile;
use serde::Deserialize;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use wingman_message::{ToolError, ToolSpec};

/// The largest file that the tools write, in bytes.
pub(crate) const MAX_FILE: usize = 16 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    path: String,
    content: String,
}

pub(crate) fn tool(locks: Arc<Locks>) -> FileTool {
    let spec = ToolSpec {
        name: "write_file".into(),
        description:
            "Writes a text file of the working folder: makes it, with the folders that it needs, or replaces all of it. To \
                      change a part of a file, use edit_file."
                .into(),
        input_schema: json!({
            "type": "object",
            "properties": {
                "path": { "type": "string", "description": "The file, relative to the working folder." },
                "content": { "type": "string", "description": "The whole content." }
            },
            "required": ["path", "content"],
            "additionalProperties": false
        }),
        idempotent: true,
    };
    FileTool { spec, locks, work }
}

fn work(input: Value, job: &Job<'_>) -> Result<String, ToolError> {
    let Input { path, content } = call::input(input)?;
    if content.len() > MAX_FILE {
        return Err(ToolError::InvalidInput(format!("`content` has {} bytes, and {MAX_FILE} are the most", content.len())));
    }
    let folder = Folder::open_or_make(job.folder)?;
    let spot = Spot::to_write(&folder, &path)?;
    let _alone = job.locks.of(spot.key()?);
    let old = spot.look()?;
    spot.replace(content.as_bytes(), old.as_ref(), job.stop)?;
    let name = shown(&spot.path);
    Ok(match old {
        None => format!("created `{name}` ({} bytes)", content.len()),
        Some(old) => format!("replaced `{name}` ({} bytes; it had {})", content.len(), old.len()),
    })
}

/// Where a file is, or will be: an open folder and a name in it. Nothing that is done to links afterwards moves it.
pub(crate) struct Spot {
    parent: Dir,
    name: OsString,
    /// The path within the working folder.
    pub(crate) path: PathBuf,
}

impl Spot {
    /// Where `text` leads; links are followed, folders that are missing are made.
    pub(crate) fn to_write(folder: &Folder, text: &str) -> Result<Self, ToolError> {
        if text.chars().any(char::is_control) {
            return Err(ToolError::InvalidInput("the path holds a control character; files with such names are not made".into()));
        }
        if text.ends_with('/') {
            return Err(ToolError::InvalidInput("the path names a folder; give the name of a file".into()));
        }
        let path = folder.path(text)?;
        match folder.dir.symlink_metadata(&path) {
            Ok(_) => Self::existing(folder, &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                if let Some(parent) = parent {
                    folder.dir.create_dir_all(parent).map_err(|error| told(parent, &error))?;
                }
                Self::at(folder, path)
            }
            Err(error) => Err(told(&path, &error)),
        }
    }

    /// Where a file is that is there already. A link leads to the file that it names, which is changed in its place.
    pub(crate) fn existing(folder: &Folder, path: &Path) -> Result<Self, ToolError> {
        let metadata = folder.dir.symlink_metadata(path).map_err(|error| told(path, &error))?;
        if !metadata.is_symlink() {
            return Self::at(folder, path.to_owned());
        }
        let canonical = folder.canonical(path).map_err(|_| {
            failed(format!("`{}` is a symbolic link that leads nowhere, or out of the working folder", shown(path)))
        })?;
        Self::at(folder, canonical)
    }

    fn at(folder: &Folder, path: PathBuf) -> Result<Self, ToolError> {
        let Some(name) = path.file_name().map(OsString::from) else {
            return Err(failed(not_a_file(&path, "folder")));
        };
        let above = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let parent = folder.dir.open_dir(above).map_err(|error| told(above, &error))?;
        Ok(Self { parent, name, path })
    }

    /// What stands for the file, however it was named.
    pub(crate) fn key(&self) -> Result<(u64, u64, OsString), ToolError> {
        let parent = self.parent.dir_metadata().map_err(|error| told(&self.path, &error))?;
        Ok((parent.dev(), parent.ino(), self.name.clone()))
    }

    /// What is there now; only a regular file may be replaced.
    fn look(&self) -> Result<Option<Metadata>, ToolError> {
        match self.parent.symlink_metadata(&self.name) {
            Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
            Ok(metadata) => Err(failed(not_a_file(&self.path, kind(metadata.file_type())))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(told(&self.path, &error)),
        }
    }

    /// Puts `content` there, all or nothing, on disk before it returns. `old` is what was there; its permissions stay.
    pub(crate) fn replace(&self, content: &[u8], old: Option<&Metadata>, stop: &CancellationToken) -> Result<(), ToolError> {
        let written = || -> io::Result<TempFile<'_>> {
            let mut file = TempFile::new(&self.parent)?;
            for part in content.chunks(1 << 20) {
                if stop.is_cancelled() {
                    return Err(io::Error::other("stopped"));
                }
                file.write_all(part)?;
            }
            if let Some(old) = old {
                file.as_file().set_permissions(Permissions::from_mode(old.mode() & 0o777))?;
            }
            file.as_file().sync_all()?;
            Ok(file)
        };
        let file = written().map_err(|error| if stop.is_cancelled() { call::stopped() } else { told(&self.path, &error) })?;
        call::go_on(stop)?;
        file.replace(&self.name).map_err(|error| told(&self.path, &error))?;
        // The new name is on disk once its folder is. Where a folder cannot be synced, the file is still right.
        let synced = self.parent.try_clone().and_then(|parent| parent.into_std_file().sync_all());
        if let Err(error) = synced {
            tracing::debug!(%error, "a folder was not synced");
        }
        Ok(())
    }

    /// Fails where the file is no longer what `seen` says: somebody else wrote it meanwhile.
    pub(crate) fn unchanged(&self, seen: &Metadata) -> Result<(), ToolError> {
        let mark =
            |metadata: &Metadata| (metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec());
        match self.look()? {
            Some(now) if mark(&now) == mark(seen) => Ok(()),
            _ => Err(failed(format!("`{}` was changed by somebody else meanwhile; read it again", shown(&self.path)))),
        }
    }

    /// Opens the file that is there.
    pub(crate) fn open(&self) -> Result<(cap_std::fs::File, Metadata), ToolError> {
        self.look()?.ok_or_else(|| told(&self.path, &io::ErrorKind::NotFound.into()))?;
        crate::folder::open_file(&self.parent, Path::new(&self.name)).map_err(|error| match error {
            crate::folder::NotOpened::Kind(kind) => failed(not_a_file(&self.path, kind)),
            crate::folder::NotOpened::Io(error) => told(&self.path, &error),
        })
    }
}
