//! A plugin's folder against its pin: written, read back, compared.

use super::lock::Pin;
use crate::digest::Digest;
use crate::disk;
use crate::error::PackageError;
use crate::member::Member;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use wingman_message::PluginName;

/// Files by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// A difference between a plugin's folder and what was installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The plugin.
    pub name: PluginName,
    /// The file in its folder; empty when it is the folder itself.
    pub file: String,
    /// What is different.
    pub kind: DriftKind,
}

/// How a file differs from what was installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftKind {
    /// It is gone, or not a regular file, or cannot be read.
    Missing,
    /// Its content is another.
    Changed,
    /// It was not installed.
    Unexpected,
}

/// Writes a new folder and flushes all of it. Whatever had this name before is removed.
pub(super) fn write(path: &Path, files: &Files) -> Result<(), PackageError> {
    disk::remove(path)?;
    disk::make_folder(path)?;
    for (name, content) in files {
        disk::create_file(&path.join(name), content, disk::EVERYONE_READS)?;
    }
    let parent = path.parent().unwrap_or(path);
    disk::sync_folder(path).and_then(|()| disk::sync_folder(parent)).map_err(disk::at("write", path))
}

/// The files of a folder, or `None` where they are not exactly those of the pin.
pub(super) fn read_exactly(path: &Path, pin: &Pin) -> Result<Option<Files>, PackageError> {
    if !is_exactly(path, pin) {
        return Ok(None);
    }
    let mut files = Files::new();
    for (name, digest) in &pin.files {
        match read(path, name)? {
            // Compared again: these are the bytes that will be used.
            Some(content) if Digest::of(&content) == *digest => files.insert(name.clone(), content),
            _ => return Ok(None),
        };
    }
    Ok(Some(files))
}

/// Whether a folder holds exactly what the pin says.
pub(super) fn is_exactly(path: &Path, pin: &Pin) -> bool {
    drifts(path, pin).is_empty()
}

/// All differences between a folder and its pin.
pub(super) fn drifts(path: &Path, pin: &Pin) -> Vec<Drift> {
    let drift = |file: &str, kind| Drift { name: pin.name.clone(), file: file.to_owned(), kind };
    // A link to a folder is not what an installation makes.
    let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
    let Some(entries) = is_folder.then(|| fs::read_dir(path).ok()).flatten() else {
        return vec![drift("", DriftKind::Missing)];
    };
    let mut drifts: Vec<Drift> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| !pin.files.contains_key(name))
        .map(|name| drift(&name, DriftKind::Unexpected))
        .collect();
    for (name, digest) in &pin.files {
        match read(path, name) {
            Ok(Some(content)) if Digest::of(&content) == *digest => {}
            Ok(Some(_) | None) => drifts.push(drift(name, DriftKind::Changed)),
            Err(_) => drifts.push(drift(name, DriftKind::Missing)),
        }
    }
    drifts
}

/// A file of a plugin; `None` where it is larger than such a file may be. Links are not followed.
fn read(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, PackageError> {
    let path = folder.join(name);
    let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
    let Some(member) = Member::of_name(name.as_bytes()).filter(|_| is_file) else {
        return Err(disk::at("read", &path)(std::io::Error::other("it is not a regular file")));
    };
    disk::read_capped(&path, member.max_size())
}
