//! The Control UI's sign-in: a signed cookie that says until when it holds. It dies with the secret it was given for.

use super::Credentials;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::sync::Arc;
use wingman_message::Clock;

const NAME: &str = "wingman_session";
/// Thirty days: somebody who looks in on their agents from a phone should not sign in each time.
const LIFETIME_S: i64 = 30 * 24 * 60 * 60;

pub(crate) struct Cookies {
    mac: Hmac<Sha256>,
    clock: Arc<dyn Clock>,
}

impl Cookies {
    pub(super) fn new(key: &[u8], credentials: &Credentials, clock: Arc<dyn Clock>) -> Self {
        // The block form of the key (RFC 2104, 2): the digest of the key, filled up with zeros. Its length always fits, so that
        // there is no error to handle.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&<Sha256 as sha2::Digest>::digest(key));
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(credentials.fingerprint());
        Self { mac, clock }
    }

    /// A `Set-Cookie` value (RFC 6265). `secure` where the page came over TLS.
    pub(super) fn issue(&self, secure: bool) -> String {
        let expires = self.clock.now_ms() / 1000 + LIFETIME_S;
        let signature = hex::encode(self.sign(expires).finalize().into_bytes());
        let secure = if secure { "; Secure" } else { "" };
        format!("{NAME}={expires}.{signature}; Path=/; Max-Age={LIFETIME_S}; HttpOnly; SameSite=Strict{secure}")
    }

    /// One of the request's cookies is ours, is signed, and still holds.
    pub(super) fn accept(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        cookies
            .flat_map(|line| line.split(';'))
            .any(|cookie| cookie.trim().split_once('=').is_some_and(|(name, value)| name == NAME && self.is_valid(value)))
    }

    fn is_valid(&self, value: &str) -> bool {
        let Some((expires, signature)) = value.split_once('.') else { return false };
        let (Ok(expires), Ok(signature)) = (expires.parse::<i64>(), hex::decode(signature)) else { return false };
        // Compares in constant time.
        self.sign(expires).verify_slice(&signature).is_ok() && expires > self.clock.now_ms() / 1000
    }

    fn sign(&self, expires: i64) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(&expires.to_be_bytes());
        mac
    }
}

/// A `Set-Cookie` value that takes the cookie away.
pub(crate) fn expired() -> String {
    format!("{NAME}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wingman_message::ManualClock;

    fn cookies(token: &str, clock: &ManualClock) -> Cookies {
        Cookies::new(b"key", &Credentials::token(&token.to_owned().into()), Arc::new(clock.clone()))
    }

    fn sent_back(set_cookie: &str) -> HeaderMap {
        let pair = set_cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, format!("theme=dark; {pair}").parse().unwrap())])
    }

    #[test]
    fn a_cookie_holds_for_its_time_and_no_longer() {
        let clock = ManualClock::at(1_000_000);
        let cookies = cookies("secret", &clock);
        let headers = sent_back(&cookies.issue(false));
        assert!(cookies.accept(&headers));
        clock.advance_ms(LIFETIME_S * 1000 + 1);
        assert!(!cookies.accept(&headers));
    }

    #[test]
    fn a_changed_secret_or_a_changed_cookie_is_refused() {
        let clock = ManualClock::at(1_000_000);
        let headers = sent_back(&cookies("old", &clock).issue(true));
        assert!(!cookies("new", &clock).accept(&headers));

        let later = i64::MAX;
        let value = headers[COOKIE].to_str().unwrap();
        let forged = format!("{NAME}={later}.{}", value.rsplit('.').next().unwrap());
        assert!(!cookies("old", &clock).accept(&HeaderMap::from_iter([(COOKIE, forged.parse().unwrap())])));
    }
}
