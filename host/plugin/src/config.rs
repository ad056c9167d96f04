//! What the plugin host is opened with. Plain data; the gateway builds it.

use crate::memory_store::MemoryStore;
use crate::operator::Operator;
use crate::services::Exchange;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wingman_egress::EgressConfig;
use wingman_message::{Clock, PluginStore, SystemClock};

/// Everything that [`PluginHost::open`](crate::PluginHost::open) needs.
pub struct PluginHostConfig {
    /// The plugins folder: one folder a plugin, with `plugin.toml` and `plugin.wasm`. It may be missing.
    pub dir: PathBuf,
    /// Where compiled code is kept. It holds native code, so it is made readable for its owner alone.
    pub cache_dir: PathBuf,
    /// Plugins that are shipped inside the gateway.
    pub built_in: Vec<BuiltIn>,
    /// How many calls may run at once.
    pub slots: Slots,
    /// When a plugin that keeps misbehaving is switched off, and for how long.
    pub quarantine: Quarantine,
    /// The operator's word on each plugin.
    pub operator: Operator,
    /// How calls out are made.
    pub egress: EgressConfig,
    /// What makes calls out by HTTP instead of the network.
    pub exchange: Option<Arc<dyn Exchange>>,
    /// Where plugins keep things.
    pub store: Arc<dyn PluginStore>,
    /// The clock that plugins and the quarantine read. Deadlines use the machine's monotonic clock.
    pub clock: Arc<dyn Clock>,
}

impl PluginHostConfig {
    /// The defaults for plugins in `dir`, with compiled code kept in `cache_dir`. What plugins keep is kept in memory.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            cache_dir: cache_dir.into(),
            built_in: Vec::new(),
            slots: Slots::default(),
            quarantine: Quarantine::default(),
            operator: Operator::new(),
            egress: EgressConfig::default(),
            exchange: None,
            store: Arc::new(MemoryStore::default()),
            clock: Arc::new(SystemClock),
        }
    }
}

/// A plugin that is part of the gateway's binary.
#[derive(Debug, Clone)]
pub struct BuiltIn {
    /// Its name, the same as in the manifest.
    pub name: Cow<'static, str>,
    /// The text of its `plugin.toml`.
    pub manifest: Cow<'static, str>,
    /// Its `plugin.wasm`.
    pub wasm: Cow<'static, [u8]>,
}

/// How many calls run side by side, and how their instances are made.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    /// Calls at once, of all plugins together.
    pub total: u32,
    /// Sockets that are kept and networks that are being asked, of all accounts together.
    pub actors: u32,
    /// Calls at once of one plugin, so that none can take every slot.
    pub per_plugin: u32,
    /// How long a call waits for a slot before it fails as busy.
    pub wait: Duration,
    /// Reserve the address space of all slots ahead (about 8 GiB of addresses a slot, no memory), which makes a fresh
    /// instance several times cheaper. Where the machine does not grant that, instances are made one by one.
    pub pooled: bool,
}

impl Default for Slots {
    fn default() -> Self {
        Self { total: 64, actors: 64, per_plugin: 32, wait: Duration::from_millis(250), pooled: true }
    }
}

/// The circuit breaker of each plugin.
#[derive(Debug, Clone, Copy)]
pub struct Quarantine {
    /// Switched off after so many misbehaviours in a row ...
    pub after: u32,
    /// ... within this time.
    pub window: Duration,
    /// After this time one call is let through; if it goes well the plugin is switched on again.
    pub pause: Duration,
}

impl Default for Quarantine {
    fn default() -> Self {
        Self { after: 5, window: Duration::from_secs(600), pause: Duration::from_secs(60) }
    }
}
