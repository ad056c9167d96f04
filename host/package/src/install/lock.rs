//! `plugins.lock`: what is pinned, and the change that is under way; and the lock between processes.

use crate::digest::Digest;
use crate::disk;
use crate::error::PackageError;
use crate::package::Package;
use crate::signature::KeyId;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use wingman_message::PluginName;

const FILE: &str = "plugins.lock";
const MUTEX: &str = ".plugins.mutex";
const FORMAT: u32 = 1;
const MAX_LOCK: usize = 16 * 1024 * 1024;
/// How many replaced versions of a plugin are kept.
pub(super) const MAX_KEPT: usize = 3;

/// What was installed, to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pin {
    /// The plugin.
    pub name: PluginName,
    /// Its version.
    #[serde(with = "version_text")]
    pub version: Version,
    /// Where the package came from: the text of a [`crate::Source`].
    pub source: String,
    /// The digest of the package.
    pub package: Digest,
    /// The key that signed it; none for an unsigned one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<KeyId>,
    /// When it was installed, in milliseconds since the Unix epoch.
    pub installed_at_ms: i64,
    /// The digest of each file in its folder, `plugin.wasm` among them.
    pub files: BTreeMap<String, Digest>,
}

impl Pin {
    pub(super) fn of(package: &Package<'_>, signer: Option<KeyId>, origin: &str, now_ms: i64) -> Self {
        Self {
            name: package.manifest().name.clone(),
            version: package.manifest().version.clone(),
            source: origin.to_owned(),
            package: package.digest(),
            signer,
            installed_at_ms: now_ms,
            files: package.files().map(|(member, content)| (member.name().to_owned(), Digest::of(content))).collect(),
        }
    }
}

/// A change that was announced before the plugin's folder was touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Pending {
    pub(super) name: PluginName,
    /// What is installed after it; nothing after a removal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<Pin>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
    #[serde(default)]
    plugin: Vec<Pin>,
    /// In the order in which they were replaced.
    #[serde(default)]
    kept: Vec<Pin>,
}

/// The lock file's content.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    content: Content,
}

impl Lock {
    pub(super) fn read(state: &Path) -> Result<Self, PackageError> {
        let path = state.join(FILE);
        let wrong = |why: String| PackageError::LockFile { path: path.clone(), why };
        if !disk::exists(&path) {
            let content = Content { format: FORMAT, pending: None, plugin: Vec::new(), kept: Vec::new() };
            return Ok(Self { path, content });
        }
        let text = disk::read_capped(&path, MAX_LOCK)?.and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| wrong("it is too large or not text".to_owned()))?;
        let content: Content = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        if content.format != FORMAT {
            return Err(wrong(format!("its format is {}, and this program knows {FORMAT}", content.format)));
        }
        Ok(Self { path, content })
    }

    pub(super) fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.content.plugin.iter()
    }

    pub(super) fn pin(&self, name: &PluginName) -> Option<&Pin> {
        self.pins().find(|pin| pin.name == *name)
    }

    /// The versions of a plugin that are kept; the one that was replaced last comes last.
    pub(super) fn kept(&self, name: &PluginName) -> impl DoubleEndedIterator<Item = &Pin> {
        self.content.kept.iter().filter(move |pin| pin.name == *name)
    }

    pub(super) fn has_kept(&self, name: &str, version: &str) -> bool {
        self.content.kept.iter().any(|pin| pin.name.as_str() == name && pin.version.to_string() == version)
    }

    pub(super) fn pending(&self) -> Option<&Pending> {
        self.content.pending.as_ref()
    }

    pub(super) fn set_pending(&mut self, pending: Option<Pending>) -> Result<(), PackageError> {
        self.content.pending = pending;
        self.write()
    }

    /// Writes down that the pending change has happened. `keep` says whether the replaced version was put away.
    pub(super) fn complete(&mut self, pending: Pending, keep: bool) -> Result<(), PackageError> {
        let Pending { name, next } = pending;
        let Content { plugin, kept, pending: announced, .. } = &mut self.content;
        *announced = None;
        let before = plugin.iter().position(|pin| pin.name == name).map(|at| plugin.remove(at));
        match next {
            None => kept.retain(|pin| pin.name != name),
            Some(next) => {
                let replaced = before.filter(|before| keep && before.version != next.version);
                // What runs is not kept as well, and what is put away anew has one entry only.
                kept.retain(|pin| {
                    pin.name != name
                        || (pin.version != next.version && replaced.as_ref().is_none_or(|old| old.version != pin.version))
                });
                kept.extend(replaced);
                let surplus = kept.iter().filter(|pin| pin.name == name).count().saturating_sub(MAX_KEPT);
                for _ in 0..surplus {
                    if let Some(oldest) = kept.iter().position(|pin| pin.name == name) {
                        kept.remove(oldest);
                    }
                }
                plugin.push(next);
                plugin.sort_by(|a, b| a.name.cmp(&b.name));
            }
        }
        self.write()
    }

    fn write(&self) -> Result<(), PackageError> {
        let text = toml::to_string(&self.content)
            .map_err(|error| PackageError::LockFile { path: self.path.clone(), why: error.to_string() })?;
        let text = format!("# Written by wingman: what is installed, to the byte. Do not edit.\n{text}");
        disk::replace_file(&self.path, text.as_bytes(), disk::OWNER_ONLY)
    }
}

/// Held while anything is changed. The system drops it with the process, however that ends.
#[derive(Debug)]
pub(super) struct Mutex(File);

impl Mutex {
    /// Waits until no other process and no other thread holds it.
    pub(super) fn wait(state: &Path) -> Result<Self, PackageError> {
        let path = state.join(MUTEX);
        let open = File::options().write(true).create(true).truncate(false).mode(disk::OWNER_ONLY).open(&path);
        let file = open.map_err(disk::at("open", &path))?;
        file.lock().map_err(disk::at("lock", &path))?;
        Ok(Self(file))
    }
}

impl Drop for Mutex {
    fn drop(&mut self) {
        // Closing is not enough: a child process that was forked and has not yet run its program holds the file open as well.
        let _ = self.0.unlock();
    }
}

/// A version as its text.
mod version_text {
    use semver::Version;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(version: &Version, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(version)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
