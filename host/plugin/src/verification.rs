//! Requests from outside, held against the rules in a plugin's manifest before any component sees them.

use crate::plugin::Plugin;
use std::time::{Duration, UNIX_EPOCH};
use wingman_message::{Entrance, Header, HttpRequest, Seen, Unverified, UnverifiedRequest, VerifiedRequest};
use wingman_verify::{Refusal, ReplayGuard, Request};

/// Signatures that are remembered over all plugins, each until it is too old anyway.
const REMEMBERED: usize = 100_000;

/// The memory of signatures.
pub(crate) struct Verifier(ReplayGuard);

impl Default for Verifier {
    fn default() -> Self {
        Self(ReplayGuard::new(REMEMBERED))
    }
}

struct Admitted(wingman_verify::Seen);

impl Seen for Admitted {
    fn commit(self: Box<Self>) {
        self.0.commit();
    }
}

impl Verifier {
    pub(crate) fn verify(
        &self,
        plugin: &Plugin,
        entrance: Entrance<'_>,
        unverified: UnverifiedRequest,
    ) -> Result<VerifiedRequest, Unverified> {
        let name = &plugin.manifest.name;
        let rules = plugin.manifest.verification.as_ref();
        let rules = rules.ok_or_else(|| Unverified::NoEntrance(format!("`{name}` takes no requests from outside")))?;
        let account = match entrance {
            Entrance::Channel { account, .. } => account,
            Entrance::Preset { .. } => None,
        };
        let access = plugin.access(account).map_err(|failure| Unverified::NoEntrance(failure.to_string()))?;
        let secret = |asked: Option<&str>| match (asked, entrance) {
            (Some(name), _) => access.secret(name),
            (None, Entrance::Preset { secret, .. }) => Some(secret.to_owned().into()),
            (None, Entrance::Channel { .. }) => None,
        };
        let UnverifiedRequest { request, received_at } = unverified;
        let HttpRequest { method, url, headers, body } = request;
        let mut headers: Vec<(String, String)> = headers.into_iter().map(|Header { name, value }| (name, value)).collect();
        let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(received_at).unwrap_or(0));
        let scope = match entrance {
            Entrance::Channel { .. } => format!("{name}/{}", account.map(ToString::to_string).unwrap_or_default()),
            Entrance::Preset { webhook, .. } => format!("{name}/{webhook}"),
        };
        let view = Request { method: &method, url: &url, headers: &headers, body: &body };
        let verified = rules.verify(&view, &secret, &self.0, &scope, now);
        let verified = verified.map_err(|refusal| match refusal {
            Refusal::Replayed => Unverified::Repeated(refusal.to_string()),
            Refusal::InFlight => Unverified::InFlight(refusal.to_string()),
            Refusal::NoSecret { .. } | Refusal::BadSecret { .. } => Unverified::NotReady(refusal.to_string()),
            _ => Unverified::Refused(refusal.to_string()),
        })?;
        verified.strip.strip_headers(&mut headers);
        // What the rules did not ask for may be a credential all the same: a browser sends the page's cookie along.
        let headers = headers.into_iter().map(|(name, value)| Header { name, value }).filter(|header| !header.is_credential());
        let headers = headers.collect();
        let request = HttpRequest { url: verified.strip.strip_url(&url), method, headers, body };
        Ok(VerifiedRequest { request, seen: Some(Box::new(Admitted(verified.seen))) })
    }
}
