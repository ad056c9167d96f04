//! The plugins folder while the gateway runs: what is put in, changed or removed takes effect, once the folder has been quiet for a
//! moment.

use crate::host::PluginHost;
use notify_debouncer_full::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How long the folder must be quiet: copying a plugin takes a moment.
const QUIET: Duration = Duration::from_millis(200);

/// Watches as long as it lives.
pub(crate) struct Watcher {
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    pub(crate) changed: Arc<Notify>,
}

impl Watcher {
    /// Watches `dir`, which is made where it is missing.
    pub(crate) fn new(dir: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(dir).map_err(|error| error.to_string())?;
        let changed = Arc::new(Notify::new());
        let waker = Arc::clone(&changed);
        let heard = move |events: DebounceEventResult| {
            // Reading is no change, and a reload reads. An error says that events may be missing, which is the same as a change.
            if events.map_or(true, |events| events.iter().any(|event| !event.kind.is_access())) {
                waker.notify_one();
            }
        };
        let mut debouncer = new_debouncer(QUIET, None, heard).map_err(|error| error.to_string())?;
        debouncer.watch(dir, RecursiveMode::Recursive).map_err(|error| error.to_string())?;
        // What came before the watch began was not heard.
        changed.notify_one();
        Ok(Self { _debouncer: debouncer, changed })
    }
}

/// Reloads with each change until `stop` fires.
pub(crate) async fn follow(host: PluginHost, watcher: Watcher, stop: CancellationToken) {
    while stop.run_until_cancelled(watcher.changed.notified()).await.is_some() {
        if let Err(error) = host.reload().await {
            tracing::error!(%error, "the plugins folder cannot be read; the plugins stay as they are");
        }
    }
}
