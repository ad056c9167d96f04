//! `wingman plugin`: the plugins that are there.

use super::runtime;
use crate::{compose, logs, settings, show};
use anyhow::Result;
use clap::Subcommand;
use serde_json::json;
use std::path::Path;
use wingman_config::{Config, Overrides};
use wingman_message::{Components, PluginState, PluginStatus};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the plugins: what they are, what they may use, whether they work
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        let Self::List { json } = self;
        let config = settings::load(config, &Overrides::default())?;
        logs::quiet();
        let plugins = runtime()?.block_on(async { Ok::<_, anyhow::Error>(compose::plugins(&config).await?.list()) })?;
        if json { show::json(&plugins.iter().map(as_json).collect::<Vec<_>>()) } else { print(&plugins, &config) }
    }
}

fn print(plugins: &[PluginStatus], config: &Config) -> Result<()> {
    if plugins.is_empty() {
        anstream::println!(
            "There are no plugins. Put one into {}/<name>/: plugin.toml and plugin.wasm.",
            config.plugins.dir.display()
        );
        return Ok(());
    }
    let rows = plugins.iter().map(|plugin| {
        let state = match plugin.state {
            PluginState::Ready => show::good("ready"),
            other => show::bad(other.as_str()),
        };
        let grants = if plugin.grants.is_empty() { "-".to_owned() } else { plugin.grants.join(", ") };
        let origin = if plugin.built_in { "built in" } else { "folder" };
        [
            plugin.name.clone(),
            or_dash(&plugin.version),
            or_dash(&plugin.kind),
            or_dash(&plugin.contract),
            grants,
            origin.into(),
            state,
        ]
    });
    show::table(["NAME", "VERSION", "KIND", "CONTRACT", "GRANTS", "FROM", "STATE"], rows);
    for (name, error) in plugins.iter().filter_map(|plugin| Some((&plugin.name, plugin.last_error.as_ref()?))) {
        anstream::println!("\n{}: {error}", show::bad(name));
    }
    Ok(())
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

fn as_json(plugin: &PluginStatus) -> serde_json::Value {
    json!({
        "name": plugin.name,
        "version": plugin.version,
        "kind": plugin.kind,
        "contract": plugin.contract,
        "builtIn": plugin.built_in,
        "grants": plugin.grants,
        "state": plugin.state.as_str(),
        "failures": plugin.failures,
        "lastError": plugin.last_error,
    })
}
