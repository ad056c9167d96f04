//! `wingman plugin list`

use super::install;
use crate::cli::running::Gateway;
use crate::cli::runtime;
use crate::{compose, logs, settings, show};
use anyhow::Result;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use wingman_config::{Config, Overrides};
use wingman_message::Components as _;
use wingman_package::{Listed, Pin, Standing};
use wingman_protocol::{PluginState, PluginSummary};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Where plugins come from, by name.
type Origins = BTreeMap<String, Listed>;

impl Args {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        let config = settings::load(config, &Overrides::default())?;
        logs::quiet();
        let listed = install::plugins(&config)?.list()?;
        let origins: Origins = listed.into_iter().map(|one| (one.name.to_string(), one)).collect();
        let plugins = plugins(&config)?;
        if self.json {
            let all: Vec<Value> = plugins.iter().map(|plugin| as_json(plugin, origins.get(&plugin.name))).collect();
            return show::json(&all);
        }
        print(&plugins, &origins, &config);
        Ok(())
    }
}

/// As the running gateway has them, which alone knows how its sockets are and what it switched off; as they would load, where none runs.
fn plugins(config: &Config) -> Result<Vec<PluginSummary>> {
    if let Some(gateway) = Gateway::running(config)? {
        return gateway.plugins();
    }
    let loaded = runtime()?.block_on(async { Ok::<_, anyhow::Error>(compose::plugins(config).await?.list()) })?;
    Ok(loaded.iter().map(PluginSummary::from).collect())
}

fn print(plugins: &[PluginSummary], origins: &Origins, config: &Config) {
    if plugins.is_empty() {
        let dir = config.plugins.dir.display();
        anstream::println!("There are no plugins. Put one into {dir}/<name>/ (plugin.toml, plugin.wasm), or install a package.");
        return super::next("wingman plugin install PACKAGE");
    }
    let rows = plugins.iter().map(|plugin| {
        let state = match plugin.state {
            PluginState::Ready => show::good("ready"),
            other => show::bad(&word(other)),
        };
        let uses = if plugin.grants.is_empty() { "-".to_owned() } else { plugin.grants.join(", ") };
        let from = from(plugin, origins.get(&plugin.name));
        let [version, kind, contract] = [&plugin.version, &plugin.kind, &plugin.contract].map(|text| or_dash(text));
        [plugin.name.clone(), version, kind, contract, uses, from, state]
    });
    show::table(["NAME", "VERSION", "KIND", "CONTRACT", "USES", "FROM", "STATE"], rows);
    for plugin in plugins {
        for note in &plugin.notes {
            anstream::println!("\n{}: {note}", plugin.name);
        }
        if let Some(error) = &plugin.last_error {
            anstream::println!("\n{}: {error}", show::bad(&plugin.name));
        }
    }
}

fn from(plugin: &PluginSummary, listed: Option<&Listed>) -> String {
    match listed.map(|listed| &listed.standing) {
        Some(Standing::Installed(Pin { signer: Some(key), .. })) => format!("installed, signed by {key}"),
        Some(Standing::Installed(_)) => "installed, unsigned".to_owned(),
        Some(Standing::Missing(_)) => "installed, folder is gone".to_owned(),
        Some(Standing::Unmanaged) => "folder".to_owned(),
        None if plugin.built_in => "built in".to_owned(),
        None => "folder".to_owned(),
    }
}

/// The state as the API writes it.
pub(super) fn word(state: PluginState) -> String {
    serde_json::to_value(state).ok().and_then(|state| Some(state.as_str()?.to_owned())).unwrap_or_default()
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

fn as_json(plugin: &PluginSummary, listed: Option<&Listed>) -> Value {
    let pin = listed.and_then(|listed| match &listed.standing {
        Standing::Installed(pin) | Standing::Missing(pin) => Some(pin),
        Standing::Unmanaged => None,
    });
    let installed = pin.map(|pin| {
        json!({
            "source": pin.source,
            "digest": pin.package.to_string(),
            "signer": pin.signer.map(|key| key.to_string()),
            "kept": listed.map(|listed| listed.kept.iter().map(ToString::to_string).collect::<Vec<_>>()),
        })
    });
    json!({
        "name": plugin.name,
        "version": plugin.version,
        "kind": plugin.kind,
        "contract": plugin.contract,
        "builtIn": plugin.built_in,
        "grants": plugin.grants,
        "state": plugin.state,
        "failures": plugin.failures,
        "lastError": plugin.last_error,
        "notes": plugin.notes,
        "installed": installed,
    })
}
