//! The plugin host: opened once, it loads every plugin, answers the gateway's calls, and follows the plugins folder.

use crate::actor::Actors;
use crate::cache::Cache;
use crate::config::PluginHostConfig;
use crate::engine;
use crate::error::OpenError;
use crate::lane::SlowLane;
use crate::load::{self, Loader, Source};
use crate::operator::Operator;
use crate::plugin::{Plugin, Stage};
use crate::sandbox::Sandbox;
use crate::services::Services;
use crate::shelf::{LoadReport, Shelf};
use crate::tools;
use crate::v0_1::Speaker;
use crate::verification::Verifier;
use crate::watch::{self, Watcher};
use async_trait::async_trait;
use bytes::Bytes;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;
use wingman_egress::{Egress, SystemResolver};
use wingman_manifest::{Kind, Manifest};
use wingman_message::{
    AccountName, ChannelName, ChannelSkills, Components, Entrance, HttpRequest, Inbound, Intake, Outbound, Place, PluginFailure,
    PluginName, PluginStatus, Receipt, Received, Tool, ToolSource, Unverified, UnverifiedRequest, VerifiedRequest,
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
    stage: Arc<Stage>,
    verifier: Verifier,
    webhook: ChannelName,
    dir: PathBuf,
    /// What is there now. Held to take or replace the pointer, never across an await.
    shelf: RwLock<Arc<Shelf>>,
    /// Held by whoever makes the next shelf.
    keeper: Mutex<Keeper>,
    actors: OnceLock<Actors>,
    stop: CancellationToken,
}

/// What the next shelf is made of.
struct Keeper {
    loader: Loader,
    built_in: Vec<Source>,
    operator: Operator,
}

/// How an account on a network is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The credentials work.
    pub ok: bool,
    /// The account's name on the network, such as a bot's user name.
    pub account: Option<String>,
    /// One sentence for the operator.
    pub detail: String,
}

/// A file that a channel's plugin found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// As the network named it.
    pub media_type: String,
    /// The content.
    pub bytes: Bytes,
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
        let webhook = ChannelName::new(WEBHOOK_CHANNEL).map_err(|error| OpenError::Engine(error.to_string()))?;
        let egress = Egress::new(&config.egress, Arc::new(SystemResolver::default()))
            .map_err(|error| OpenError::Egress(error.to_string()))?;
        let exchange = config.exchange.unwrap_or_else(|| Arc::new(egress.clone()));
        let services = Arc::new(Services { egress, exchange, store: config.store });
        let sandbox = Arc::new(Sandbox { engine, clock: config.clock, lane: SlowLane::for_this_machine(), services });
        let slots = Semaphore::new(config.slots.total as usize);
        let actor_slots = Semaphore::new(config.slots.actors as usize);
        let stage = Arc::new(Stage { sandbox, slots, actor_slots, wait: config.slots.wait });
        let loader = Loader {
            compiling: Arc::default(),
            stage: Arc::clone(&stage),
            cache,
            per_plugin: config.slots.per_plugin,
            quarantine: config.quarantine,
        };
        let built_in = config.built_in.into_iter().map(Source::BuiltIn).collect();
        let host = Self {
            inner: Arc::new(Inner {
                stage,
                verifier: Verifier::default(),
                webhook,
                dir: config.dir,
                shelf: RwLock::default(),
                keeper: Mutex::new(Keeper { loader, built_in, operator: config.operator }),
                actors: OnceLock::new(),
                stop: CancellationToken::new(),
            }),
        };
        host.reload().await?;
        Ok(host)
    }

    /// Begins to move by itself: sockets are opened, networks are asked, and the plugins folder is watched. `intake` takes what
    /// comes in. Only the first call does anything.
    pub async fn start(&self, intake: Arc<dyn Intake>) {
        // No shelf is made meanwhile, so that the actors follow them in their order.
        let _keeper = self.inner.keeper.lock().await;
        let actors = Actors::new(Arc::clone(&self.inner.stage), intake);
        if self.inner.actors.set(actors).is_err() {
            return;
        }
        if let Some(actors) = self.inner.actors.get() {
            actors.follow(&self.shelf());
        }
        match Watcher::new(&self.inner.dir) {
            Ok(watcher) => {
                // The watcher's own first look finds what came between the loading and now.
                tokio::spawn(watch::follow(self.clone(), watcher, self.inner.stop.clone()));
            }
            Err(error) => {
                tracing::warn!(dir = %self.inner.dir.display(), error, "the plugins folder cannot be watched; changes need a restart");
            }
        }
    }

    /// Ends what [`start`](Self::start) began. Calls in flight go on.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        if let Some(actors) = self.inner.actors.get() {
            actors.stop().await;
        }
    }

    /// Takes up what has changed in the plugins folder. Calls in flight finish on the version that they began with.
    ///
    /// # Errors
    /// [`OpenError::Folder`]: nothing has changed then.
    pub async fn reload(&self) -> Result<(), OpenError> {
        let keeper = self.inner.keeper.lock().await;
        self.renew(&keeper).await
    }

    /// Takes the operator's word as it is now.
    ///
    /// # Errors
    /// [`OpenError::Folder`]
    pub async fn reconfigure(&self, operator: Operator) -> Result<(), OpenError> {
        let mut keeper = self.inner.keeper.lock().await;
        let before = std::mem::replace(&mut keeper.operator, operator);
        let renewed = self.renew(&keeper).await;
        if renewed.is_err() {
            keeper.operator = before;
        }
        renewed
    }

    async fn renew(&self, Keeper { loader, built_in, operator }: &Keeper) -> Result<(), OpenError> {
        let Inner { dir, shelf, actors, .. } = &*self.inner;
        let folders = load::folders(dir).map_err(|source| OpenError::Folder { dir: dir.clone(), source })?;
        let sources = built_in.iter().cloned().chain(folders).collect();
        let next = Arc::new(self.shelf().next(loader, sources, operator).await);
        *shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        if let Some(actors) = actors.get() {
            actors.follow(&next);
        }
        if let Some(cache) = &loader.cache {
            cache.prune(&next.cache_entries());
        }
        Ok(())
    }

    fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.inner.shelf.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How each plugin was loaded, by name.
    #[must_use]
    pub fn load_reports(&self) -> Vec<LoadReport> {
        self.shelf().plugins.values().map(|slot| slot.report.clone()).collect()
    }

    /// The manifest of a plugin that is loaded.
    #[must_use]
    pub fn manifest(&self, name: &PluginName) -> Option<Arc<Manifest>> {
        self.shelf().plugin(name.as_str()).map(|plugin| Arc::clone(&plugin.manifest))
    }

    /// Asks the network whether an account's credentials work.
    ///
    /// # Errors
    /// [`PluginFailure`]; [`PluginFailure::Unsupported`] where the plugin has no `lifecycle`.
    pub async fn probe(&self, channel: &ChannelName, account: Option<&AccountName>) -> Result<Health, PluginFailure> {
        self.speaker(channel)?.probe(&self.inner.stage, account).await
    }

    /// Tells the network to call `public_url`, or no longer to call.
    ///
    /// # Errors
    /// [`PluginFailure`]; [`PluginFailure::Unsupported`] where the plugin has no `lifecycle`.
    pub async fn register(
        &self,
        channel: &ChannelName,
        account: Option<&AccountName>,
        public_url: Option<&str>,
    ) -> Result<(), PluginFailure> {
        self.speaker(channel)?.register(&self.inner.stage, account, public_url).await
    }

    /// Fetches the file behind a reference of the network's, under the plugin's grants.
    ///
    /// # Errors
    /// [`PluginFailure`]; [`PluginFailure::Unsupported`] where the plugin has no `media`.
    pub async fn fetch(
        &self,
        channel: &ChannelName,
        account: Option<&AccountName>,
        reference: &str,
    ) -> Result<Fetched, PluginFailure> {
        let (media_type, bytes) = self.speaker(channel)?.fetch(&self.inner.stage, account, reference).await?;
        Ok(Fetched { media_type, bytes })
    }

    fn speaker(&self, channel: &ChannelName) -> Result<Arc<Plugin>, PluginFailure> {
        let missing = || PluginFailure::NotFound { kind: Kind::Channel.as_str(), name: channel.to_string() };
        self.shelf().speaker(channel).cloned().ok_or_else(missing)
    }

    fn preset(&self, preset: &PluginName) -> Result<Arc<Plugin>, PluginFailure> {
        let missing = || PluginFailure::NotFound { kind: Kind::Preset.as_str(), name: preset.to_string() };
        let shelf = self.shelf();
        shelf.plugin(preset.as_str()).filter(|plugin| plugin.manifest.kind == Kind::Preset).cloned().ok_or_else(missing)
    }
}

#[async_trait]
impl Components for PluginHost {
    async fn normalize(&self, preset: &PluginName, delivery: WebhookDelivery) -> Result<Vec<Inbound>, PluginFailure> {
        self.preset(preset)?.normalize(&self.inner.stage, &self.inner.webhook, delivery).await
    }

    async fn receive(
        &self,
        channel: &ChannelName,
        account: Option<&AccountName>,
        request: HttpRequest,
    ) -> Result<Received, PluginFailure> {
        self.speaker(channel)?.receive(&self.inner.stage, Speaker { channel, account }, request).await
    }

    fn has_rules(&self, preset: &PluginName) -> bool {
        self.preset(preset).is_ok_and(|plugin| plugin.manifest.verification.is_some())
    }

    fn verify(&self, entrance: Entrance<'_>, request: UnverifiedRequest) -> Result<VerifiedRequest, Unverified> {
        let plugin = match entrance {
            Entrance::Channel { channel, .. } => self.speaker(channel),
            Entrance::Preset { preset, .. } => self.preset(preset),
        };
        let plugin = plugin.map_err(|failure| Unverified::NoEntrance(failure.to_string()))?;
        self.inner.verifier.verify(&plugin, entrance, request)
    }

    async fn deliver(&self, outbound: Outbound) -> Result<Receipt, PluginFailure> {
        self.speaker(&outbound.place.channel)?.deliver(&self.inner.stage, outbound).await
    }

    async fn typing(&self, place: &Place, context: Option<&str>) -> Result<Duration, PluginFailure> {
        self.speaker(&place.channel)?.typing(&self.inner.stage, place, context).await
    }

    async fn react(&self, place: &Place, message: &str, emoji: Option<&str>) -> Result<(), PluginFailure> {
        self.speaker(&place.channel)?.react(&self.inner.stage, place, (message, emoji)).await
    }

    fn skills(&self, channel: &ChannelName) -> Option<ChannelSkills> {
        let skills = self.speaker(channel).ok()?.entry.skills();
        Some(ChannelSkills { presence: skills.presence })
    }

    fn list(&self) -> Vec<PluginStatus> {
        let mut all: Vec<PluginStatus> = self.shelf().plugins.values().map(|slot| slot.status()).collect();
        if let Some(actors) = self.inner.actors.get() {
            for status in &mut all {
                status.notes.extend(actors.notes(&status.name));
            }
        }
        all
    }
}

impl ToolSource for PluginHost {
    fn tools(&self) -> Vec<Arc<dyn Tool>> {
        let shelf = self.shelf();
        let plugins = shelf.plugins.values().filter_map(|slot| slot.plugin.as_ref().ok());
        plugins.flat_map(|plugin| tools::of(&self.inner.stage, plugin)).collect()
    }
}
