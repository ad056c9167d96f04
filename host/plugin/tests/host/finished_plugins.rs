//! The project's own plugins, as `cargo xtask plugins` builds them, in the real host. What they make of a delivery is tested beside
//! each of them; here it is that they load, start from the cache, and refuse garbage in their own words.

use crate::support::{Folder, normalize, receive};
use std::path::{Path, PathBuf};
use wingman_manifest::Kind;
use wingman_message::{Components, PluginName, PluginState};
use wingman_plugin::{PluginHost, PluginHostConfig};

fn folder() -> PathBuf {
    let dir = std::env::var_os("WINGMAN_PLUGINS_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins"), PathBuf::from);
    assert!(dir.is_dir(), "there are no plugins in {}: run `cargo xtask plugins` first", dir.display());
    dir
}

#[tokio::test]
async fn the_projects_plugins_load_and_bear_garbage() {
    let state = Folder::new();
    let config = || PluginHostConfig { dir: folder(), ..state.config() };
    let host = PluginHost::open(config()).await.unwrap();
    let plugins = host.list();
    assert!(plugins.iter().any(|plugin| plugin.kind == "preset"), "no preset: run `cargo xtask plugins` first");
    assert!(plugins.iter().any(|plugin| plugin.kind == "channel"), "no channel: run `cargo xtask plugins` first");
    for plugin in &plugins {
        assert_eq!((plugin.state, &plugin.last_error), (PluginState::Ready, &None), "{}", plugin.name);
        let manifest = host.manifest(&PluginName::new(&plugin.name).unwrap()).unwrap();
        for body in ["", "{}", "[]", "not json", "{\"messages\":[null]}", "\u{0}\u{fffd}"] {
            let failure = match (manifest.kind, &manifest.channel) {
                (Kind::Preset, _) => normalize(&host, &plugin.name, body).await.err(),
                (Kind::Channel, Some(channel)) => receive(&host, channel.as_str(), body).await.err(),
                _ => None,
            };
            assert!(
                !failure.as_ref().is_some_and(wingman_message::PluginFailure::is_misbehaviour),
                "{}: {failure:?}",
                plugin.name
            );
        }
    }
    let again = PluginHost::open(config()).await.unwrap();
    assert!(again.load_reports().iter().all(|report| report.cached), "{:?}", again.load_reports());
}
