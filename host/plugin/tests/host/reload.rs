//! Plugins that come, change and go while calls are made.

use crate::support::{Folder, component, manifest, normalize, status};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use wingman_message::{PluginFailure, PluginState};

const COUNTER: &str = include_str!("wat/counter.wat");

#[tokio::test]
async fn a_plugin_that_is_put_in_works_and_one_that_is_taken_out_is_gone() {
    let folder = Folder::new();
    let host = folder.open().await;
    assert!(matches!(normalize(&host, "counter", "").await, Err(PluginFailure::NotFound { .. })));

    folder.preset("counter", COUNTER, "");
    host.reload().await.unwrap();
    assert_eq!(normalize(&host, "counter", "").await.unwrap().len(), 1);

    std::fs::remove_dir_all(folder.plugins().join("counter")).unwrap();
    host.reload().await.unwrap();
    assert!(matches!(normalize(&host, "counter", "").await, Err(PluginFailure::NotFound { .. })));
}

#[tokio::test]
async fn a_broken_version_is_refused_and_the_one_before_goes_on_until_a_good_one_comes() {
    let folder = Folder::new();
    folder.preset("counter", COUNTER, "");
    let host = folder.open().await;

    folder.put("counter", &manifest("counter", "preset", ""), b"\0asm\x0d\0\x01\0 and then nothing of use");
    host.reload().await.unwrap();
    let counter = status(&host, "counter");
    assert_eq!(counter.state, PluginState::Ready);
    assert!(counter.notes[0].contains("the version before goes on"), "{:?}", counter.notes);
    assert_eq!(normalize(&host, "counter", "").await.unwrap().len(), 1);

    let text = manifest("counter", "preset", "").replace("1.0.0", "1.1.0");
    folder.put("counter", &text, &component(COUNTER, "preset-plugin"));
    host.reload().await.unwrap();
    let counter = status(&host, "counter");
    assert_eq!((counter.version.as_str(), counter.notes.as_slice()), ("1.1.0", &[][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_replacements_under_traffic_lose_no_call() {
    let folder = Folder::new();
    let wasm = component(COUNTER, "preset-plugin");
    folder.put("counter", &manifest("counter", "preset", ""), &wasm);
    let host = folder.open().await;
    let (done, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (host, done, calls) = (host.clone(), Arc::clone(&done), Arc::clone(&calls));
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(normalize(&host, "counter", "").await.map(|messages| messages.len()), Ok(1));
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for version in 0..100 {
        let before = calls.load(Ordering::Relaxed);
        let text = manifest("counter", "preset", "").replace("1.0.0", &format!("2.0.{version}"));
        // One rename, as an installer does it.
        let staged = folder.plugins().join(".staged");
        std::fs::create_dir_all(&staged).unwrap();
        std::fs::write(staged.join("plugin.toml"), text).unwrap();
        std::fs::rename(staged.join("plugin.toml"), folder.plugins().join("counter/plugin.toml")).unwrap();
        host.reload().await.unwrap();
        assert_eq!(status(&host, "counter").version, format!("2.0.{version}"));
        while calls.load(Ordering::Relaxed) == before {
            tokio::task::yield_now().await;
        }
    }
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    assert!(calls.load(Ordering::Relaxed) >= 100);
}

#[tokio::test]
async fn the_operator_switches_a_plugin_off_and_on() {
    let folder = Folder::new();
    folder.preset("counter", COUNTER, "");
    let host = folder.open().await;
    let off = wingman_plugin::PluginSettings { enabled: false, ..wingman_plugin::PluginSettings::default() };
    let name = wingman_message::PluginName::new("counter").unwrap();
    host.reconfigure(wingman_plugin::Operator::from([(name, off)])).await.unwrap();
    assert_eq!(status(&host, "counter").state, PluginState::Disabled);
    assert!(matches!(normalize(&host, "counter", "").await, Err(PluginFailure::NotFound { .. })));
    host.reconfigure(wingman_plugin::Operator::new()).await.unwrap();
    assert_eq!(normalize(&host, "counter", "").await.unwrap().len(), 1);
}
