//! What strangers send: whatever it is, the plugin answers with a value or an error of its own, and does not crash.

use super::Check;
use crate::bench::Bench;
use crate::fixture::{Call, World};
use crate::{Fixture, Result};
use bytes::Bytes;
use serde_json::{Value, json};
use wingman_manifest::Kind;
use wingman_message::{HttpRequest, PluginFailure, WebhookDelivery, WebhookId};

const MIB: usize = 1024 * 1024;
/// Right to left, a family of four people in one character, a flag, combining marks, NUL, a byte order mark, the last character there is.
pub(super) const UNICODE: &str = "\u{202e}\u{05e9}\u{05dc}\u{05d5}\u{05dd} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466} \u{1f1e9}\u{1f1ea} \
     Z\u{0351}\u{036b}\u{0343} \u{0}\u{feff}\u{10ffff}";
/// How many of the author's cases are twisted.
const SEEDS: usize = 3;

/// Bodies that no honest sender sends, by what is wrong with them.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let nested = [b"[".repeat(10_000), b"]".repeat(10_000)].concat();
    vec![
        ("an empty body", Vec::new()),
        ("no UTF-8", vec![b'{', b'"', 0xff, 0xfe, 0xc3, b'"', b'}']),
        ("JSON that breaks off", br#"{"id":"1","text":"hel"#.to_vec()),
        ("JSON of another shape", b"[null,1,\"x\",{}]".to_vec()),
        ("JSON nested 10,000 deep", nested),
        ("a body of 1 MiB", json!({ "text": "x".repeat(MIB) }).to_string().into_bytes()),
        ("strange characters", json!({ "id": UNICODE, "text": UNICODE }).to_string().into_bytes()),
        ("huge numbers", br#"{"id":123456789012345678901234567890,"n":1e308,"m":-9223372036854775809}"#.to_vec()),
    ]
}

/// What a leaf of a good body becomes.
type Twist = fn(&Value) -> Value;

/// How a good body is twisted, by what is wrong with it then.
fn twists() -> [(&'static str, Twist); 4] {
    [
        ("null for every value", |_| Value::Null),
        ("strange characters in every text", |leaf| if leaf.is_string() { UNICODE.into() } else { leaf.clone() }),
        ("texts of 4 KiB", |leaf| if leaf.is_string() { "x".repeat(4096).into() } else { leaf.clone() }),
        ("huge numbers for every value", |_| json!(1e300)),
    ]
}

pub(super) async fn checks(bench: &mut Bench, cases: &[Fixture]) -> Result<Vec<Check>> {
    let seeds: Vec<&Fixture> = cases.iter().filter(|case| case.call.body().is_some()).take(SEEDS).collect();
    let Some(plain) = seeds.first().map(|seed| (*seed).clone()).or_else(|| plain(bench.manifest().kind)) else {
        return Ok(Vec::new());
    };
    let mut checks = Vec::new();
    for (what, body) in bodies() {
        let failure = bench.run(&plain.unscripted(plain.call.with_body(body.into()))).await?.failure;
        checks.push(match misbehaviour(failure) {
            Some(failure) => Check::fail(format!("hostile: {what}"), format!("{failure}. Answer with `invalid-input` instead")),
            None => Check::pass(format!("hostile: {what}"), "borne"),
        });
    }
    for (what, twist) in twists() {
        let (mut found, mut calls) = (None, 0);
        for seed in &seeds {
            let Some(body) = seed.call.body().and_then(|body| serde_json::from_slice::<Value>(body).ok()) else { continue };
            let body = Bytes::from(twisted(&body, twist).to_string());
            let failure = bench.run(&seed.unscripted(seed.call.with_body(body))).await?.failure;
            calls += 1;
            found = found.or(misbehaviour(failure).map(|failure| format!("fixture {}: {failure}", seed.name)));
        }
        checks.push(match found {
            Some(failure) => {
                Check::warn(format!("hostile: {what}"), format!("{failure}. Check what you take over from the input"))
            }
            // Nobody was asked, so nothing was borne.
            None if calls == 0 => continue,
            None => Check::pass(format!("hostile: {what}"), "borne"),
        });
    }
    Ok(checks)
}

pub(super) fn misbehaviour(failure: Option<PluginFailure>) -> Option<PluginFailure> {
    failure.filter(PluginFailure::is_misbehaviour)
}

fn twisted(value: &Value, twist: Twist) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (key.clone(), twisted(value, twist))).collect()),
        Value::Array(items) => items.iter().map(|item| twisted(item, twist)).collect(),
        leaf => twist(leaf),
    }
}

/// A call with nothing in it, for a plugin without a case that has a body.
fn plain(kind: Kind) -> Option<Fixture> {
    let call = match kind {
        Kind::Preset => Call::Normalize(WebhookDelivery {
            webhook: WebhookId::new("test").ok()?,
            label: None,
            content_type: "application/json".to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            settings: String::new(),
        }),
        Kind::Channel => {
            Call::Receive(HttpRequest { method: "POST".to_owned(), url: "/".to_owned(), headers: Vec::new(), body: Bytes::new() })
        }
        Kind::Tool => return None,
    };
    Some(Fixture { name: "hostile".to_owned(), file: "the conformance kit".to_owned(), call, world: World::empty(), http: None })
}
