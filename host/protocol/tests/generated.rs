//! The generated files in the repository are those that the types give.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

#[test]
fn generated_files_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (path, content) in wingman_protocol::generate::generated_files() {
        let there = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(there == content, "{path} is stale: run `cargo xtask generate`");
    }
}

#[test]
fn every_reference_in_the_schema_leads_somewhere() {
    let files = wingman_protocol::generate::generated_files();
    let (_, text) = files.iter().find(|(path, _)| path.ends_with(".schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(text).unwrap();
    for target in text.split("\"#/$defs/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(schema["$defs"][target].is_object(), "no definition of {target}");
    }
}

#[test]
fn every_link_in_the_reference_leads_to_a_heading() {
    let files = wingman_protocol::generate::generated_files();
    let (_, page) = files.iter().find(|(path, _)| path.ends_with("protocol.md")).unwrap();
    let headings = page
        .lines()
        .filter_map(|line| line.strip_prefix("##"))
        .map(|heading| heading.trim_start_matches('#').trim().replace('`', "").replace(' ', "-").to_lowercase())
        .collect::<Vec<_>>();
    for target in page.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(headings.iter().any(|heading| heading == target), "no heading for #{target}");
    }
}
