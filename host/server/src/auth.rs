//! Who may come in. All of access lives below this module: credentials, cookies, the throttle on failed attempts, and the checks
//! of `Host` and `Origin`. No handler compares a secret or reads a credential itself.

pub(crate) mod cookie;
mod credentials;
pub(crate) mod gate;
mod site;
mod throttle;

pub use credentials::{AuthMode, Credentials};
pub use site::SitePolicy;

pub(crate) use throttle::Throttle;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use std::net::IpAddr;
use std::sync::Arc;
use wingman_message::Clock;

/// Why somebody may not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthError {
    /// No credentials were given.
    #[error("credentials are needed: send `Authorization: Bearer <{0}>`, or sign in on the Control UI")]
    Missing(&'static str),
    /// The credentials are wrong.
    #[error("the {0} is wrong")]
    Wrong(&'static str),
    /// Too many wrong attempts came from there.
    #[error("too many failed attempts; try again in {retry_after_s} s")]
    Throttled {
        /// When, in seconds.
        retry_after_s: u64,
    },
    /// A write by cookie lacks the header that no foreign page can send.
    #[error("a write with the sign-in cookie needs the header `X-Wingman-CSRF: 1`")]
    Csrf,
}

/// Decides who may come in.
#[derive(Clone)]
pub struct Auth {
    credentials: Arc<Credentials>,
    cookies: Arc<cookie::Cookies>,
    throttle: Arc<Throttle>,
}

impl Auth {
    /// `cookie_key` signs the Control UI's cookies; it is kept, so that a restart signs nobody out.
    #[must_use]
    pub fn new(credentials: Credentials, cookie_key: &[u8], clock: Arc<dyn Clock>) -> Self {
        let cookies = cookie::Cookies::new(cookie_key, &credentials, Arc::clone(&clock));
        Self { credentials: Arc::new(credentials), cookies: Arc::new(cookies), throttle: Arc::new(Throttle::new(clock)) }
    }

    /// How this gateway is protected.
    #[must_use]
    pub fn mode(&self) -> AuthMode {
        self.credentials.mode()
    }

    /// Checks a secret that `peer` gave, as a token or a password.
    ///
    /// # Errors
    /// [`AuthError`]
    pub(crate) fn check_secret(&self, secret: Option<&str>, peer: IpAddr) -> Result<(), AuthError> {
        let mode = self.mode();
        if mode == AuthMode::None {
            return Ok(());
        }
        let Some(secret) = secret else { return Err(AuthError::Missing(mode.noun())) };
        self.throttle.check(peer)?;
        if self.credentials.accept(secret) {
            Ok(())
        } else {
            self.throttle.failed(peer);
            Err(AuthError::Wrong(mode.noun()))
        }
    }

    /// Checks a request's `Authorization` header or its cookie. A write by cookie must carry the CSRF header as well.
    ///
    /// # Errors
    /// [`AuthError`]
    pub(crate) fn check_request(&self, headers: &HeaderMap, is_write: bool, peer: IpAddr) -> Result<(), AuthError> {
        if self.mode() == AuthMode::None {
            return Ok(());
        }
        if let Some(token) = bearer(headers) {
            return self.check_secret(Some(token), peer);
        }
        if !self.has_cookie(headers) {
            return Err(AuthError::Missing(self.mode().noun()));
        }
        if is_write && !headers.contains_key("x-wingman-csrf") {
            return Err(AuthError::Csrf);
        }
        Ok(())
    }

    /// The request carries a valid sign-in cookie.
    pub(crate) fn has_cookie(&self, headers: &HeaderMap) -> bool {
        self.cookies.accept(headers)
    }

    /// The `Set-Cookie` value of somebody who has just signed in.
    pub(crate) fn sign_in_cookie(&self, secure: bool) -> String {
        self.cookies.issue(secure)
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.throttle
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750, 2.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
