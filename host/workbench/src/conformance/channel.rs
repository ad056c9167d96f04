//! What every channel must bear when it delivers.

use super::Check;
use super::hostile::{UNICODE, misbehaviour};
use crate::bench::Bench;
use crate::fixture::{Call, Delivered, Stage, World};
use crate::words::{Peer, PeerKind, Place};
use crate::{Fixture, Result};
use serde_json::Value;
use wingman_message::PluginFailure;

/// Bytes of a reply that no network takes in one message.
const LONG: usize = 100 * 1024;

pub(super) async fn checks(bench: &mut Bench, cases: &[Fixture]) -> Result<Vec<Check>> {
    let case = cases.iter().find_map(|case| match &case.call {
        Call::Deliver(delivered) => Some((delivered.place.clone(), case.world.clone())),
        _ => None,
    });
    let (place, world) = case.unwrap_or_else(|| {
        let peer = Peer { kind: PeerKind::Dm, id: "conformance".to_owned() };
        (Place { peer: Some(peer), ..Place::default() }, World::empty())
    });
    let at = |markdown: String, stage, previous: &[&str]| {
        let previous = previous.iter().map(ToString::to_string).collect();
        let call = Call::Deliver(Box::new(Delivered::simple(place.clone(), markdown, stage, previous)));
        Fixture { name: "deliver".to_owned(), file: "the conformance kit".to_owned(), call, world: world.clone(), http: None }
    };
    let mut checks = vec![growing(bench, &at).await?];
    let fenced = format!("Long:\n\n```rust\n{}```\n", "let line = 1; // a line of code in a fence\n".repeat(LONG / 44));
    for (what, markdown) in
        [("100 KiB of Markdown", fenced), ("strange characters", UNICODE.to_owned()), ("an empty text", String::new())]
    {
        let failure = bench.run(&at(markdown, Stage::Finish, &[])).await?.failure;
        let name = format!("deliver: {what}");
        checks.push(match misbehaviour(failure) {
            Some(failure) => {
                Check::fail(name, format!("{failure}. Split what is long, and answer with an error of the contract"))
            }
            None => Check::pass(name, "borne"),
        });
    }
    Ok(checks)
}

/// A network that cannot edit says so at the first word; one that can says when the next edit may come.
async fn growing(bench: &mut Bench, at: &impl Fn(String, Stage, &[&str]) -> Fixture) -> Result<Check> {
    let name = "deliver: a reply that grows";
    let start = bench.run(&at("Hel".to_owned(), Stage::Start, &[])).await?;
    let append = bench.run(&at("Hello".to_owned(), Stage::Append, &["1"])).await?;
    if let Some(failure) = misbehaviour(start.failure.clone()).or(misbehaviour(append.failure.clone())) {
        return Ok(Check::fail(name, failure.to_string()));
    }
    let is_unsupported = |failure: &Option<PluginFailure>| matches!(failure, Some(PluginFailure::Unsupported(_)));
    let edits = start.result.pointer("/ok/edit-after-ms").is_some_and(|after| !after.is_null());
    Ok(match (&start.failure, is_unsupported(&append.failure)) {
        (Some(PluginFailure::Unsupported(_)), true) => Check::pass(name, "the network cannot edit, and the plugin says so"),
        (Some(PluginFailure::Unsupported(_)), false) => {
            Check::fail(name, "`start` is `unsupported` and `append` is not: answer both alike")
        }
        (None, false) if edits => Check::pass(name, "the network edits, and the plugin says when"),
        (None, _) if start.result.get("ok").is_some_and(Value::is_object) => {
            let says = "`start` gave a receipt without `edit-after-ms`: give one if the network edits messages, and else answer with \
                        `unsupported`, so that the whole text is sent once";
            Check::fail(name, says)
        }
        _ => Check::pass(name, "not decided: the plugin's network answered with nothing that it could use"),
    })
}
