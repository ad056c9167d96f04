//! A request that a test can bend, and rules from TOML, as a manifest brings them. Not here: stories.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use hmac::{Hmac, Mac};
use secrecy::SecretString;
use serde::Deserialize;
use sha2::Sha256;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wingman_verify::{RawRule, Refusal, ReplayGuard, Request, Rules, Verified};

/// The time at which stories play, in seconds since 1970.
pub(crate) const NOW: u64 = 1_700_000_000;
/// The webhook's own secret in stories.
pub(crate) const SECRET: &str = "correct horse battery staple";

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    verification: Vec<RawRule>,
}

/// Reads `[[verification]]` tables; the error is the one for their author.
pub(crate) fn try_rules(toml: &str) -> Result<Rules, String> {
    let manifest: Manifest = toml::from_str(toml).map_err(|error| error.message().to_owned())?;
    Rules::new(manifest.verification)
}

/// One rule from the lines of its table.
pub(crate) fn rule(lines: &str) -> Rules {
    try_rules(&format!("[[verification]]\n{lines}")).unwrap()
}

/// A rule with everything: id, timestamp, list of signatures in hex.
pub(crate) fn signed_rule() -> Rules {
    rule(
        r#"scheme = "hmac-sha256"
           header = "x-signature"
           separator = ","
           prefix = "v1="
           message = "{id}.{timestamp}.{body}"
           id = { header = "x-id" }
           timestamp = { header = "x-time" }"#,
    )
}

/// HMAC with SHA-256, in hex.
pub(crate) fn hmac_hex(key: &[u8], message: &[u8]) -> String {
    hex::encode(Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes())
}

/// An owned request.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Post {
    pub(crate) fn new(body: impl Into<Vec<u8>>) -> Self {
        Self { method: "POST".into(), url: "/webhooks/inbox".into(), headers: Vec::new(), body: body.into() }
    }

    /// Signed for [`signed_rule`] with [`SECRET`].
    pub(crate) fn signed(body: &str, time: u64) -> Self {
        let signature = hmac_hex(SECRET.as_bytes(), format!("m1.{time}.{body}").as_bytes());
        Self::new(body).with("x-id", "m1").with("x-time", &time.to_string()).with("x-signature", &format!("v1={signature}"))
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self
    }

    /// In place of the header of this name.
    pub(crate) fn instead(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    pub(crate) fn at(mut self, method: &str, url: &str) -> Self {
        (self.method, self.url) = (method.to_owned(), url.to_owned());
        self
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request { method: &self.method, url: &self.url, headers: &self.headers, body: &self.body }
    }

    /// Verified at [`NOW`] with [`SECRET`] and an empty memory.
    pub(crate) fn check(&self, rules: &Rules) -> Result<Verified, Refusal> {
        self.check_with(rules, SECRET, &ReplayGuard::new(16), NOW)
    }

    pub(crate) fn check_with(&self, rules: &Rules, secret: &str, guard: &ReplayGuard, now: u64) -> Result<Verified, Refusal> {
        rules.verify(&self.request(), &|_| Some(SecretString::from(secret)), guard, "inbox", at(now))
    }
}

pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}
