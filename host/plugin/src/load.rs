//! From a folder or a built-in to a loaded plugin, or to the reason why it is none.

use crate::access::{self, Access, Accounts};
use crate::breaker::Breaker;
use crate::cache::{self, Cache};
use crate::config::{BuiltIn, Quarantine};
use crate::contract;
use crate::error::LoadError;
use crate::operator::PluginSettings;
use crate::plugin::{Plugin, Stage};
use crate::sandbox::{self, Subject};
use crate::tools;
use crate::v0_1;
use std::borrow::Cow;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use tokio::sync::Semaphore;
use wingman_manifest::{Kind, Limits, Manifest};
use wingman_message::PluginFailure;

const MAX_MANIFEST_KIB: u64 = 64;
const MAX_WASM_MIB: u64 = 128;
/// Starting an instance takes microseconds; a plugin that loops in it must not hold up the gateway's start for long.
const MAX_START_MS: u64 = 2_000;

/// Where a plugin comes from.
#[derive(Clone)]
pub(crate) enum Source {
    BuiltIn(BuiltIn),
    /// A folder in the plugins folder; its name may be anything.
    Folder {
        name: String,
        path: PathBuf,
    },
}

impl Source {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::BuiltIn(built_in) => &built_in.name,
            Self::Folder { name, .. } => name,
        }
    }

    pub(crate) fn is_built_in(&self) -> bool {
        matches!(self, Self::BuiltIn(_))
    }

    /// Changes whenever the plugin may have: equal stamps, equal plugins.
    pub(crate) fn stamp(&self) -> Stamp {
        match self {
            Self::BuiltIn(_) => Stamp::default(),
            Self::Folder { path, .. } => Stamp(["plugin.toml", "plugin.wasm"].map(|file| {
                let metadata = std::fs::metadata(path.join(file)).ok()?;
                Some((metadata.modified().ok()?, metadata.len(), inode(&metadata)))
            })),
        }
    }
}

/// What the file system says of a plugin's two files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stamp([Option<(SystemTime, u64, u64)>; 2]);

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}

/// The plugins in the folder, by name. What is no folder, or hidden, is none of ours.
pub(crate) fn folders(dir: &Path) -> io::Result<Vec<Source>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.path().is_dir() {
            found.push(Source::Folder { name, path: entry.path() });
        }
    }
    found.sort_by(|left, right| left.name().cmp(right.name()));
    Ok(found)
}

/// A loaded plugin, and how it came to be.
pub(crate) struct Loaded {
    pub(crate) plugin: Plugin,
    pub(crate) cached: bool,
    pub(crate) cache_entry: Option<PathBuf>,
}

/// A plugin that cannot be loaded, with as much as is known of it.
pub(crate) struct Refused {
    pub(crate) manifest: Option<Box<Manifest>>,
    pub(crate) error: LoadError,
}

/// What loading needs.
pub(crate) struct Loader {
    /// Held while a plugin is compiled, which takes all cores and much memory.
    pub(crate) compiling: Arc<Mutex<()>>,
    pub(crate) stage: Arc<Stage>,
    pub(crate) cache: Option<Arc<Cache>>,
    pub(crate) per_plugin: u32,
    pub(crate) quarantine: Quarantine,
}

impl Loader {
    /// Reads, compiles, checks, and starts one instance to see that it can be.
    pub(crate) async fn load(&self, source: &Source, settings: &PluginSettings) -> Result<Loaded, Refused> {
        let manifest = read_manifest(source).map_err(|error| Refused { manifest: None, error })?;
        match self.load_as(source, &manifest, settings).await {
            Ok(loaded) => Ok(loaded),
            Err(error) => Err(Refused { manifest: Some(Box::new(manifest)), error }),
        }
    }

    async fn load_as(&self, source: &Source, manifest: &Manifest, settings: &PluginSettings) -> Result<Loaded, LoadError> {
        let (source, cache, engine) = (source.clone(), self.cache.clone(), self.stage.sandbox.engine.clone());
        let compiling = Arc::clone(&self.compiling);
        let built_in = source.is_built_in();
        let compiled = tokio::task::spawn_blocking(move || {
            let wasm = read_wasm(&source)?;
            cache::compile(&engine, cache.as_deref(), &wasm, &compiling).map_err(|error| LoadError::Compile(format!("{error:#}")))
        })
        .await
        .map_err(|error| LoadError::Internal(error.to_string()))??;
        contract::check(&compiled.component, manifest)?;
        let entry = v0_1::Entry::link(&compiled.component, manifest.kind).map_err(|error| misfit(&error))?;
        let plugin = Plugin {
            entry: Arc::new(entry),
            manifest: Arc::new(manifest.clone()),
            built_in,
            settings: PluginSettings::default(),
            accounts: Accounts::new(),
            notes: Vec::new(),
            tools: Vec::new(),
            slots: Arc::new(Semaphore::new(self.per_plugin as usize)),
            breaker: Arc::new(Breaker::new(self.quarantine)),
        };
        self.start_once(&plugin).await?;
        let plugin = self.fit(&plugin, settings).await.map_err(LoadError::Start)?;
        Ok(Loaded { plugin, cached: compiled.cached, cache_entry: compiled.entry })
    }

    /// The same plugin under another word of the operator's.
    pub(crate) async fn fit(&self, plugin: &Plugin, settings: &PluginSettings) -> Result<Plugin, PluginFailure> {
        let (accounts, notes) = access::accounts(&plugin.manifest, settings, plugin.built_in);
        let mut fitted = Plugin {
            manifest: Arc::clone(&plugin.manifest),
            built_in: plugin.built_in,
            entry: Arc::clone(&plugin.entry),
            settings: settings.clone(),
            accounts,
            notes,
            tools: Vec::new(),
            slots: Arc::clone(&plugin.slots),
            breaker: Arc::clone(&plugin.breaker),
        };
        if fitted.manifest.kind == Kind::Tool {
            match fitted.access(None) {
                Ok(_) => {
                    fitted.tools = fitted.list_tools(&self.stage).await?;
                    fitted.notes.extend(tools::too_long(&fitted));
                }
                // What is wrong with the account is noted; that there is none is not.
                Err(failure) if !fitted.accounts.contains_key(&None) => {
                    fitted.notes.push(format!("its tools are not offered: {failure}"))
                }
                Err(_) => {}
            }
        }
        Ok(fitted)
    }

    async fn start_once(&self, plugin: &Plugin) -> Result<(), LoadError> {
        let asked = plugin.manifest.limits;
        let limits = Limits { deadline_ms: asked.deadline_ms.min(MAX_START_MS), ..asked };
        let access = Arc::new(Access::nothing(&plugin.manifest.name));
        let subject = Subject { manifest: Arc::clone(&plugin.manifest), access, progress: None };
        let (mut store, timer) = self.stage.sandbox.enter(subject, limits);
        let outcome = timer.drive(plugin.entry.try_out(&mut store)).await;
        outcome.map_err(|stop| LoadError::Start(sandbox::explain(stop, store.data())))?.map_err(|error| misfit(&error))
    }
}

fn misfit(error: &wasmtime::Error) -> LoadError {
    LoadError::Link(format!("{error:#}"))
}

fn read_manifest(source: &Source) -> Result<Manifest, LoadError> {
    wingman_message::PluginName::new(source.name())?;
    let text = match source {
        Source::BuiltIn(built_in) => built_in.manifest.clone(),
        Source::Folder { path, .. } => {
            let bytes = read(path, "plugin.toml", MAX_MANIFEST_KIB * 1024)?;
            let not_text =
                |error| LoadError::Read { file: "plugin.toml", source: io::Error::new(io::ErrorKind::InvalidData, error) };
            Cow::Owned(String::from_utf8(bytes).map_err(not_text)?)
        }
    };
    let manifest = Manifest::parse(&text)?;
    if manifest.name.as_str() != source.name() {
        let (manifest, folder) = (manifest.name.to_string(), source.name().to_owned());
        return Err(LoadError::NameMismatch { manifest, folder });
    }
    Ok(manifest)
}

fn read_wasm(source: &Source) -> Result<Cow<'static, [u8]>, LoadError> {
    let wasm = match source {
        Source::BuiltIn(built_in) => built_in.wasm.clone(),
        Source::Folder { path, .. } => Cow::Owned(read(path, "plugin.wasm", MAX_WASM_MIB * 1024 * 1024)?),
    };
    // The preamble: magic, version, layer.
    match wasm.get(..8) {
        Some(b"\0asm\x0d\0\x01\0") => Ok(wasm),
        Some(b"\0asm\x01\0\0\0") => Err(LoadError::CoreModule),
        _ => Err(LoadError::NotWasm),
    }
}

fn read(folder: &Path, file: &'static str, limit: u64) -> Result<Vec<u8>, LoadError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => LoadError::Missing { file },
        _ => LoadError::Read { file, source },
    };
    let opened = std::fs::File::open(folder.join(file)).map_err(failed)?;
    let mut content = Vec::new();
    opened.take(limit + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > limit {
        return Err(LoadError::TooLarge { file, limit_mib: limit.div_ceil(1024 * 1024) });
    }
    Ok(content)
}
