//! Laws for any input: what was signed verifies, what was changed by a bit does not, and garbage never panics.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{NOW, Post, try_rules};
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, Mac};
use proptest::prelude::*;
use sha2::Sha256;
use wingman_verify::{ReplayGuard, Rules};

/// Texts between the placeholders of a template.
#[derive(Debug, Clone)]
struct Texts([String; 4]);

impl Texts {
    fn any() -> impl Strategy<Value = Self> {
        proptest::array::uniform4("[a-z:.|{}é -]{0,6}").prop_map(Self)
    }

    fn template(&self) -> String {
        let [a, b, c, d] = self.0.clone().map(|text| text.replace('{', "{{").replace('}', "}}"));
        format!("{a}{{id}}{b}{{timestamp}}{c}{{body}}{d}")
    }

    fn fill(&self, id: &str, time: u64, body: &[u8]) -> Vec<u8> {
        let [a, b, c, d] = &self.0;
        [format!("{a}{id}{b}{time}{c}").as_bytes(), body, d.as_bytes()].concat()
    }

    fn rules(&self, scheme: &str) -> Rules {
        let mut rule = toml::toml! {
            header = "x-signature"
            [id]
            header = "x-id"
            [timestamp]
            header = "x-time"
        };
        rule.insert("scheme".into(), scheme.into());
        rule.insert("message".into(), self.template().into());
        let manifest = toml::Table::from_iter([("verification".to_owned(), toml::Value::Array(vec![rule.into()]))]);
        try_rules(&manifest.to_string()).unwrap()
    }
}

fn post(body: &[u8], id: &str, time: u64, signature: &[u8]) -> Post {
    let time = time.to_string();
    Post::new(body).with("x-id", id).with("x-time", &time).with("x-signature", &hex::encode(signature))
}

fn passes(post: &Post, rules: &Rules, secret: &str) -> bool {
    post.check_with(rules, secret, &ReplayGuard::new(4), NOW).is_ok()
}

/// With one of its bits flipped; which one is any number.
fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

proptest! {
    #[test]
    fn what_was_signed_passes_and_any_flipped_bit_does_not(
        body in proptest::collection::vec(any::<u8>(), 1..200),
        secret in "[!-~]{1,80}",
        id in "[!-~]{1,20}",
        texts in Texts::any(),
        offset in 0_u64..600,
        bit in any::<usize>(),
    ) {
        let (rules, time) = (texts.rules("hmac-sha256"), NOW - 300 + offset);
        let mac = |key: &[u8], message: &[u8]| {
            Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
        };
        let signature = mac(secret.as_bytes(), &texts.fill(&id, time, &body));
        prop_assert!(passes(&post(&body, &id, time, &signature), &rules, &secret));
        prop_assert!(!passes(&post(&flipped(&body, bit), &id, time, &signature), &rules, &secret), "body");
        prop_assert!(!passes(&post(&body, &id, time, &flipped(&signature, bit)), &rules, &secret), "signature");
        prop_assert!(!passes(&post(&body, &id, time ^ (1 << (bit % 10)), &signature), &rules, &secret), "time");
        let other = mac(&flipped(secret.as_bytes(), bit), &texts.fill(&id, time, &body));
        prop_assert!(!passes(&post(&body, &id, time, &other), &rules, &secret), "key");
    }

    #[test]
    fn the_same_holds_for_ed25519(
        body in proptest::collection::vec(any::<u8>(), 1..200),
        seed in any::<[u8; 32]>(),
        texts in Texts::any(),
        bit in any::<usize>(),
    ) {
        let (rules, key) = (texts.rules("ed25519"), SigningKey::from_bytes(&seed));
        let public = key.verifying_key().to_bytes();
        let signature = key.sign(&texts.fill("m", NOW, &body)).to_bytes();
        prop_assert!(passes(&post(&body, "m", NOW, &signature), &rules, &hex::encode(public)));
        prop_assert!(!passes(&post(&flipped(&body, bit), "m", NOW, &signature), &rules, &hex::encode(public)), "body");
        prop_assert!(!passes(&post(&body, "m", NOW, &flipped(&signature, bit)), &rules, &hex::encode(public)), "signature");
        prop_assert!(!passes(&post(&body, "m", NOW, &signature), &rules, &hex::encode(flipped(&public, bit))), "key");
    }

    #[test]
    fn garbage_never_passes_and_never_panics(
        url in any::<String>(),
        values in proptest::array::uniform3(any::<String>()),
        body in proptest::collection::vec(any::<u8>(), 0..64),
        template in any::<String>(),
        secret in any::<String>(),
    ) {
        let mut request = Post::new(body).at("POST", &url);
        for (name, value) in ["x-signature", "x-time", "x-id"].iter().zip(&values) {
            request = request.with(name, value);
        }
        for scheme in ["hmac-sha256", "ed25519"] {
            let rules = Texts([template.clone(), String::new(), String::new(), String::new()]).rules(scheme);
            prop_assert!(!passes(&request, &rules, &secret));
        }
        let written = toml::Value::String(template);
        let manifest = format!("[[verification]]\nscheme = \"hmac-sha256\"\nheader = \"x-signature\"\nmessage = {written}\n");
        drop(try_rules(&manifest));
    }

    #[test]
    fn a_stripped_url_has_no_such_parameter(url in "[/a-z?&=%0-9]{0,40}", secret in "[a-z]{1,8}") {
        let rules = try_rules("[[verification]]\nscheme = \"shared-secret\"\nquery = \"a\"\n").unwrap();
        let joint = if url.contains('?') { '&' } else { '?' };
        let request = Post::new("").at("POST", &format!("{url}{joint}a={secret}"));
        if let Ok(verified) = request.check_with(&rules, &secret, &ReplayGuard::new(1), NOW) {
            let stripped = request.at("POST", &verified.strip.strip_url(&format!("{url}{joint}a={secret}")));
            prop_assert!(!passes(&stripped, &rules, &secret));
        }
    }
}
