//! A plugins folder that tests fill, and components made from text.

use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wingman_message::{
    ChannelName, Components, HttpRequest, Inbound, ManualClock, PluginFailure, PluginName, PluginStatus, Received,
    WebhookDelivery, WebhookId,
};
use wingman_plugin::{PluginHost, PluginHostConfig};

/// 2026-01-02T03:04:05Z.
pub(crate) const NOW_MS: i64 = 1_767_323_045_000;

/// The contract.
pub(crate) fn wit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")
}

/// A component of `world`, from the text of a core module.
pub(crate) fn component(wat: &str, world: &str) -> Vec<u8> {
    component_in(wat, &wit(), world)
}

/// The same against another folder of WIT.
pub(crate) fn component_in(wat: &str, wit: &Path, world: &str) -> Vec<u8> {
    let core = wat::parse_str(wat).expect("the text is a module");
    wingman_guest::componentize(&core, wit, world).expect("the module fits the contract")
}

/// A state folder of one test.
pub(crate) struct Folder {
    root: tempfile::TempDir,
    pub(crate) clock: ManualClock,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap(), clock: ManualClock::at(NOW_MS) }
    }

    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.path().join("plugins")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.root.path().join("cache")
    }

    /// Puts a preset into the folder; `extra` is appended to its manifest.
    pub(crate) fn preset(&self, name: &str, wat: &str, extra: &str) -> &Self {
        self.put(name, &manifest(name, "preset", extra), &component(wat, "preset-plugin"))
    }

    /// Puts a plugin into the folder.
    pub(crate) fn put(&self, name: &str, manifest: &str, wasm: &[u8]) -> &Self {
        let dir = self.plugins().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("plugin.toml"), manifest).unwrap();
        std::fs::write(dir.join("plugin.wasm"), wasm).unwrap();
        self
    }

    pub(crate) fn config(&self) -> PluginHostConfig {
        PluginHostConfig { clock: Arc::new(self.clock.clone()), ..PluginHostConfig::new(self.plugins(), self.cache()) }
    }

    pub(crate) async fn open(&self) -> PluginHost {
        PluginHost::open(self.config()).await.unwrap()
    }
}

/// The text of a manifest.
pub(crate) fn manifest(name: &str, kind: &str, extra: &str) -> String {
    format!("name = \"{name}\"\nversion = \"1.0.0\"\nkind = \"{kind}\"\ncontract = \"0.1.0\"\n{extra}\n")
}

pub(crate) fn delivery(body: &'static str) -> WebhookDelivery {
    WebhookDelivery {
        webhook: WebhookId::new("hook").unwrap(),
        label: Some("A hook".to_owned()),
        content_type: "application/json".to_owned(),
        headers: Vec::new(),
        body: Bytes::from_static(body.as_bytes()),
        settings: String::new(),
    }
}

/// Has a preset read `body`.
pub(crate) async fn normalize(host: &PluginHost, preset: &str, body: &'static str) -> Result<Vec<Inbound>, PluginFailure> {
    host.normalize(&PluginName::new(preset).unwrap(), delivery(body)).await
}

/// Has a channel read `body`.
pub(crate) async fn receive(host: &PluginHost, channel: &str, body: &'static str) -> Result<Received, PluginFailure> {
    let body = Bytes::from_static(body.as_bytes());
    let request = HttpRequest { method: "POST".to_owned(), url: "/".to_owned(), headers: Vec::new(), body };
    host.receive(&ChannelName::new(channel).unwrap(), None, request).await
}

/// What the list says about one plugin.
pub(crate) fn status(host: &PluginHost, name: &str) -> PluginStatus {
    host.list().into_iter().find(|status| status.name == name).unwrap_or_else(|| panic!("`{name}` is not in the list"))
}
