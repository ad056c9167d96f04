//! `plugin.toml`: each field, each mistake and its place.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use wingman_manifest::{ANY_HOST, Kind, Limits, Manifest};

fn manifest(name: &str, kind: &str, extra: &str) -> String {
    format!("name = \"{name}\"\nversion = \"1.0.0\"\nkind = \"{kind}\"\ncontract = \"0.1.0\"\n{extra}\n")
}

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
http-calls = 3
state-kib = 9
blobs-mib = 2

[channel]
name = "sky"

[settings]
type = "object"
required = ["city"]

[settings.properties.city]
type = "string"

[secrets.api-key]
prompt = "The key of your account"
hosts = ["api.example.com"]

[secrets.signing]
prompt = "The signing secret"
optional = true

[[http]]
host = "api.example.com"
paths = ["/v1"]
methods = ["GET"]

[[socket]]
host = "live.example.com"
paths = ["/"]

[[verification]]
scheme = "hmac-sha256"
secret = "signing"
header = "x-signature"
"#;

#[test]
fn every_field_is_read() {
    let weather = Manifest::parse(FULL).unwrap();
    assert_eq!((weather.name.as_str(), weather.version.to_string().as_str()), ("weather", "1.2.3-rc.1"));
    assert_eq!((weather.kind, weather.contract.to_string().as_str()), (Kind::Channel, "0.1.0"));
    assert_eq!(weather.about.description.as_deref(), Some("Tells the weather."));
    assert_eq!(weather.about.authors, ["Ada", "Grace"]);
    assert_eq!(weather.about.license.as_deref(), Some("MIT OR Apache-2.0"));
    assert_eq!(
        weather.limits,
        Limits { memory_mib: 16, deadline_ms: 500, output_kib: 64, http_calls: 3, state_kib: 9, blobs_mib: 2 }
    );
    assert_eq!(weather.channel.unwrap().as_str(), "sky");
    assert_eq!(weather.settings.unwrap().json()["properties"]["city"]["type"], "string");
    let (key, signing) = (&weather.secrets["api-key"], &weather.secrets["signing"]);
    assert_eq!(
        (key.prompt.as_str(), key.optional, key.hosts.as_slice()),
        ("The key of your account", false, &["api.example.com".to_owned()][..])
    );
    assert!(signing.optional && signing.hosts.is_empty());
    assert_eq!((weather.http[0].host.as_str(), weather.http[0].scheme), ("api.example.com", wingman_egress::Scheme::Https));
    assert_eq!((weather.sockets[0].host.as_str(), weather.sockets[0].scheme), ("live.example.com", wingman_egress::Scheme::Wss));
    let rules = weather.verification.unwrap();
    assert!(rules.takes("POST") && rules.secrets().eq([Some("signing")]));
}

#[test]
fn what_is_left_out_has_a_default() {
    let plain = Manifest::parse(&manifest("plain", "channel", "")).unwrap();
    assert_eq!(plain.limits, Limits::default());
    assert_eq!(plain.channel.unwrap().as_str(), "plain", "a channel is called like its plugin");
    assert_eq!(Manifest::parse(&manifest("plain", "preset", "")).unwrap().channel, None);
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
        ("= 500", "= 60001", "plugin.toml:11:15: deadline-ms = 60001", "1 to 60000"),
        ("= 64", "= 0", "plugin.toml:12:14: output-kib = 0", "1 to 8192"),
        ("= 500", "= \"soon\"", "plugin.toml:11:15:", "expected u64"),
        ("\"sky\"", "\"\"", "plugin.toml:18:8: channel name", "1 to 200 characters"),
        ("Tells the weather.", "", "plugin.toml:5:15: description", "1 to 500 characters"),
        ("\"Grace\"", "\"\\n\"", "plugin.toml:6:11: authors", "one line"),
        ("http-calls = 3", "http-calls = 101", "plugin.toml:13:14: http-calls = 101", "1 to 100"),
        ("state-kib = 9", "state-kib = 0", "plugin.toml:14:13: state-kib = 0", "1 to 65536"),
        ("blobs-mib = 2", "blobs-mib = 5000", "plugin.toml:15:13: blobs-mib = 5000", "1 to 4096"),
        ("type = \"object\"", "type = \"array\"", "plugin.toml:20:1: [settings]", "type = \"object\""),
        ("secrets.api-key", "secrets.API", "plugin.toml:27:10: \"API\"", "lower-case letters"),
        ("The key of your account", "", "plugin.toml:27:", "prompt"),
        ("[\"api.example.com\"]", "[\"a b\"]", "plugin.toml:27:", "host"),
        ("paths = [\"/v1\"]", "paths = [\"v1\"]", "plugin.toml:", "path `v1`"),
        ("methods = [\"GET\"]", "methods = []", "plugin.toml:", "methods"),
        ("secret = \"signing\"", "secret = \"other\"", "plugin.toml:", "[secrets.other]"),
        ("header = \"x-signature\"", "", "plugin.toml:", "header"),
        ("[\"api.example.com\"]", "[\"*\"]", "plugin.toml:27:", "name the hosts"),
        ("\"hmac-sha256\"", "\"md5\"", "plugin.toml:", "unknown variant `md5`"),
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
    let ask = "[[http]]\nhost = \"example.com\"\npaths = [\"/\"]\nmethods = [\"GET\"]\n";
    let preset = Manifest::parse(&manifest("x", "preset", ask)).unwrap_err().to_string();
    assert!(preset.contains("a plugin of kind preset has no [[http]]"), "{preset}");
}

#[test]
fn a_tool_may_ask_for_whatever_hosts_the_operator_grants() {
    let ask = format!("[[http]]\nhost = \"{ANY_HOST}\"\npaths = [\"/\"]\nmethods = [\"GET\"]\n");
    assert_eq!(Manifest::parse(&manifest("fetch", "tool", &ask)).unwrap().http[0].host, ANY_HOST);
}

#[test]
fn a_presets_rules_use_the_webhooks_secret_and_no_other() {
    let rule = "[[verification]]\nscheme = \"hmac-sha256\"\nheader = \"x-signature\"\n";
    let preset = Manifest::parse(&manifest("x", "preset", rule)).unwrap();
    assert!(preset.verification.unwrap().secrets().eq([None]));
    let named = Manifest::parse(&manifest("x", "preset", &format!("{rule}secret = \"mine\"\n"))).unwrap_err().to_string();
    assert!(named.contains("leave `secret` out"), "{named}");
    let unnamed = Manifest::parse(&manifest("x", "channel", rule)).unwrap_err().to_string();
    assert!(unnamed.contains("name the `secret`"), "{unnamed}");
    let tool = Manifest::parse(&manifest("x", "tool", rule)).unwrap_err().to_string();
    assert!(tool.contains("no [[verification]]"), "{tool}");
}

proptest! {
    #[test]
    fn any_valid_manifest_reads_back_as_written(
        name in "[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,63}",
        (major, minor, patch) in (0u64..100, 0u64..100, 0u64..100),
        memory in 1u64..=64, deadline in 1u64..=60_000, output in 1u64..=8192,
    ) {
        let text = format!(
            "name = \"{name}\"\nversion = \"{major}.{minor}.{patch}\"\nkind = \"tool\"\ncontract = \"0.1.7\"\n\
             [limits]\nmemory-mib = {memory}\ndeadline-ms = {deadline}\noutput-kib = {output}\n"
        );
        let read = Manifest::parse(&text).unwrap();
        prop_assert_eq!(read.name.as_str(), name);
        prop_assert_eq!((read.version.major, read.version.minor, read.version.patch), (major, minor, patch));
        prop_assert_eq!(read.limits, Limits { memory_mib: memory, deadline_ms: deadline, output_kib: output, ..Limits::default() });
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
