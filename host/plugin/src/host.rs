//! The plugin host: opened once, it loads every plugin and answers the gateway's calls.

use crate::cache::Cache;
use crate::config::PluginHostConfig;
use crate::engine;
use crate::error::{LoadError, OpenError};
use crate::lane::SlowLane;
use crate::load::{self, Loaded, Loader, Refused, Source};
use crate::manifest::{Kind, Manifest};
use crate::plugin::{Gate, Plugin};
use crate::sandbox::Sandbox;
use async_trait::async_trait;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use wingman_message::{
    ChannelName, Components, HttpRequest, Inbound, PluginFailure, PluginName, PluginState, PluginStatus, Received,
    WebhookDelivery,
};

/// The channel of every message that a preset makes.
const WEBHOOK_CHANNEL: &str = "webhook";

/// The loaded plugins. Clones share them.
#[derive(Clone)]
pub struct PluginHost {
    inner: Arc<Inner>,
}

struct Inner {
    sandbox: Arc<Sandbox>,
    gate: Gate,
    plugins: BTreeMap<String, Slot>,
    channels: BTreeMap<ChannelName, String>,
    webhook: ChannelName,
}

/// One line of the list of plugins.
struct Slot {
    plugin: Result<Plugin, PluginStatus>,
    /// What the operator should know besides: what it replaces, or what could not replace it.
    note: Option<String>,
    report: LoadReport,
}

/// How one plugin was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadReport {
    /// The plugin.
    pub name: String,
    /// Its compiled code came from the cache; false for plugins that could not be loaded.
    pub cached: bool,
    /// How long loading it took.
    pub took: Duration,
}

impl PluginHost {
    /// Starts the engine and loads the built-in plugins and those in the folder. One that is broken is listed as failed and stops
    /// nothing. A plugin in the folder takes the place of a built-in one of the same name, unless it is broken.
    ///
    /// Must be called within a tokio runtime with time enabled.
    ///
    /// # Errors
    /// [`OpenError`] when no plugin at all could run.
    pub async fn open(config: PluginHostConfig) -> Result<Self, OpenError> {
        let engine = engine::open(&config.slots)?;
        engine::start_ticker(&engine).map_err(OpenError::Ticker)?;
        let cache = Cache::open(&config.cache_dir, engine::compatibility(&engine))
            .inspect_err(|error| tracing::warn!(dir = %config.cache_dir.display(), %error, "compiled plugins cannot be kept"))
            .ok()
            .map(Arc::new);
        let folders = load::folders(&config.dir).map_err(|source| OpenError::Folder { dir: config.dir.clone(), source })?;
        let webhook = ChannelName::new(WEBHOOK_CHANNEL).map_err(|error| OpenError::Engine(error.to_string()))?;
        let sandbox = Arc::new(Sandbox { engine, clock: config.clock, lane: SlowLane::for_this_machine() });
        let loader = Loader {
            sandbox: Arc::clone(&sandbox),
            cache: cache.clone(),
            per_plugin: config.slots.per_plugin,
            quarantine: config.quarantine,
        };

        let mut shelf = Shelf::default();
        for source in config.built_in.into_iter().map(Source::BuiltIn).chain(folders) {
            shelf.load(&loader, &source).await;
        }
        if let Some(cache) = cache {
            cache.prune(&shelf.cache_entries);
        }
        let gate = Gate { slots: Semaphore::new(config.slots.total as usize), wait: config.slots.wait };
        let Shelf { plugins, channels, .. } = shelf;
        Ok(Self { inner: Arc::new(Inner { sandbox, gate, plugins, channels, webhook }) })
    }

    /// How each plugin was loaded, by name.
    #[must_use]
    pub fn load_reports(&self) -> Vec<LoadReport> {
        self.inner.plugins.values().map(|slot| slot.report.clone()).collect()
    }

    /// The manifest of a plugin that is loaded.
    #[must_use]
    pub fn manifest(&self, name: &PluginName) -> Option<&Manifest> {
        self.plugin(name.as_str()).map(|plugin| &plugin.manifest)
    }

    fn plugin(&self, name: &str) -> Option<&Plugin> {
        self.inner.plugins.get(name)?.plugin.as_ref().ok()
    }
}

#[async_trait]
impl Components for PluginHost {
    async fn normalize(&self, preset: &PluginName, delivery: WebhookDelivery) -> Result<Vec<Inbound>, PluginFailure> {
        let Inner { sandbox, gate, webhook, .. } = &*self.inner;
        let plugin = self
            .plugin(preset.as_str())
            .filter(|plugin| plugin.manifest.kind == Kind::Preset)
            .ok_or_else(|| PluginFailure::NotFound { kind: Kind::Preset.as_str(), name: preset.to_string() })?;
        plugin.normalize(sandbox, gate, webhook, delivery).await
    }

    async fn receive(&self, channel: &ChannelName, request: HttpRequest) -> Result<Received, PluginFailure> {
        let Inner { sandbox, gate, channels, .. } = &*self.inner;
        let plugin = channels
            .get(channel)
            .and_then(|name| self.plugin(name))
            .ok_or_else(|| PluginFailure::NotFound { kind: Kind::Channel.as_str(), name: channel.to_string() })?;
        plugin.receive(sandbox, gate, channel, request).await
    }

    fn list(&self) -> Vec<PluginStatus> {
        self.inner.plugins.values().map(Slot::status).collect()
    }
}

impl Slot {
    fn status(&self) -> PluginStatus {
        let mut status = match &self.plugin {
            Ok(plugin) => plugin.status(),
            Err(status) => status.clone(),
        };
        match &self.plugin {
            Ok(plugin) if !plugin.built_in => status.grants.extend(self.note.clone()),
            _ => status.last_error = status.last_error.or_else(|| self.note.clone()),
        }
        status
    }
}

/// The plugins while they are being loaded.
#[derive(Default)]
struct Shelf {
    plugins: BTreeMap<String, Slot>,
    channels: BTreeMap<ChannelName, String>,
    cache_entries: HashSet<std::path::PathBuf>,
}

impl Shelf {
    async fn load(&mut self, loader: &Loader, source: &Source) {
        let started = Instant::now();
        let loaded = loader.load(source).await.and_then(|loaded| self.claim_channel(loaded));
        let report = |cached| LoadReport { name: source.name().to_owned(), cached, took: started.elapsed() };
        match loaded {
            Ok(Loaded { plugin, cached, cache_entry }) => {
                tracing::info!(plugin = source.name(), version = %plugin.manifest.version, cached, "plugin loaded");
                self.cache_entries.extend(cache_entry);
                let note = self.plugins.contains_key(source.name()).then(|| "takes the place of the built-in plugin".to_owned());
                let slot = Slot { plugin: Ok(plugin), note, report: report(cached) };
                self.plugins.insert(source.name().to_owned(), slot);
            }
            Err(Refused { manifest, error }) => {
                tracing::warn!(plugin = source.name(), %error, "plugin refused");
                match self.plugins.get_mut(source.name()) {
                    Some(Slot { plugin: Ok(_), note, .. }) => {
                        *note = Some(format!("the one in the plugins folder is refused: {error}"))
                    }
                    _ => {
                        let status = failed(source, manifest.as_deref(), &error);
                        let slot = Slot { plugin: Err(status), note: None, report: report(false) };
                        self.plugins.insert(source.name().to_owned(), slot);
                    }
                }
            }
        }
    }

    /// Gives a channel plugin its channel. One plugin speaks for a channel: the one that was there first, or its replacement.
    fn claim_channel(&mut self, loaded: Loaded) -> Result<Loaded, Refused> {
        let manifest = &loaded.plugin.manifest;
        let Some(channel) = &manifest.channel else {
            self.channels.retain(|_, owner| owner != manifest.name.as_str());
            return Ok(loaded);
        };
        match self.channels.get(channel) {
            Some(other) if other != manifest.name.as_str() => {
                let error = LoadError::ChannelTaken { channel: channel.to_string(), other: other.clone() };
                Err(Refused { manifest: Some(Box::new(manifest.clone())), error })
            }
            _ => {
                self.channels.retain(|_, owner| owner != manifest.name.as_str());
                self.channels.insert(channel.clone(), manifest.name.to_string());
                Ok(loaded)
            }
        }
    }
}

fn failed(source: &Source, manifest: Option<&Manifest>, error: &LoadError) -> PluginStatus {
    let known = |text: fn(&Manifest) -> String| manifest.map(text).unwrap_or_default();
    PluginStatus {
        name: source.name().to_owned(),
        version: known(|manifest| manifest.version.to_string()),
        kind: known(|manifest| manifest.kind.to_string()),
        contract: known(|manifest| manifest.contract.to_string()),
        built_in: source.is_built_in(),
        grants: Vec::new(),
        state: PluginState::Failed,
        failures: 0,
        last_error: Some(error.to_string()),
    }
}
