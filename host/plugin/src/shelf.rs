//! The plugins as they are at one moment. A change makes a new shelf from the one before; calls in flight keep what they hold.

use crate::error::LoadError;
use crate::load::{Loader, Refused, Source, Stamp};
use crate::operator::{Operator, PluginSettings};
use crate::plugin::Plugin;
use futures::StreamExt;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wingman_manifest::Manifest;
use wingman_message::{ChannelName, PluginName, PluginState, PluginStatus};

/// How many plugins are read and made ready at once; no more than one of them is compiled at a time.
const LOADS_AT_ONCE: usize = 4;

/// All plugins, and who speaks for which channel.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) plugins: BTreeMap<String, Slot>,
    pub(crate) channels: BTreeMap<ChannelName, String>,
}

/// One line of the list of plugins.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) plugin: Result<Arc<Plugin>, PluginStatus>,
    /// Of what lies there, whether it runs or was refused; none: it is looked at again with the next change, whatever that is.
    stamp: Option<Stamp>,
    /// What the operator said when it was looked at.
    settings: PluginSettings,
    from_folder: bool,
    cache_entry: Option<PathBuf>,
    /// What the operator should know besides: what it replaces, or what could not replace it.
    note: Option<String>,
    pub(crate) report: LoadReport,
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

impl Slot {
    pub(crate) fn status(&self) -> PluginStatus {
        let mut status = match &self.plugin {
            Ok(plugin) => plugin.status(),
            Err(status) => status.clone(),
        };
        status.notes.extend(self.note.clone());
        status
    }

    /// A place whose plugin does not run.
    fn idle(source: &Source, manifest: Option<&Manifest>, state: PluginState, why: Option<String>) -> Self {
        let known = |text: fn(&Manifest) -> String| manifest.map(text).unwrap_or_default();
        let status = PluginStatus {
            name: source.name().to_owned(),
            version: known(|manifest| manifest.version.to_string()),
            kind: known(|manifest| manifest.kind.to_string()),
            contract: known(|manifest| manifest.contract.to_string()),
            built_in: source.is_built_in(),
            grants: Vec::new(),
            state,
            failures: 0,
            last_error: why,
            notes: Vec::new(),
        };
        Self {
            plugin: Err(status),
            stamp: None,
            settings: PluginSettings::default(),
            from_folder: !source.is_built_in(),
            cache_entry: None,
            note: None,
            report: LoadReport { name: source.name().to_owned(), cached: false, took: Duration::ZERO },
        }
    }
}

impl Shelf {
    pub(crate) fn plugin(&self, name: &str) -> Option<&Arc<Plugin>> {
        self.plugins.get(name)?.plugin.as_ref().ok()
    }

    pub(crate) fn speaker(&self, channel: &ChannelName) -> Option<&Arc<Plugin>> {
        self.plugin(self.channels.get(channel)?)
    }

    /// The files in the cache that are in use.
    pub(crate) fn cache_entries(&self) -> HashSet<PathBuf> {
        self.plugins.values().filter_map(|slot| slot.cache_entry.clone()).collect()
    }

    /// The shelf after this one, for what is there now.
    pub(crate) async fn next(&self, loader: &Loader, sources: Vec<Source>, operator: &Operator) -> Self {
        let mut by_name: BTreeMap<String, Vec<Source>> = BTreeMap::new();
        for source in sources {
            by_name.entry(source.name().to_owned()).or_default().push(source);
        }
        let shelved = futures::stream::iter(by_name).map(async |(name, mut sources)| {
            // The one in the folder comes first.
            sources.sort_by_key(Source::is_built_in);
            let settings = PluginName::new(&name).ok().and_then(|name| operator.get(&name)).cloned().unwrap_or_default();
            let slot = shelve(loader, &sources, &settings, self.plugins.get(&name)).await?;
            Some((name, slot))
        });
        let plugins = shelved.buffer_unordered(LOADS_AT_ONCE).filter_map(std::future::ready).collect().await;
        let mut next = Self { plugins, channels: BTreeMap::new() };
        next.give_channels(&self.channels);
        next
    }

    /// One plugin speaks for a channel: the one that did so far, or a built-in one, or the first by name.
    fn give_channels(&mut self, before: &BTreeMap<ChannelName, String>) {
        let mut claims: Vec<(bool, bool, String, ChannelName)> = Vec::new();
        for (name, slot) in &self.plugins {
            let Ok(plugin) = &slot.plugin else { continue };
            let Some(channel) = &plugin.manifest.channel else { continue };
            let held = before.get(channel) == Some(name);
            claims.push((!held, !plugin.built_in, name.clone(), channel.clone()));
        }
        claims.sort();
        for (_, _, name, channel) in claims {
            if let Some(other) = self.channels.get(&channel) {
                let error = LoadError::ChannelTaken { channel: channel.to_string(), other: other.clone() };
                self.turn_away(&name, &error);
            } else {
                self.channels.insert(channel, name);
            }
        }
    }

    fn turn_away(&mut self, name: &str, error: &LoadError) {
        let Some(slot) = self.plugins.get_mut(name) else { return };
        if let Ok(plugin) = &slot.plugin {
            tracing::warn!(plugin = name, %error, "plugin refused");
            let status = PluginStatus {
                state: PluginState::Failed,
                last_error: Some(error.to_string()),
                grants: Vec::new(),
                notes: Vec::new(),
                ..plugin.status()
            };
            slot.plugin = Err(status);
            // The channel may be free with the next change.
            slot.stamp = None;
        }
    }
}

/// What becomes of a plugin's place. `sources` is never empty, the preferred one first; none when nothing is there any more.
async fn shelve(loader: &Loader, sources: &[Source], settings: &PluginSettings, before: Option<&Slot>) -> Option<Slot> {
    let preferred = sources.first()?;
    if !settings.enabled {
        return Some(Slot::idle(preferred, None, PluginState::Disabled, None));
    }
    let stamp = preferred.stamp();
    if let Some(slot) = before
        && slot.stamp.as_ref() == Some(&stamp)
        && slot.from_folder != preferred.is_built_in()
    {
        if slot.settings == *settings {
            return Some(slot.clone());
        }
        if let Ok(plugin) = &slot.plugin {
            match loader.fit(plugin, settings).await {
                Ok(fitted) => return Some(Slot { plugin: Ok(Arc::new(fitted)), settings: settings.clone(), ..slot.clone() }),
                Err(failure) => {
                    tracing::warn!(plugin = preferred.name(), %failure, "cannot take the operator's change; loading it anew");
                }
            }
        }
    }
    let mut refused: Option<Refused> = None;
    for source in sources {
        let started = Instant::now();
        match loader.load(source, settings).await {
            Ok(loaded) => {
                let version = &loaded.plugin.manifest.version;
                tracing::info!(plugin = source.name(), %version, cached = loaded.cached, "plugin loaded");
                let replaces =
                    (!source.is_built_in() && sources.len() > 1).then(|| "takes the place of the built-in plugin".to_owned());
                let not_taken = refused.map(|refused| format!("the one in the plugins folder is refused: {}", refused.error));
                return Some(Slot {
                    report: LoadReport { name: source.name().to_owned(), cached: loaded.cached, took: started.elapsed() },
                    plugin: Ok(Arc::new(loaded.plugin)),
                    stamp: Some(stamp),
                    settings: settings.clone(),
                    from_folder: !preferred.is_built_in(),
                    cache_entry: loaded.cache_entry,
                    note: not_taken.or(replaces),
                });
            }
            Err(Refused { manifest, error }) => {
                tracing::warn!(plugin = source.name(), %error, "plugin refused");
                if let Some(slot) = before
                    && let Ok(plugin) = &slot.plugin
                {
                    return Some(keep(loader, preferred, settings, (slot, plugin, &error)).await);
                }
                refused = refused.or(Some(Refused { manifest, error }));
            }
        }
    }
    let Refused { manifest, error } = refused?;
    // What failed at its start may have failed for a moment; everything else stays as it is until somebody changes something.
    let stamp = (!matches!(error, LoadError::Start(_))).then_some(stamp);
    let slot = Slot::idle(preferred, manifest.as_deref(), PluginState::Failed, Some(error.to_string()));
    Some(Slot { stamp, settings: settings.clone(), ..slot })
}

/// The version before goes on, under the operator's word as it is now: a grant that was taken back is gone, whatever else is wrong.
async fn keep(
    loader: &Loader,
    preferred: &Source,
    settings: &PluginSettings,
    (slot, plugin, error): (&Slot, &Arc<Plugin>, &LoadError),
) -> Slot {
    let note = Some(format!("the one that is there now is refused, and the version before goes on: {error}"));
    let kept = Slot { note, from_folder: !preferred.is_built_in(), settings: settings.clone(), ..slot.clone() };
    let stamp = (!matches!(error, LoadError::Start(_))).then(|| preferred.stamp());
    if plugin.settings == *settings {
        return Slot { stamp, ..kept };
    }
    match loader.fit(plugin, settings).await {
        Ok(fitted) => Slot { plugin: Ok(Arc::new(fitted)), stamp, ..kept },
        Err(failure) => {
            let why = Some(failure.to_string());
            Slot { settings: settings.clone(), ..Slot::idle(preferred, Some(&plugin.manifest), PluginState::Failed, why) }
        }
    }
}
