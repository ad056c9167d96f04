//! Hosts, plugins and deliveries to measure with.

use anyhow::{Context, Result};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use wingman_message::{WebhookDelivery, WebhookId};
use wingman_plugin::{BuiltIn, PluginHost, PluginHostConfig, Quarantine, Slots};
use wingman_sdk::{Delivery, Inbound, Preset};

/// 2026-01-02T03:04:05Z.
const NOW_MS: u64 = 1_767_323_045_000;

/// A preset that is there twice: as a component, and as a function of this program.
pub(crate) struct Twin {
    pub(crate) name: &'static str,
    pub(crate) body: &'static str,
    pub(crate) native: fn(Delivery) -> wingman_sdk::Result<Vec<Inbound>>,
}

/// A small payload and a larger one.
pub(crate) const TWINS: [Twin; 2] = [
    Twin { name: "generic", body: include_str!("alert.json"), native: wingman_generic::Generic::normalize },
    Twin {
        name: "gog-gmail",
        body: include_str!("../../../plugins/gog-gmail/fixtures/watch.json"),
        native: wingman_gog_gmail::GogGmail::normalize,
    },
];

impl Twin {
    pub(crate) fn delivery(&self) -> Result<WebhookDelivery> {
        delivery(self.body)
    }

    /// What the host does for a call, without a component: the digest, and the record that the preset reads.
    pub(crate) fn call_native(&self, delivery: WebhookDelivery) -> wingman_sdk::Result<Vec<Inbound>> {
        (self.native)(Delivery {
            webhook: delivery.webhook.to_string(),
            label: delivery.label,
            content_type: delivery.content_type,
            headers: Vec::new(),
            digest: hex::encode(Sha256::digest(&delivery.body)),
            body: delivery.body.into(),
            received_at: NOW_MS,
            settings: "{}".to_owned(),
        })
    }
}

pub(crate) fn delivery(body: &'static str) -> Result<WebhookDelivery> {
    Ok(WebhookDelivery {
        webhook: WebhookId::new("bench")?,
        label: None,
        content_type: "application/json".to_owned(),
        headers: Vec::new(),
        body: Bytes::from_static(body.as_bytes()),
        settings: String::new(),
    })
}

/// A built plugin, under its own name or another.
pub(crate) fn built(plugins: &Path, name: &str, called: &str) -> Result<BuiltIn> {
    let dir = plugins.join(name);
    let read = |file: &str| std::fs::read(dir.join(file)).with_context(|| format!("`{name}` is not built in {}", dir.display()));
    let manifest = String::from_utf8(read("plugin.toml")?)?;
    let own = format!("name = \"{name}\"");
    let manifest = manifest.replacen(&own, &format!("name = \"{called}\""), 1);
    Ok(BuiltIn { name: called.to_owned().into(), manifest: manifest.into(), wasm: read("plugin.wasm")?.into() })
}

/// A plugin that computes until it is stopped, again and again: never quarantined, so that it stays hostile.
pub(crate) fn hostile() -> Result<BuiltIn> {
    let core = wat::parse_str(include_str!("../../bad-plugins/loops-forever/plugin.wat"))?;
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let wasm = wingman_guest::componentize(&core, &wit, "preset-plugin")?;
    let manifest = include_str!("../../bad-plugins/loops-forever/plugin.toml");
    Ok(BuiltIn { name: "loops-forever".into(), manifest: manifest.into(), wasm: wasm.into() })
}

/// An open host, and the folder that its compiled code lies in.
pub(crate) struct Open {
    pub(crate) host: PluginHost,
    _state: TempDir,
}

/// Opens a host with plugins built in, its cache filled.
pub(crate) async fn open(built_in: Vec<BuiltIn>, pooled: bool) -> Result<Open> {
    let state = tempfile::tempdir()?;
    let host = open_in(state.path(), built_in, pooled).await?;
    Ok(Open { host, _state: state })
}

/// Opens a host that keeps its state in `state`.
pub(crate) async fn open_in(state: &Path, built_in: Vec<BuiltIn>, pooled: bool) -> Result<PluginHost> {
    let never = Quarantine { after: 1_000_000, window: Duration::ZERO, pause: Duration::ZERO };
    let config = PluginHostConfig {
        built_in,
        slots: Slots { pooled, ..Slots::default() },
        quarantine: never,
        ..PluginHostConfig::new(state.join("plugins"), state.join("cache"))
    };
    Ok(PluginHost::open(config).await?)
}
