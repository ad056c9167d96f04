//! Senders' published examples, and ones that other code computed: data in `tests/webhook-vectors` at the repository's root.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Post, at};
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use wingman_verify::{RawRule, Refusal, ReplayGuard, Rules, Scheme, Verified};

/// A file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sender {
    secrets: BTreeMap<String, String>,
    verification: Vec<RawRule>,
    delivery: Vec<Delivery>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Delivery {
    origin: String,
    method: String,
    url: String,
    body: String,
    now: u64,
    headers: Vec<(String, String)>,
    seen_headers: Vec<String>,
    seen_url: String,
}

/// A delivery with what it is verified with.
struct Case<'a> {
    /// For the message of a failure.
    name: String,
    rules: &'a Rules,
    secrets: &'a BTreeMap<String, String>,
    delivery: &'a Delivery,
    /// Whether a rule for its method signs the body.
    is_signed: bool,
}

impl Case<'_> {
    fn post(&self) -> Post {
        let Delivery { method, url, body, headers, .. } = self.delivery;
        Post { method: method.clone(), url: url.clone(), headers: headers.clone(), body: body.clone().into_bytes() }
    }

    fn verify(&self, post: &Post, guard: &ReplayGuard, now: u64) -> Result<Verified, Refusal> {
        let secret = |name: Option<&str>| self.secrets.get(name.unwrap_or("own")).cloned().map(SecretString::from);
        self.rules.verify(&post.request(), &secret, guard, "inbox", at(now))
    }

    fn is_refused(&self, post: &Post, how: &str) {
        let result = self.verify(post, &ReplayGuard::new(8), self.delivery.now);
        assert!(result.is_err(), "{}: passed {how}", self.name);
    }
}

fn each(test: impl Fn(&Case<'_>)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/webhook-vectors");
    let mut senders = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let sender: Sender =
            toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let raw = sender.verification.clone();
        let rules = Rules::new(sender.verification).unwrap_or_else(|error| panic!("{name}: {error}"));
        for delivery in &sender.delivery {
            let name = format!("{name}, {}", delivery.origin);
            let is_for = |rule: &&RawRule| rule.methods.as_ref().is_none_or(|methods| methods.contains(&delivery.method));
            let is_signed = raw.iter().filter(is_for).any(|rule| rule.scheme != Scheme::SharedSecret);
            test(&Case { name, rules: &rules, secrets: &sender.secrets, delivery, is_signed });
        }
        senders += 1;
    }
    assert!(senders >= 11, "only {senders} senders found");
}

#[test]
fn each_sender_can_be_expressed_and_its_delivery_passes() {
    each(|case| {
        let verified = case.verify(&case.post(), &ReplayGuard::new(8), case.delivery.now);
        assert!(verified.is_ok(), "{}: {:?}", case.name, verified.err());
    });
}

#[test]
fn a_component_sees_no_proof() {
    each(|case| {
        let mut post = case.post();
        let verified = case.verify(&post, &ReplayGuard::new(8), case.delivery.now).unwrap();
        verified.strip.strip_headers(&mut post.headers);
        let names: Vec<_> = post.headers.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, case.delivery.seen_headers, "{}", case.name);
        assert_eq!(verified.strip.strip_url(&post.url), case.delivery.seen_url, "{}", case.name);
    });
}

#[test]
fn without_its_proof_or_with_another_secret_it_is_refused() {
    each(|case| {
        let mut post = case.post();
        let verified = case.verify(&post, &ReplayGuard::new(8), case.delivery.now).unwrap();
        verified.strip.strip_headers(&mut post.headers);
        post.url = verified.strip.strip_url(&post.url);
        case.is_refused(&post, "without its proof");
        for other in ["", "another", "0000000000000000000000000000000000000000000000000000000000000001"] {
            let secrets = case.secrets.keys().map(|name| (name.clone(), other.to_owned())).collect();
            let other = Case { name: case.name.clone(), secrets: &secrets, ..*case };
            other.is_refused(&case.post(), "with another secret");
        }
        let none = Case { name: case.name.clone(), secrets: &BTreeMap::new(), ..*case };
        none.is_refused(&case.post(), "with no secret");
    });
}

#[test]
fn a_signed_body_is_what_it_was_to_the_bit() {
    each(|case| {
        if !case.is_signed {
            return;
        }
        for bit in 0..case.delivery.body.len() * 8 {
            case.is_refused(&changed(case, |body| body[bit / 8] ^= 1 << (bit % 8)), "with a flipped bit");
        }
    });
}

fn changed(case: &Case<'_>, change: impl Fn(&mut Vec<u8>)) -> Post {
    let mut post = case.post();
    change(&mut post.body);
    post
}

#[test]
fn what_has_a_time_passes_once_and_only_around_it() {
    let timed = std::cell::Cell::new(0);
    each(|case| {
        let guard = ReplayGuard::new(8);
        let first = case.verify(&case.post(), &guard, case.delivery.now).unwrap();
        if first.sent_at.is_none() {
            return;
        }
        timed.set(timed.get() + 1);
        first.seen.commit();
        let again = case.verify(&case.post(), &guard, case.delivery.now);
        assert_eq!(again.unwrap_err(), Refusal::Replayed, "{}", case.name);
        let late = case.verify(&case.post(), &guard, case.delivery.now + 601);
        assert!(matches!(late, Err(Refusal::TooOld { .. })), "{}", case.name);
        let early = case.verify(&case.post(), &guard, case.delivery.now - 601);
        assert!(matches!(early, Err(Refusal::FromTheFuture { .. })), "{}", case.name);
    });
    assert!(timed.get() >= 7, "only {} deliveries have a time", timed.get());
}
