//! Components of every contract that was released, kept as they were built, load and work for ever.

use crate::support::{Folder, normalize, receive, status};
use std::path::{Path, PathBuf};
use wingman_message::{PluginFailure, PluginState, ToolSource};

/// The released contracts. A version that is added here has its folder; one that is here stays.
const RELEASED: [&str; 1] = ["0.1.0"];

fn kept(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/contract").join(version)
}

/// What a component names that was built with its builder's own paths.
const BUILDER: &[u8] = b"/.cargo/registry/";

/// A plugins folder with all kept components of a version.
fn folder_with(version: &str) -> (Folder, Vec<String>) {
    let folder = Folder::new();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(kept(version)).unwrap() {
        let dir = entry.unwrap().path();
        let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(dir.join("plugin.toml")).unwrap();
        folder.put(&name, &text, &std::fs::read(dir.join("plugin.wasm")).unwrap());
        names.push(name);
    }
    (folder, names)
}

#[test]
fn every_folder_of_kept_components_is_of_a_released_contract() {
    let mut found: Vec<String> = std::fs::read_dir(kept(""))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, RELEASED);
}

#[tokio::test]
async fn each_kept_component_loads() {
    for version in RELEASED {
        let (folder, names) = folder_with(version);
        let host = folder.open().await;
        assert!(names.len() >= 4, "{names:?}");
        for name in names {
            let status = status(&host, &name);
            assert_eq!((status.state, status.last_error), (PluginState::Ready, None), "{name} of contract {version}");
            assert_eq!(status.contract, version);
            let component = std::fs::read(kept(version).join(&name).join("plugin.wasm")).unwrap();
            let is_named = component.windows(BUILDER.len()).any(|bytes| bytes == BUILDER);
            assert!(!is_named, "{name} names the folder that it was built in: build it with `wingman plugin build`");
        }
    }
}

#[tokio::test]
async fn a_component_of_a_later_patch_of_the_contract_is_found_and_called() {
    let (folder, wit) = (Folder::new(), tempfile::tempdir().unwrap());
    for entry in std::fs::read_dir(crate::support::wit()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            let text = std::fs::read_to_string(&path).unwrap().replace("0.1.0", "0.1.7");
            std::fs::write(wit.path().join(path.file_name().unwrap()), text).unwrap();
        }
    }
    let counter = include_str!("wat/counter.wat").replace("0.1.0", "0.1.7");
    let text = crate::support::manifest("counter", "preset", "").replace("0.1.0", "0.1.7");
    folder.put("counter", &text, &crate::support::component_in(&counter, wit.path(), "preset-plugin"));
    let host = folder.open().await;
    assert_eq!(status(&host, "counter").last_error, None);
    assert_eq!(normalize(&host, "counter", "").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_preset_a_channel_and_a_tool_of_0_1_0_still_do_what_they_did() {
    let (folder, _) = folder_with("0.1.0");
    let host = folder.open().await;
    let failed = r#"{"pipeline": "kiln", "status": "failed", "branch": "main"}"#;
    let messages = normalize(&host, "ci-alert", failed).await.unwrap();
    assert_eq!((messages.len(), messages[0].text.as_str()), (1, "CI: kiln is **failed** on main."));
    let failure = normalize(&host, "ci-alert", "no JSON").await.unwrap_err();
    assert!(matches!(failure, PluginFailure::InvalidInput(_)), "{failure}");
    // Without its secrets the channel is there and cannot be called; the operator is told which one is missing.
    let failure = receive(&host, "parlor", "{}").await.unwrap_err();
    assert!(failure.to_string().contains("bot-token"), "{failure}");
    let mut tools: Vec<String> = host.tools().iter().map(|tool| tool.spec().name.clone()).collect();
    tools.sort();
    assert_eq!(tools, ["notes_add", "notes_delete", "notes_list", "notes_search"]);
}
