//! What is measured: an address on this machine.

use crate::BenchError;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use url::{Host, Url};

/// A server on a loopback address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    address: SocketAddr,
    authority: String,
    path: String,
}

impl Target {
    /// Where to connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Host and port as they were written, for `Host` headers.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path, with its query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for Target {
    type Err = BenchError;

    /// Reads `ws://127.0.0.1:18789/ws` or the same with `http`. The name `localhost` is 127.0.0.1; no other name is looked up.
    fn from_str(text: &str) -> Result<Self, BenchError> {
        let invalid = |reason: &str| BenchError::InvalidTarget { target: text.to_owned(), reason: reason.to_owned() };
        let url = Url::parse(text).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(url.scheme(), "ws" | "http") {
            return Err(invalid("its scheme is neither ws nor http"));
        }
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain("localhost")) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(Host::Domain(_)) => return Err(BenchError::NotLoopback { target: text.to_owned() }),
            None => return Err(invalid("it has no host")),
        };
        if !ip.is_loopback() {
            return Err(BenchError::NotLoopback { target: text.to_owned() });
        }
        let port = url.port_or_known_default().ok_or_else(|| invalid("it has no port"))?;
        let path = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let authority = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
        Ok(Self { address: SocketAddr::new(ip, port), authority, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_on_this_machine() {
        for good in ["ws://127.0.0.1:1/ws", "http://localhost:80", "ws://[::1]:9/", "ws://127.8.9.1:7/a?b=c"] {
            assert!(good.parse::<Target>().is_ok(), "{good}");
        }
        for other in ["ws://10.0.0.1:1/", "ws://localhost.example.com/", "http://[2001:db8::1]:80/", "ws://0.0.0.0:1/"] {
            assert!(matches!(other.parse::<Target>(), Err(BenchError::NotLoopback { .. })), "{other}");
        }
        for bad in ["127.0.0.1:80", "wss://127.0.0.1/", "file:///tmp", ""] {
            assert!(matches!(bad.parse::<Target>(), Err(BenchError::InvalidTarget { .. })), "{bad}");
        }
    }
}
