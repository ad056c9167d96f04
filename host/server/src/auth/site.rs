//! `Host` and `Origin`: a page of another site must not reach the gateway through its visitor's browser.
//!
//! `Host` is checked always, so that a name that was re-bound to this machine's address (DNS rebinding) is refused: an address,
//! `localhost`, or a name that the operator configured. `Origin` is checked whenever it is there: the same host and port that the
//! request is for, or one that the operator allows.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use std::net::IpAddr;
use url::Url;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// The `Host` header is missing or no host of this gateway.
    #[error("this gateway does not answer to the host {0:?}; add its origin to `gateway.controlUi.allowedOrigins` if it should")]
    Host(String),
    /// The request comes from a page of another site.
    #[error(
        "requests from pages of {0:?} are not allowed; add the origin to `gateway.controlUi.allowedOrigins` if they should be"
    )]
    Origin(String),
}

/// Which hosts and origins a gateway answers to.
#[derive(Debug, Clone, Default)]
pub struct SitePolicy {
    hosts: Vec<String>,
    origins: Vec<url::Origin>,
}

impl SitePolicy {
    /// A gateway that answers to addresses, to `localhost`, to `host`, and to the hosts of `allowed_origins`; pages of those
    /// origins may use it. What is no URL in `allowed_origins` is passed over: the configuration has checked it.
    #[must_use]
    pub fn new(host: &str, allowed_origins: &[String]) -> Self {
        let urls: Vec<Url> = allowed_origins.iter().filter_map(|origin| Url::parse(origin).ok()).collect();
        let mut hosts = vec![host.to_ascii_lowercase()];
        hosts.extend(urls.iter().filter_map(|url| url.host_str().map(str::to_ascii_lowercase)));
        Self { hosts, origins: urls.iter().map(Url::origin).collect() }
    }

    /// Checks a request's headers.
    ///
    /// # Errors
    /// [`SiteError`]
    pub fn check(&self, headers: &HeaderMap) -> Result<(), SiteError> {
        let host = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let authority: Authority = host.parse().map_err(|_| SiteError::Host(shorten(host)))?;
        if authority.as_str().contains('@') || !self.is_ours(authority.host()) {
            return Err(SiteError::Host(shorten(host)));
        }
        let mut origins = headers.get_all(ORIGIN).into_iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) if origin.to_str().is_ok_and(|origin| self.may_call(origin, &authority)) => Ok(()),
            (Some(origin), _) => Err(SiteError::Origin(shorten(&String::from_utf8_lossy(origin.as_bytes())))),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = host.to_ascii_lowercase();
        bare.parse::<IpAddr>().is_ok() || name == "localhost" || self.hosts.contains(&name)
    }

    fn may_call(&self, origin: &str, host: &Authority) -> bool {
        let Ok(url) = Url::parse(origin) else { return false };
        if self.origins.contains(&url.origin()) {
            return true;
        }
        let default_port = if url.scheme() == "https" { 443 } else { 80 };
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|name| name.eq_ignore_ascii_case(host.host()))
            && url.port_or_known_default() == Some(host.port_u16().unwrap_or(default_port))
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, origin: Option<&str>) -> Result<(), SiteError> {
        let policy = SitePolicy::new("127.0.0.1", &["https://wingman.example.org".to_owned()]);
        let mut headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        policy.check(&headers)
    }

    #[test]
    fn programs_and_the_own_page_come_in() {
        for (host, origin) in [
            ("127.0.0.1:18789", None),
            ("localhost:18790", Some("http://localhost:18790")),
            ("[::1]:18790", Some("http://[::1]:18790")),
            ("192.168.1.5:18790", Some("http://192.168.1.5:18790")),
            ("wingman.example.org", Some("https://wingman.example.org")),
            ("127.0.0.1:18789", Some("https://wingman.example.org")),
        ] {
            assert_eq!(check(host, origin), Ok(()), "{host} {origin:?}");
        }
    }

    #[test]
    fn a_foreign_page_is_refused() {
        for origin in
            ["https://evil.example", "http://127.0.0.1:9999", "https://127.0.0.1:18789.evil.example", "null", "file://", ""]
        {
            let refused = check("127.0.0.1:18789", Some(origin));
            assert!(matches!(refused, Err(SiteError::Origin(_))), "{origin} {refused:?}");
        }
    }

    #[test]
    fn a_rebound_name_is_refused() {
        for host in ["evil.example:18789", "127.0.0.1.evil.example", "localhost.evil.example", "", "a@127.0.0.1", "2130706433"] {
            assert!(matches!(check(host, None), Err(SiteError::Host(_))), "{host}");
        }
        assert!(matches!(SitePolicy::default().check(&HeaderMap::new()), Err(SiteError::Host(_))));
    }
}
