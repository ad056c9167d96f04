//! Hosts as they are called and as they are granted. Where a host is in the network is not known here.

use crate::{EgressError, Result};
use serde::{Deserialize, de};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A host in one spelling: a name in lower-case ASCII (IDNA) without a dot at its end, or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name, such as `api.example.com`.
    Name(String),
    /// An address, in whatever spelling the URL had it (`0x7f.1` and `2130706433` are `127.0.0.1`).
    Address(IpAddr),
}

impl Host {
    /// As a grant writes it; an IPv6 address may stand with brackets and without.
    fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self::Address(address));
        }
        Self::from_url(&url::Host::parse(text).ok()?)
    }

    /// None when nothing but the dot is left.
    pub(crate) fn from_url<S: AsRef<str>>(host: &url::Host<S>) -> Option<Self> {
        match host {
            url::Host::Ipv4(address) => Some(Self::Address((*address).into())),
            url::Host::Ipv6(address) => Some(Self::Address((*address).into())),
            url::Host::Domain(name) => {
                let name = name.as_ref();
                let name = name.strip_suffix('.').unwrap_or(name);
                let whole = !name.is_empty() && name.split('.').all(|label| !label.is_empty());
                whole.then(|| Self::Name(name.to_ascii_lowercase()))
            }
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => out.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(out),
            Self::Address(IpAddr::V6(address)) => write!(out, "[{address}]"),
        }
    }
}

/// Which hosts are meant: `api.example.com` that one, `*.example.com` every name below `example.com` but not itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    below: bool,
    host: Host,
}

impl HostPattern {
    /// Whether `host` is meant.
    #[must_use]
    pub fn matches(&self, host: &Host) -> bool {
        match (&self.host, host) {
            (Host::Name(suffix), Host::Name(name)) if self.below => {
                name.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            (own, host) => own == host,
        }
    }
}

impl FromStr for HostPattern {
    type Err = EgressError;

    /// # Errors
    ///
    /// [`EgressError::BadGrant`] for what is no host, for a `*` anywhere but as the first label, and for `*.com`.
    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| {
            EgressError::BadGrant(format!("host `{text}`: {why}; write `api.example.com`, `*.example.com` or an IP address"))
        };
        let (below, rest) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        if rest.contains('*') {
            return Err(bad("`*` may only stand for the first labels"));
        }
        if rest.contains(['/', '@', '?', '#', '\\']) {
            return Err(bad("only the host belongs here; port, path and scheme have fields of their own"));
        }
        let host = Host::parse(rest).ok_or_else(|| bad("this is no host name"))?;
        match &host {
            Host::Name(name) if below && !name.contains('.') => Err(bad("that is a whole top-level domain")),
            Host::Address(_) if below => Err(bad("nothing is below an address")),
            _ => Ok(Self { below, host }),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", if self.below { "*." } else { "" }, self.host)
    }
}

impl<'de> Deserialize<'de> for HostPattern {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, host: &str) -> bool {
        pattern.parse::<HostPattern>().unwrap().matches(&Host::parse(host).unwrap())
    }

    #[test]
    fn a_name_is_one_host_and_a_star_all_below_it() {
        for (pattern, host) in [
            ("api.example.com", "API.Example.COM."),
            ("*.example.com", "a.example.com"),
            ("*.example.com", "a.b.example.com"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("127.0.0.1", "0x7f.1"),
            ("::1", "[0:0:0:0:0:0:0:1]"),
            ("[::1]", "::1"),
        ] {
            assert!(matches(pattern, host), "{pattern} {host}");
        }
        for (pattern, host) in [
            ("api.example.com", "example.com"),
            ("example.com", "api.example.com"),
            ("*.example.com", "example.com"),
            ("*.example.com", "evilexample.com"),
            ("*.example.com", "example.com.evil.test"),
            ("127.0.0.1", "127.0.0.2"),
        ] {
            assert!(!matches(pattern, host), "{pattern} {host}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused_with_advice() {
        for text in [
            "",
            "*",
            "*.com",
            "a.*.com",
            "**.a.com",
            "https://a.com",
            "a.com:80",
            "a.com/x",
            "u@a.com",
            "*.10.0.0.1",
            ".",
            "a..b",
        ] {
            let error = text.parse::<HostPattern>().unwrap_err().to_string();
            assert!(error.contains("write `api.example.com`"), "{text}: {error}");
        }
    }
}
