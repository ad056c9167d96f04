//! Installed plugins: put in, replaced, rolled back, removed, listed, checked against the lock file.
//!
//! Where things are: plugins in `<plugins folder>/<name>/`, the versions before them in
//! `<state folder>/plugin-versions/<name>/<version>/`, the pins in `<state folder>/plugins.lock`. How a change survives a crash
//! is in `change`. Nothing of a plugin is executed here.

mod change;
mod folder;
mod lock;

pub use folder::{Drift, DriftKind};
pub use lock::Pin;

use crate::disk;
use crate::error::PackageError;
use crate::keys::TrustedKeys;
use crate::package::{self, Package};
use crate::signature::KeyId;
use crate::trust::{self, Trust};
use change::Change;
use lock::{Lock, Mutex};
use semver::Version;
use std::path::{Path, PathBuf};
use wingman_message::PluginName;

/// What the operator allows for one installation. The default allows nothing unusual.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which plugin has to come out of the package, where that is known, as it is in an upgrade.
    pub expected: Option<PluginName>,
    /// What is asked of the signature.
    pub trust: Trust,
    /// A version may have another content than when it was installed before, and another signer.
    pub accept_changed: bool,
    /// The version may be older than the installed one.
    pub allow_downgrade: bool,
    /// A folder that was put there by hand, or was changed by hand, is replaced; it is kept as `.replaced-<name>-<number>`.
    pub force: bool,
}

/// What an installation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// What is pinned now.
    pub pin: Pin,
    /// How it came about.
    pub outcome: Outcome,
}

/// How an installed version came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing of it is kept from before: the plugin is new here, or its folder was gone, changed, or of the same version.
    New,
    /// It took the place of this version, which is kept for a rollback.
    Replaced(Version),
    /// Exactly this was installed already.
    Unchanged,
}

/// A plugin in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name, which is its folder's.
    pub name: PluginName,
    /// Who is responsible for it.
    pub standing: Standing,
    /// The versions that a rollback can go to; the last is the next one.
    pub kept: Vec<Version>,
}

/// Who is responsible for a plugin's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It was installed.
    Installed(Pin),
    /// It was installed, and its folder is gone.
    Missing(Pin),
    /// It was put there by hand.
    Unmanaged,
}

/// The installed plugins of one gateway. Each change holds a lock between processes, so any number may try at once.
#[derive(Debug, Clone)]
pub struct Plugins {
    places: Places,
}

/// The folders that belong together.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    plugins: PathBuf,
    state: PathBuf,
}

impl Plugins {
    /// Opens both folders, makes them where they are missing, and ends what a crash has left half done.
    ///
    /// # Errors
    /// The folders cannot be used, or the lock file cannot be understood.
    pub fn open(plugins_dir: &Path, state_dir: &Path) -> Result<Self, PackageError> {
        disk::make_folder(plugins_dir)?;
        disk::make_folder(state_dir)?;
        let plugins = Self { places: Places { plugins: plugins_dir.to_owned(), state: state_dir.to_owned() } };
        plugins.begin()?;
        Ok(plugins)
    }

    /// Installs a package: checks its signature, what was pinned before and what is in the way, and then puts it in place in one
    /// step. `origin` is the text of the [`crate::Source`]; `now_ms` is in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// The package is refused, or the disk fails. What was installed before is untouched in both cases.
    pub fn install(&self, bytes: &[u8], origin: &str, options: &Options, now_ms: i64) -> Result<Installed, PackageError> {
        let package = package::read(bytes)?;
        let name = &package.manifest().name;
        if let Some(expected) = options.expected.as_ref().filter(|expected| *expected != name) {
            return Err(PackageError::OtherPlugin { expected: expected.clone(), found: name.clone() });
        }
        let (_mutex, mut lock) = self.begin()?;
        let signer = trust::verify(&package, &TrustedKeys::open(&self.places.state)?, options.trust)?;
        let pin = Pin::of(&package, signer, origin, now_ms);
        let before = lock.pin(name).cloned();
        refuse_changes(&package, signer, &lock, options)?;

        let target = self.places.plugin(name);
        let intact = before.as_ref().is_some_and(|before| folder::is_exactly(&target, before));
        if let Some(before) = before.as_ref().filter(|before| intact && before.package == pin.package) {
            return Ok(Installed { pin: before.clone(), outcome: Outcome::Unchanged });
        }
        if disk::exists(&target) && !intact && !options.force {
            return Err(PackageError::InTheWay { path: target });
        }
        let files = package.files().map(|(member, content)| (member.name().to_owned(), content.to_owned())).collect();
        Change::replace(pin.clone(), files).run(&self.places, &mut lock)?;
        let replaced = before.filter(|before| intact && before.version != pin.version);
        let outcome = replaced.map_or(Outcome::New, |before| Outcome::Replaced(before.version));
        Ok(Installed { pin, outcome })
    }

    /// Goes back to the version that was replaced last. The one that is left is kept in turn: a second rollback undoes the first.
    ///
    /// # Errors
    /// Nothing was installed or nothing is kept, what is kept was changed, or the folder was changed by hand.
    pub fn rollback(&self, name: &PluginName) -> Result<Pin, PackageError> {
        let (_mutex, mut lock) = self.begin()?;
        let current = lock.pin(name).ok_or_else(|| PackageError::NotInstalled { name: name.clone() })?;
        let target = self.places.plugin(name);
        if disk::exists(&target) && !folder::is_exactly(&target, current) {
            return Err(PackageError::InTheWay { path: target });
        }
        let kept = lock.kept(name).next_back().cloned();
        let kept = kept.ok_or_else(|| PackageError::NothingToRollBackTo { name: name.clone() })?;
        let files = folder::read_exactly(&self.places.kept(name, &kept.version), &kept)?;
        let files = files.ok_or_else(|| PackageError::KeptChanged { name: name.clone(), version: kept.version.clone() })?;
        Change::replace(kept.clone(), files).run(&self.places, &mut lock)?;
        Ok(kept)
    }

    /// Removes a plugin with its kept versions and its pin. What it stored while it ran is not here and not touched.
    ///
    /// # Errors
    /// It was never installed: a folder that was put there by hand is removed by hand. Or the disk fails.
    pub fn remove(&self, name: &PluginName) -> Result<(), PackageError> {
        let (_mutex, mut lock) = self.begin()?;
        if lock.pin(name).is_none() {
            return Err(PackageError::NotInstalled { name: name.clone() });
        }
        Change::remove(name.clone()).run(&self.places, &mut lock)
    }

    /// All plugins, installed or put there by hand, by name.
    ///
    /// # Errors
    /// The plugins folder or the lock file cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, PackageError> {
        let (_mutex, lock) = self.begin()?;
        let folders = disk::names(&self.places.plugins)?;
        // Hidden folders are no plugin names, and so are not plugins.
        let mut names: Vec<PluginName> = folders.iter().filter_map(|name| PluginName::new(name).ok()).collect();
        names.retain(|name| self.places.plugin(name).is_dir());
        names.extend(lock.pins().map(|pin| pin.name.clone()));
        names.sort();
        names.dedup();
        let listed = names.into_iter().map(|name| {
            let standing = match lock.pin(&name).cloned() {
                Some(pin) if disk::exists(&self.places.plugin(&name)) => Standing::Installed(pin),
                Some(pin) => Standing::Missing(pin),
                None => Standing::Unmanaged,
            };
            let kept = lock.kept(&name).map(|pin| pin.version.clone()).collect();
            Listed { name, standing, kept }
        });
        Ok(listed.collect())
    }

    /// Compares every installed plugin with its pin, file by file. Empty when all is as it was installed.
    ///
    /// # Errors
    /// The lock file cannot be read. A plugin's file that cannot be read is a drift.
    pub fn verify_installed(&self) -> Result<Vec<Drift>, PackageError> {
        let (_mutex, lock) = self.begin()?;
        Ok(lock.pins().flat_map(|pin| folder::drifts(&self.places.plugin(&pin.name), pin)).collect())
    }

    /// Waits for other processes and ends what a crash has left. The lock file is read only after that.
    fn begin(&self) -> Result<(Mutex, Lock), PackageError> {
        let mutex = Mutex::wait(&self.places.state)?;
        let mut lock = Lock::read(&self.places.state)?;
        change::recover(&self.places, &mut lock)?;
        Ok((mutex, lock))
    }
}

/// What was pinned before decides what may come next under the same name.
fn refuse_changes(package: &Package<'_>, signer: Option<KeyId>, lock: &Lock, options: &Options) -> Result<(), PackageError> {
    let manifest = package.manifest();
    let (name, version) = (&manifest.name, &manifest.version);
    let Some(installed) = lock.pin(name) else { return Ok(()) };
    let same_version = lock.kept(name).chain([installed]).find(|pin| pin.version == *version);
    if same_version.is_some_and(|pin| pin.package != package.digest()) && !options.accept_changed {
        return Err(PackageError::ContentChanged { name: name.clone(), version: version.clone() });
    }
    // Trusting two authors is not trusting each of them with the other's plugins.
    if let Some(before) = installed.signer.filter(|before| Some(*before) != signer && !options.accept_changed) {
        return Err(PackageError::SignerChanged { name: name.clone(), before });
    }
    if version.cmp_precedence(&installed.version).is_lt() && !options.allow_downgrade {
        let (installed, offered) = (installed.version.clone(), version.clone());
        return Err(PackageError::Downgrade { name: name.clone(), installed, offered });
    }
    Ok(())
}

impl Places {
    fn plugin(&self, name: &PluginName) -> PathBuf {
        self.plugins.join(name.as_str())
    }

    /// Hidden, so that a gateway that watches the folder does not take it for a plugin; beside the plugins, so that a rename
    /// does not cross file systems.
    fn staging(&self, name: &PluginName) -> PathBuf {
        self.plugins.join(format!("{}{name}", change::STAGING))
    }

    fn all_kept(&self) -> PathBuf {
        self.state.join("plugin-versions")
    }

    fn kept(&self, name: &PluginName, version: &Version) -> PathBuf {
        self.all_kept().join(name.as_str()).join(version.to_string())
    }
}
