//! `plugin.toml`: each field and its effect, each mistake and its place.

use crate::support::{Folder, component, manifest, normalize};
use proptest::prelude::*;
use wingman_message::{PluginFailure, PluginName};
use wingman_plugin::{Kind, Limits, Manifest};

const FULL: &str = r#"name = "weather"
version = "1.2.3-rc.1"
kind = "channel"
contract = "0.1.0"
description = "Tells the weather."
authors = ["Ada", "Grace"]
license = "MIT OR Apache-2.0"

[limits]
memory-mib = 16
deadline-ms = 500
output-kib = 64

[channel]
name = "sky"
"#;

#[test]
fn every_field_is_read() {
    let weather = Manifest::parse(FULL).unwrap();
    assert_eq!((weather.name.as_str(), weather.version.to_string().as_str()), ("weather", "1.2.3-rc.1"));
    assert_eq!((weather.kind, weather.contract.to_string().as_str()), (Kind::Channel, "0.1.0"));
    assert_eq!(weather.about.description.as_deref(), Some("Tells the weather."));
    assert_eq!(weather.about.authors, ["Ada", "Grace"]);
    assert_eq!(weather.about.license.as_deref(), Some("MIT OR Apache-2.0"));
    assert_eq!(weather.limits, Limits { memory_mib: 16, deadline_ms: 500, output_kib: 64 });
    assert_eq!(weather.channel.unwrap().as_str(), "sky");
}

#[test]
fn what_is_left_out_has_a_default() {
    let plain = Manifest::parse(&manifest("plain", "channel", "")).unwrap();
    assert_eq!(plain.limits, Limits::default());
    assert_eq!(plain.channel.unwrap().as_str(), "plain", "a channel is called like its plugin");
    assert_eq!(Manifest::parse(&manifest("plain", "preset", "")).unwrap().channel, None);
}

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

#[test]
fn a_mistake_is_shown_where_it_is_with_what_would_be_right() {
    let cases = [
        ("name = \"weather\"", "nmae = \"weather\"", "plugin.toml:1:1: unknown field `nmae`", "did you mean `name`?"),
        ("[limits]", "[limit]", "plugin.toml:9:2: unknown field `limit`", "did you mean `limits`?"),
        ("deadline-ms", "deadline_ms", "plugin.toml:11:1: unknown field `deadline_ms`", "did you mean `deadline-ms`?"),
        ("\"channel\"", "\"chanel\"", "plugin.toml:3:8: unknown variant `chanel`", "did you mean `channel`?"),
        ("1.2.3-rc.1", "1.2", "plugin.toml:2:11: \"1.2\" is not a version such as \"1.2.3\"", ""),
        ("\"0.1.0\"", "\"0.2.0\"", "plugin.toml:4:12: the plugin is made for contract 0.2.0", "update the gateway"),
        ("\"0.1.0\"", "\"0.0.9\"", "plugin.toml:4:12: the plugin is made for contract 0.0.9", "build the plugin against"),
        ("name = \"weather\"", "name = \"../weather\"", "plugin.toml:1:8: plugin name", "do not begin with `.`"),
        ("= 16", "= 65", "plugin.toml:10:14: memory-mib = 65", "1 to 64"),
        ("= 500", "= 30001", "plugin.toml:11:15: deadline-ms = 30001", "1 to 30000"),
        ("= 64", "= 0", "plugin.toml:12:14: output-kib = 0", "1 to 8192"),
        ("= 500", "= \"soon\"", "plugin.toml:11:15:", "expected u64"),
        ("\"sky\"", "\"\"", "plugin.toml:15:8: channel name", "1 to 200 characters"),
        ("Tells the weather.", "", "plugin.toml:5:15: description", "1 to 500 characters"),
        ("\"Grace\"", "\"\\n\"", "plugin.toml:6:11: authors", "one line"),
        ("MIT OR", "MIT ; OR", "plugin.toml:7:11: license", "SPDX"),
    ];
    for (right, wrong, place, advice) in cases {
        let text = FULL.replacen(right, wrong, 1);
        assert_ne!(text, FULL);
        let error = Manifest::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with(place) && error.contains(advice), "{wrong}: {error}");
    }
    let missing = Manifest::parse("name = \"x\"").unwrap_err().to_string();
    assert!(missing.contains("missing field"), "{missing}");
    let surplus = Manifest::parse(&FULL.replace("\"channel\"", "\"preset\"")).unwrap_err().to_string();
    assert!(surplus.contains("a plugin of kind preset has no [channel]"), "{surplus}");
}

proptest! {
    #[test]
    fn any_valid_manifest_reads_back_as_written(
        name in "[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,63}",
        (major, minor, patch) in (0u64..100, 0u64..100, 0u64..100),
        memory in 1u64..=64, deadline in 1u64..=30_000, output in 1u64..=8192,
    ) {
        let text = format!(
            "name = \"{name}\"\nversion = \"{major}.{minor}.{patch}\"\nkind = \"tool\"\ncontract = \"0.1.7\"\n\
             [limits]\nmemory-mib = {memory}\ndeadline-ms = {deadline}\noutput-kib = {output}\n"
        );
        let read = Manifest::parse(&text).unwrap();
        prop_assert_eq!(read.name.as_str(), name);
        prop_assert_eq!((read.version.major, read.version.minor, read.version.patch), (major, minor, patch));
        prop_assert_eq!(read.limits, Limits { memory_mib: memory, deadline_ms: deadline, output_kib: output });
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_inside_of_it(text in "\\PC{0,200}") {
        if let Err(error) = Manifest::parse(&text) {
            prop_assert!(error.line >= 1 && error.line <= text.lines().count().max(1) + 1);
            prop_assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn any_damage_to_a_manifest_is_read_or_refused(at in 0usize..FULL.len(), junk in "[\\PC\n]{0,3}") {
        let mut text = FULL.to_owned();
        text.replace_range(at..=at, &junk);
        if let Err(error) = Manifest::parse(&text) {
            prop_assert!(error.line <= text.lines().count() + 1);
        }
    }
}
