//! `plugin.toml`: what its fields do to the plugin.

use crate::support::{Folder, component, manifest, normalize};
use wingman_message::{PluginFailure, PluginName};

#[tokio::test]
async fn limits_and_description_reach_those_who_ask() {
    let folder = Folder::new();
    let extra = "description = \"Loops.\"\n[limits]\ndeadline-ms = 77\n";
    folder.put("loops", &manifest("loops", "preset", extra), &component(include_str!("wat/moody.wat"), "preset-plugin"));
    let host = folder.open().await;
    assert_eq!(normalize(&host, "loops", "~").await, Err(PluginFailure::Deadline { deadline_ms: 77 }));
    let told = host.manifest(&PluginName::new("loops").unwrap()).unwrap();
    assert_eq!(told.about.description.as_deref(), Some("Loops."));
}
