//! The section `plugins` of the configuration as the plugin host takes it, and word of each change of the file.

use anyhow::{Context, Result};
use ipnet::IpNet;
use notify_debouncer_full::notify::RecursiveMode;
use notify_debouncer_full::{DebounceEventResult, DebouncedEvent, new_debouncer};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wingman_config::{Config, HttpGrant, PluginAccount, PluginUse};
use wingman_message::{AccountName, PluginName};
use wingman_plugin::{Account, Grants, Operator, PluginSettings};

/// How long the file must be quiet: editors write it in several steps.
const QUIET: Duration = Duration::from_millis(200);

/// What the configuration says of plugins. Secrets are looked up now; one that is not there leaves its account unusable.
pub(crate) async fn read(config: &Config) -> Result<Operator> {
    let uses = config.plugins.uses.clone();
    // A secret may be in a file.
    tokio::task::spawn_blocking(move || translate(&uses)).await?
}

fn translate(uses: &BTreeMap<String, PluginUse>) -> Result<Operator> {
    uses.iter().map(|(name, one)| Ok((PluginName::new(name)?, plugin(name, one)?))).collect()
}

fn plugin(name: &str, one: &PluginUse) -> Result<PluginSettings> {
    let PluginUse { enabled, grants, account: unnamed, accounts: named } = one;
    let mut accounts = BTreeMap::new();
    if named.is_empty() || !unnamed.settings.is_empty() || !unnamed.secrets.is_empty() {
        accounts.insert(None, account(name, unnamed));
    }
    for (id, one) in named {
        accounts.insert(Some(AccountName::new(id)?), account(name, one));
    }
    let networks = grants.private_networks.iter().map(|range| network(range.as_str())).collect::<Result<_>>()?;
    let http = match &grants.http {
        HttpGrant::All => wingman_plugin::HttpGrant::AsAsked,
        HttpGrant::Only(hosts) if hosts.is_empty() => wingman_plugin::HttpGrant::Nothing,
        HttpGrant::Only(hosts) => wingman_plugin::HttpGrant::Hosts(hosts.clone()),
    };
    let grants = Grants { http, sockets: grants.sockets, private_networks: networks };
    Ok(PluginSettings { enabled: *enabled, grants, accounts })
}

/// A network (`10.0.0.0/8`) or a single address.
fn network(text: &str) -> Result<IpNet> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| address()).with_context(|| format!("`{text}` is no network"))
}

fn account(plugin: &str, account: &PluginAccount) -> Account {
    let mut secrets = BTreeMap::new();
    for (name, source) in &account.secrets {
        match source.read(|variable| std::env::var(variable).ok()) {
            Ok(secret) => drop(secrets.insert(name.clone(), secret)),
            Err(error) => tracing::warn!(plugin, secret = name, %error, "a plugin's secret cannot be had"),
        }
    }
    Account { settings: serde_json::Value::Object(account.settings.clone()), secrets }
}

/// Notifies `changed` with each change of `file`, until `stop` fires.
pub(crate) fn follow(file: &Path, changed: Arc<Notify>, stop: CancellationToken) -> Result<()> {
    let watched = file.to_path_buf();
    let heard = move |events: DebounceEventResult| {
        // Reading is no change, and taking a change reads.
        let concerns = |events: Vec<DebouncedEvent>| {
            let mut changes = events.iter().filter(|event| !event.kind.is_access());
            changes.any(|event| event.paths.iter().any(|path| path.file_name() == watched.file_name()))
        };
        if events.map_or(true, concerns) {
            changed.notify_one();
        }
    };
    let mut debouncer = new_debouncer(QUIET, None, heard)?;
    // The folder, not the file: whoever saves a file often puts a new one in its place.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    debouncer.watch(folder, RecursiveMode::NonRecursive)?;
    tokio::spawn(async move {
        let _watching = debouncer;
        stop.cancelled().await;
    });
    Ok(())
}
