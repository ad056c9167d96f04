//! One change of one plugin's folder, safe at every point where the process may die.
//!
//! 1. *stage*: the new version is written beside the plugins, hidden, and flushed.
//! 2. *keep*: the present version is copied to the kept ones.
//! 3. *announce*: the lock file says what is about to happen.
//! 4. *swap*: the new folder and the old one change places in one system call, so a gateway that watches sees one or the other.
//! 5. *complete*: the old folder is cleared away, and the lock file says that it has happened.
//!
//! [`recover`] comes before every operation. If a change was announced and its folder is in place, it is completed; if not, it is
//! forgotten. Everything else that lies around is removed. So a crash leaves either the old version or the new one, and a
//! lock file that knows which.

use super::Places;
use super::folder::{self, Files};
use super::lock::{Lock, Pending, Pin};
use crate::disk;
use crate::error::PackageError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use wingman_message::PluginName;

/// Where a folder waits, before the swap as the new one, after it as the old one.
pub(super) const STAGING: &str = ".staging-";
/// Where the old folder is for a moment, on file systems that cannot exchange two folders.
const ASIDE: &str = ".aside-";
/// Where a folder goes that was put there by hand.
const REPLACED: &str = ".replaced-";

type Step = fn(&Change, &Places, &mut Lock) -> Result<(), PackageError>;

/// A change, with all that is to be written.
pub(super) struct Change {
    name: PluginName,
    next: Option<(Pin, Files)>,
}

impl Change {
    const STEPS: [Step; 5] = [Self::stage, Self::keep, Self::announce, Self::swap, Self::complete];

    pub(super) fn replace(pin: Pin, files: Files) -> Self {
        Self { name: pin.name.clone(), next: Some((pin, files)) }
    }

    pub(super) fn remove(name: PluginName) -> Self {
        Self { name, next: None }
    }

    pub(super) fn run(self, places: &Places, lock: &mut Lock) -> Result<(), PackageError> {
        self.run_first(Self::STEPS.len(), places, lock)
    }

    fn run_first(&self, count: usize, places: &Places, lock: &mut Lock) -> Result<(), PackageError> {
        Self::STEPS.iter().take(count).try_for_each(|step| step(self, places, lock))
    }

    fn stage(&self, places: &Places, _: &mut Lock) -> Result<(), PackageError> {
        match &self.next {
            Some((_, files)) => folder::write(&places.staging(&self.name), files),
            None => disk::remove(&places.staging(&self.name)),
        }
    }

    fn keep(&self, places: &Places, lock: &mut Lock) -> Result<(), PackageError> {
        let Some(pin) = lock.pin(&self.name).filter(|_| self.next.is_some()) else { return Ok(()) };
        // A changed folder is not this version any more: the swap puts it aside.
        let Some(files) = folder::read_exactly(&places.plugin(&self.name), pin)? else { return Ok(()) };
        folder::write(&places.kept(&self.name, &pin.version), &files)
    }

    fn announce(&self, _: &Places, lock: &mut Lock) -> Result<(), PackageError> {
        let next = self.next.as_ref().map(|(pin, _)| pin.clone());
        lock.set_pending(Some(Pending { name: self.name.clone(), next }))
    }

    fn swap(&self, places: &Places, _: &mut Lock) -> Result<(), PackageError> {
        let (target, staging) = (places.plugin(&self.name), places.staging(&self.name));
        let swap = || {
            match (disk::exists(&target), self.next.is_some()) {
                (true, true) => exchange(&staging, &target).or_else(|error| {
                    if !cannot_exchange(&error) {
                        return Err(error);
                    }
                    exchange_with_gap(&staging, &target, &aside(places, &self.name))
                })?,
                (false, true) => fs::rename(&staging, &target)?,
                (true, false) => fs::rename(&target, &staging)?,
                (false, false) => {}
            }
            disk::sync_folder(&places.plugins)
        };
        swap().map_err(disk::at("replace", &target))
    }

    fn complete(&self, places: &Places, lock: &mut Lock) -> Result<(), PackageError> {
        complete(places, lock)
    }
}

/// Ends what a crash has left. Does nothing where nothing is left.
pub(super) fn recover(places: &Places, lock: &mut Lock) -> Result<(), PackageError> {
    if let Some(Pending { name, next }) = lock.pending().cloned() {
        let (target, aside) = (places.plugin(&name), aside(places, &name));
        if disk::exists(&aside) {
            // The crash fell into the gap, before or after the second of its three renames.
            let staging = places.staging(&name);
            let to = if disk::exists(&target) { &staging } else { &target };
            fs::rename(&aside, to).map_err(disk::at("restore", to))?;
        }
        let happened = match &next {
            Some(pin) => folder::is_exactly(&target, pin),
            None => !disk::exists(&target),
        };
        tracing::warn!(plugin = %name, completed = happened, "a change of a plugin was interrupted");
        if happened {
            complete(places, lock)?;
        } else {
            lock.set_pending(None)?;
        }
    }
    for name in disk::names(&places.plugins)?.iter().filter(|name| name.starts_with(STAGING)) {
        disk::remove(&places.plugins.join(name))?;
    }
    forget_surplus(places, lock)
}

/// The swap has happened: clears away the old folder, and only then says so in the lock file.
fn complete(places: &Places, lock: &mut Lock) -> Result<(), PackageError> {
    let Some(pending) = lock.pending().cloned() else { return Ok(()) };
    let name = &pending.name;
    let old = places.staging(name);
    let before = lock.pin(name);
    let was_installed = before.is_some_and(|pin| folder::is_exactly(&old, pin));
    if disk::exists(&old) && !was_installed {
        let refuge = refuge(places, name);
        fs::rename(&old, &refuge).map_err(disk::at("put aside", &old))?;
    }
    let is_kept = before.is_some_and(|pin| folder::is_exactly(&places.kept(name, &pin.version), pin));
    disk::remove(&old)?;
    lock.complete(pending, is_kept)?;
    forget_surplus(places, lock)
}

/// Removes kept folders that the lock file does not know.
fn forget_surplus(places: &Places, lock: &Lock) -> Result<(), PackageError> {
    let all = places.all_kept();
    for name in disk::names(&all)? {
        let folder = all.join(&name);
        let versions = disk::names(&folder)?;
        for version in versions.iter().filter(|version| !lock.has_kept(&name, version)) {
            disk::remove(&folder.join(version))?;
        }
        if disk::names(&folder)?.is_empty() {
            disk::remove(&folder)?;
        }
    }
    Ok(())
}

fn aside(places: &Places, name: &PluginName) -> PathBuf {
    places.plugins.join(format!("{ASIDE}{name}"))
}

/// The first free name for a folder that is not ours to delete.
fn refuge(places: &Places, name: &PluginName) -> PathBuf {
    let mut number = 1_u64;
    loop {
        let path = places.plugins.join(format!("{REPLACED}{name}-{number}"));
        if !disk::exists(&path) {
            return path;
        }
        number += 1;
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(rustix::io::Errno::NOSYS.into())
}

/// Whether the system or the file system does not know the exchange (renameat2(2): EINVAL, ENOSYS; macOS: ENOTSUP).
fn cannot_exchange(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP].contains(&errno))
}

/// Between the first two renames the plugin is not there, for some microseconds: a gateway that looks just then takes the old
/// version out and, at its next look, the new one in. It never sees a half.
fn exchange_with_gap(staging: &Path, target: &Path, aside: &Path) -> io::Result<()> {
    fs::rename(target, aside)?;
    fs::rename(staging, target)?;
    fs::rename(aside, staging)
}

#[cfg(test)]
mod tests;
