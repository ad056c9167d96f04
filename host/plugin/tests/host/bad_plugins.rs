//! Bad plugins as data: each folder of `tests/bad-plugins` holds a plugin and what must be reported about it.

use crate::support::{Folder, component, normalize, status};
use serde::Deserialize;
use std::path::Path;
use wingman_message::{PluginFailure, PluginState};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// `ready` or `failed`.
    state: String,
    /// Part of the reason in the list.
    says: Option<String>,
    #[serde(default)]
    prepare: Prepare,
    call: Option<Call>,
}

/// How `plugin.wasm` is made from `plugin.wat`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Prepare {
    world: String,
    /// Whether a component is made of a core module.
    encode: bool,
    /// Bytes to keep.
    truncate: usize,
}

impl Default for Prepare {
    fn default() -> Self {
        Self { world: "preset-plugin".to_owned(), encode: true, truncate: usize::MAX }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    outcome: String,
    says: String,
}

#[tokio::test]
async fn each_bad_plugin_is_reported_and_harms_nobody() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/bad-plugins");
    let folder = Folder::new();
    folder.preset("steady", include_str!("wat/counter.wat"), "");
    let mut expectations = Vec::new();
    for case in std::fs::read_dir(cases).unwrap() {
        let case = case.unwrap();
        let name = case.file_name().into_string().unwrap();
        expectations.push((name.clone(), prepare(&case.path(), &folder.plugins().join(&name))));
    }
    assert!(expectations.len() >= 30, "the cases have gone missing");

    let host = folder.open().await;
    let mut wrong = Vec::new();
    for (name, expect) in &expectations {
        if let Err(why) = meets(&host, name, expect).await {
            wrong.push(format!("{name}: {why}"));
        }
        assert_eq!(normalize(&host, "steady", "").await.unwrap()[0].id, "1", "after {name}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn prepare(case: &Path, target: &Path) -> Expect {
    let expect = std::fs::read_to_string(case.join("expect.toml")).unwrap();
    let expect: Expect = toml::from_str(&expect).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    std::fs::create_dir_all(target).unwrap();
    if case.join("plugin.toml").exists() {
        std::fs::copy(case.join("plugin.toml"), target.join("plugin.toml")).unwrap();
    }
    if let Ok(wat) = std::fs::read_to_string(case.join("plugin.wat")) {
        let is_component = wat.lines().any(|line| line.starts_with("(component"));
        let mut wasm = match expect.prepare.encode && !is_component {
            true => component(&wat, &expect.prepare.world),
            false => wat::parse_str(&wat).unwrap_or_else(|error| panic!("{}: {error}", case.display())),
        };
        wasm.truncate(expect.prepare.truncate);
        std::fs::write(target.join("plugin.wasm"), wasm).unwrap();
    }
    expect
}

async fn meets(host: &wingman_plugin::PluginHost, name: &str, expect: &Expect) -> Result<(), String> {
    let listed = status(host, name);
    let reason = listed.last_error.clone().unwrap_or_default();
    if listed.state.as_str() != expect.state || !reason.contains(expect.says.as_deref().unwrap_or_default()) {
        return Err(format!("listed as {}: {reason}", listed.state.as_str()));
    }
    let outcome = normalize(host, name, "").await;
    let Some(call) = &expect.call else {
        // What is not loaded cannot be called, and says so.
        return match outcome {
            Err(PluginFailure::NotFound { .. }) if listed.state == PluginState::Failed => Ok(()),
            other => Err(format!("a call gave {other:?}")),
        };
    };
    let word = match &outcome {
        Ok(_) => "ok",
        Err(PluginFailure::Trapped(_)) => "trapped",
        Err(PluginFailure::Deadline { .. }) => "deadline",
        Err(PluginFailure::OutOfMemory { .. }) => "out-of-memory",
        Err(PluginFailure::InvalidOutput(_)) => "invalid-output",
        Err(_) => "other",
    };
    let said = outcome.err().map(|failure| failure.to_string()).unwrap_or_default();
    if word != call.outcome || !said.contains(&call.says) {
        return Err(format!("a call ended as {word}: {said}"));
    }
    if word != "ok" && (status(host, name).failures != 1 || status(host, name).last_error.as_deref() != Some(&said)) {
        return Err("its failure is not in the list".to_owned());
    }
    Ok(())
}
