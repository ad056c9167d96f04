//! Verification: whatever the rules, a signed request that was changed, or that another key signed, never passes, and one with a
//! timestamp passes once.
//!
//! An input is a file as in `tests/webhook-vectors`, which are the seeds: rules, secrets and deliveries.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wingman_verify::{RawRule, Refusal, ReplayGuard, Request, Rules, Scheme, Verified};

/// Keys of the vectors that only their own test reads are passed over.
#[derive(Deserialize)]
struct Vector {
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    verification: Vec<RawRule>,
    #[serde(default)]
    delivery: Vec<Delivery>,
}

#[derive(Deserialize)]
struct Delivery {
    method: String,
    url: String,
    body: String,
    now: u32,
    #[serde(default)]
    headers: Vec<(String, String)>,
}

fuzz_target!(|text: &str| -> Corpus {
    let Ok(Vector { secrets, verification, delivery }) = toml::from_str(text) else { return Corpus::Reject };
    let Ok(rules) = Rules::new(verification.clone()) else { return Corpus::Keep };
    for delivery in &delivery {
        attack(&rules, &verification, &secrets, delivery);
    }
    Corpus::Keep
});

/// If the delivery passes, tries what must not.
fn attack(rules: &Rules, raw: &[RawRule], secrets: &BTreeMap<String, String>, delivery: &Delivery) {
    let guard = ReplayGuard::new(16);
    let own = |name: Option<&str>| secrets.get(name.unwrap_or("own")).map(|secret| SecretString::from(secret.as_str()));
    let Ok(verified) = verify(rules, delivery, delivery.body.as_bytes(), &own, &guard) else { return };
    verified.seen.commit();

    let is_for = |rule: &&RawRule| rule.methods.as_ref().is_none_or(|methods| methods.contains(&delivery.method));
    let asked: Vec<&RawRule> = raw.iter().filter(is_for).collect();
    assert!(!asked.is_empty(), "a request passed that no rule is for");
    if asked.iter().any(|rule| rule.timestamp.is_some()) {
        let again = verify(rules, delivery, delivery.body.as_bytes(), &own, &guard);
        assert!(matches!(again, Err(Refusal::Replayed { .. })), "a replay passed: {again:?}");
    }
    let none = |_: Option<&str>| None;
    assert!(verify(rules, delivery, delivery.body.as_bytes(), &none, &ReplayGuard::new(16)).is_err(), "passed without a secret");
    let other = |name: Option<&str>| secrets.get(name.unwrap_or("own")).map(|secret| SecretString::from(format!("{secret}x")));
    assert!(verify(rules, delivery, delivery.body.as_bytes(), &other, &ReplayGuard::new(16)).is_err(), "another key passed");
    if asked.iter().any(|rule| rule.scheme != Scheme::SharedSecret) {
        for body in tampered(delivery.body.as_bytes()) {
            let changed = verify(rules, delivery, &body, &own, &ReplayGuard::new(16));
            assert!(changed.is_err(), "a changed body passed");
        }
    }
}

fn verify(
    rules: &Rules,
    delivery: &Delivery,
    body: &[u8],
    secret: &dyn Fn(Option<&str>) -> Option<SecretString>,
    guard: &ReplayGuard,
) -> Result<Verified, Refusal> {
    let Delivery { method, url, headers, now, .. } = delivery;
    let request = Request { method, url, headers, body };
    rules.verify(&request, secret, guard, "scope", at(*now))
}

fn at(seconds: u32) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.into())
}

/// A byte more, a byte less, a bit changed at either end.
fn tampered(body: &[u8]) -> Vec<Vec<u8>> {
    let longer = [body, b"\n"].concat();
    let Some((last, shorter)) = body.split_last() else { return vec![longer] };
    let first = [&[body[0] ^ 1], &body[1..]].concat();
    vec![longer, shorter.to_vec(), first, [shorter, &[last ^ 0x80]].concat()]
}
