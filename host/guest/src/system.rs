//! Files and programs, with errors that name them.

use crate::{GuestError, Result};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| GuestError::File { path: path.to_path_buf(), source })
}

pub(crate) fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|source| GuestError::File { path: path.to_path_buf(), source })
}

pub(crate) fn metadata(path: &Path) -> Result<Metadata> {
    std::fs::metadata(path).map_err(|source| GuestError::File { path: path.to_path_buf(), source })
}

/// The error of a file operation.
pub(crate) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> GuestError {
    move |source| GuestError::File { path: path.to_path_buf(), source }
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(failed(dir))?;
    }
    std::fs::write(path, bytes).map_err(failed(path))
}

/// Leaves a file alone that says the same already: its date tells when its content changed.
pub(crate) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|current| current == bytes) {
        return Ok(());
    }
    write(path, bytes)
}

/// Runs a program to its end and keeps what it said.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.output().map_err(|source| GuestError::Spawn { program, source })
}

/// What the program wrote, trimmed; none when it is not there or failed.
pub(crate) fn line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let line = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// The first of these programs in `PATH`.
pub(crate) fn in_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let dirs: Vec<_> = std::env::split_paths(&path).collect();
    names.iter().flat_map(|name| dirs.iter().map(move |dir| dir.join(name))).find(|file| file.is_file())
}
