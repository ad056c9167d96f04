//! All rules of a plugin, held against a request. Not here: what a single rule checks.

use crate::replay::{ReplayGuard, Seen};
use crate::rule::Rule;
use crate::source::Place;
use crate::{RawRule, Refusal, Request, Strip, parse};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The checked rules of a plugin. Clones share them. Without any rule, every request is refused.
#[derive(Debug, Clone)]
pub struct Rules {
    rules: Arc<[Rule]>,
    strip: Arc<Strip>,
}

/// What a verified request has shown.
#[derive(Debug)]
pub struct Verified {
    /// What to take out of the request before a component sees it.
    pub strip: Arc<Strip>,
    /// To be committed once the request's content is durable.
    pub seen: Seen,
    /// When the sender signed it, if a rule has a timestamp.
    pub sent_at: Option<SystemTime>,
    /// The sender's id of the message, if a rule reads one. A vendor's retries have the same.
    pub id: Option<String>,
}

impl Rules {
    /// Checks rules as they are written. The error is for their author: which rule, what is wrong, what to write.
    pub fn new(raw: Vec<RawRule>) -> Result<Self, String> {
        let numbered = raw.into_iter().zip(1..);
        let rules: Vec<Rule> = numbered
            .map(|(raw, number)| parse::rule(&raw).map_err(|why| format!("`[[verification]]` number {number}: {why}")))
            .collect::<Result<_, _>>()?;
        let mut strip = Strip::default();
        for rule in &rules {
            let (names, name) = match &rule.credential.place {
                Place::Header(name) => (&mut strip.headers, name),
                Place::Query(name) => (&mut strip.query, name),
            };
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        Ok(Self { rules: rules.into(), strip: Arc::new(strip) })
    }

    /// The names of the secrets that the rules ask for; none is the webhook's own. A name may come more than once.
    pub fn secrets(&self) -> impl Iterator<Item = Option<&str>> {
        self.rules.iter().map(|rule| rule.secret.as_deref())
    }

    /// Whether a request by this method can pass at all.
    #[must_use]
    pub fn takes(&self, method: &str) -> bool {
        self.rules.iter().any(|rule| rule.is_for(method))
    }

    /// Holds a request against every rule for its method.
    ///
    /// `secret` looks one up by its name (none: the webhook's own). `scope` parts what may repeat from what may not: the same
    /// signature at two webhooks is no replay. Takes time in proportion to the body and does not block; a lock is held for
    /// a few map operations.
    pub fn verify(
        &self,
        request: &Request<'_>,
        secret: &dyn Fn(Option<&str>) -> Option<SecretString>,
        guard: &ReplayGuard,
        scope: &str,
        now: SystemTime,
    ) -> Result<Verified, Refusal> {
        // A clock before 1970 is wrong, and finds every timestamp in the future.
        let now_ms = now.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        if !self.takes(request.method) {
            return Err(Refusal::NoRule);
        }
        let mut once = Vec::new();
        let (mut sent_at, mut id) = (None, None);
        for rule in self.rules.iter().filter(|rule| rule.is_for(request.method)) {
            let key = secret(rule.secret.as_deref()).filter(|secret| !secret.expose_secret().trim().is_empty());
            let key = key.ok_or_else(|| Refusal::NoSecret { secret: rule.secret_name() })?;
            let proof = rule.check(request, &key, now_ms)?;
            once.extend(proof.once);
            sent_at = sent_at.or(proof.sent_at);
            id = id.or(proof.id);
        }
        let seen = guard.admit(scope, &once, now_ms)?;
        Ok(Verified { strip: Arc::clone(&self.strip), seen, sent_at, id })
    }
}
