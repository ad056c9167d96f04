//! Which plugins there are: built in, in the folder, both, neither.

use crate::support::{Folder, component, manifest, normalize, receive, status};
use std::borrow::Cow;
use std::fs;
use wingman_message::{Components, PluginState};
use wingman_plugin::{BuiltIn, OpenError, PluginHost, PluginHostConfig};

const COUNTER: &str = include_str!("wat/counter.wat");

fn built_in(name: &'static str, kind: &str, wasm: Vec<u8>) -> BuiltIn {
    let manifest = manifest(name, kind, "").replace("1.0.0", "0.9.0");
    BuiltIn { name: Cow::Borrowed(name), manifest: Cow::Owned(manifest), wasm: Cow::Owned(wasm) }
}

async fn open(folder: &Folder, built_in: Vec<BuiltIn>) -> PluginHost {
    PluginHost::open(PluginHostConfig { built_in, ..folder.config() }).await.unwrap()
}

#[tokio::test]
async fn without_a_folder_there_are_the_built_in_plugins() {
    let folder = Folder::new();
    let host = open(&folder, vec![built_in("counter", "preset", component(COUNTER, "preset-plugin"))]).await;
    let counter = status(&host, "counter");
    assert_eq!((counter.built_in, counter.version.as_str(), counter.state), (true, "0.9.0", PluginState::Ready));
    assert!(counter.grants.is_empty(), "it imports nothing");
    assert_eq!(normalize(&host, "counter", "").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_plugin_in_the_folder_takes_the_place_of_a_built_in_one() {
    let folder = Folder::new();
    folder.preset("counter", COUNTER, "");
    let host =
        open(&folder, vec![built_in("counter", "preset", component(include_str!("wat/moody.wat"), "preset-plugin"))]).await;
    let counter = status(&host, "counter");
    assert_eq!((counter.built_in, counter.version.as_str()), (false, "1.0.0"));
    assert_eq!(counter.notes, ["takes the place of the built-in plugin"]);
    assert_eq!(normalize(&host, "counter", "").await.unwrap().len(), 1);
    assert_eq!(host.list().len(), 1);
}

#[tokio::test]
async fn a_broken_replacement_is_refused_and_the_built_in_one_stays() {
    let folder = Folder::new();
    folder.put("counter", "nonsense", b"");
    let host = open(&folder, vec![built_in("counter", "preset", component(COUNTER, "preset-plugin"))]).await;
    let counter = status(&host, "counter");
    assert_eq!((counter.built_in, counter.state), (true, PluginState::Ready));
    assert!(counter.notes[0].contains("the one in the plugins folder is refused: plugin.toml:1:"));
    assert_eq!(normalize(&host, "counter", "").await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_plugin_speaks_for_a_channel() {
    let folder = Folder::new();
    let wasm = component(include_str!("wat/channel.wat"), "channel-plugin");
    folder.put("other", &manifest("other", "channel", "[channel]\nname = \"talk\""), &wasm);
    let host = open(&folder, vec![built_in("talk", "channel", wasm.clone())]).await;
    let other = status(&host, "other");
    assert_eq!(other.state, PluginState::Failed);
    assert!(other.last_error.unwrap().contains("the plugin `talk` speaks for the channel `talk` already"));
    assert_eq!(receive(&host, "talk", "").await.unwrap().messages.len(), 1);
}

#[tokio::test]
async fn what_is_no_plugins_folder_is_left_alone_or_named() {
    let folder = Folder::new();
    fs::create_dir_all(folder.plugins().join(".git")).unwrap();
    fs::create_dir_all(folder.plugins().join("with space")).unwrap();
    fs::write(folder.plugins().join("README.md"), "hello").unwrap();
    let host = folder.open().await;
    let names: Vec<_> = host.list().into_iter().map(|status| status.name).collect();
    assert_eq!(names, ["with space"]);
    assert!(status(&host, "with space").last_error.unwrap().contains("a folder of that name cannot hold a plugin"));
}

#[tokio::test]
async fn a_plugins_folder_that_cannot_be_read_is_an_error_that_names_it() {
    let folder = Folder::new();
    fs::write(folder.plugins(), "a file").unwrap();
    let Err(error) = PluginHost::open(folder.config()).await else { panic!("a file was taken for a folder") };
    assert!(matches!(&error, OpenError::Folder { dir, .. } if *dir == folder.plugins()), "{error}");
}
