//! One request on the wire, and what becomes of it when the other side redirects.

use crate::headers::keep_harmless;
use crate::secret::scrubbed;
use crate::target::Target;
use crate::{EgressError, Injection, Result};
use bytes::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName};
use hyper::{Method, StatusCode};

/// Most redirects that are followed.
pub(crate) const MAX_REDIRECTS: usize = 5;

/// One request, checked and filled in.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Which headers hold a secret.
    pub(crate) secret_headers: Vec<HeaderName>,
    /// Whether the body holds a secret.
    pub(crate) secret_body: bool,
}

impl Hop {
    /// Whether an answer with this status sends the caller elsewhere.
    pub(crate) fn is_redirect(status: StatusCode) -> bool {
        matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
    }

    /// The request that follows a redirect (RFC 9110, 15.4, as browsers do it: 301 and 302 turn POST into GET, 303 everything).
    ///
    /// Within an origin, headers and body go along; secrets of path and query do not, as the location is a whole URL. To another
    /// origin go only headers that cannot be credentials, and no secret at all.
    pub(crate) fn redirected(mut self, status: StatusCode, location: &str, secrets: &[Injection]) -> Result<Self> {
        let from = self.target.host.to_string();
        let target = self.target.redirected(location).map_err(|error| EgressError::BadResponse {
            host: from.clone(),
            why: format!("its redirect leads nowhere: {error}"),
        })?;
        let drops_body = match status.as_u16() {
            303 => self.method != Method::HEAD,
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        if drops_body {
            self.method = Method::GET;
            self.body = Bytes::new();
            self.secret_body = false;
            for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE] {
                self.headers.remove(name);
            }
        }
        if !self.target.same_origin(&target) {
            self.leave_origin(&target, &from, secrets)?;
        }
        self.target = target;
        Ok(self)
    }

    fn leave_origin(&mut self, to: &Target, from: &str, secrets: &[Injection]) -> Result<()> {
        let url = to.request_url();
        let told = secrets.iter().find(|secret| scrubbed(&url, std::slice::from_ref(secret)) != url);
        let in_body = secrets.iter().find(|secret| self.secret_body && matches!(secret.place, crate::Place::Json(_)));
        if let Some(secret) = told.or(in_body) {
            return Err(EgressError::SecretNotAllowed {
                secret: secret.name.clone(),
                why: format!("{from} redirects to {}, which would get it", to.host),
            });
        }
        keep_harmless(&mut self.headers, &self.secret_headers);
        self.secret_headers.clear();
        Ok(())
    }
}
