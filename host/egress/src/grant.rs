//! One grant: what a manifest asks for, checked. Many of them make a `policy`.

use crate::path::PathRule;
use crate::target::Target;
use crate::{EgressError, HostPattern, Result};
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// Milliseconds that a call gets where a grant says nothing.
const DEFAULT_TIMEOUT_MS: u32 = 30_000;
/// Milliseconds that a grant can ask for: a long poll and some room.
const MAX_TIMEOUT_MS: u32 = 300_000;
/// KiB of a response's body where a grant says nothing.
const DEFAULT_RESPONSE_KIB: u32 = 1024;
/// KiB of a response's body that a grant can ask for.
const MAX_RESPONSE_KIB: u32 = 32 * 1024;

/// How a call travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// HTTP over TLS.
    #[default]
    Https,
    /// HTTP in the clear: secrets and answers can be read on the way.
    Http,
    /// A WebSocket over TLS.
    Wss,
    /// A WebSocket in the clear.
    Ws,
}

impl Scheme {
    pub(crate) fn of_url(scheme: &str) -> Option<Self> {
        [Self::Https, Self::Http, Self::Wss, Self::Ws].into_iter().find(|own| own.as_str() == scheme)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Wss => "wss",
            Self::Ws => "ws",
        }
    }

    pub(crate) fn default_port(self) -> u16 {
        if self.is_encrypted() { 443 } else { 80 }
    }

    pub(crate) fn is_encrypted(self) -> bool {
        matches!(self, Self::Https | Self::Wss)
    }

    pub(crate) fn is_socket(self) -> bool {
        matches!(self, Self::Wss | Self::Ws)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A grant as a manifest writes it, in kebab case. Nothing is checked yet: [`Grant::new`] does that.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GrantSpec {
    /// `https` when left out.
    #[serde(default)]
    pub scheme: Scheme,
    /// `api.example.com`, `*.example.com` or an IP address.
    pub host: String,
    /// The scheme's own port when left out; no other.
    #[serde(default)]
    pub port: Option<u16>,
    /// `/api` means `/api` and what is below it, `/bot*` what begins with `/bot`, `/` everything. At least one.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Upper-case HTTP methods. At least one; none for `wss` and `ws`.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Milliseconds for the whole exchange (for a socket: the handshake), 1 to 300,000; 30,000 when left out.
    #[serde(default)]
    pub max_timeout_ms: Option<u32>,
    /// KiB of a response's body, 1 to 32,768; 1,024 when left out. None for `wss` and `ws`: a message has 1 MiB there.
    #[serde(default)]
    pub max_response_kib: Option<u32>,
}

/// A checked grant.
#[derive(Debug, Clone)]
pub struct Grant {
    scheme: Scheme,
    host: HostPattern,
    port: u16,
    paths: Vec<PathRule>,
    methods: Vec<String>,
    pub(crate) max_timeout: Duration,
    /// Bytes.
    pub(crate) max_response: usize,
}

impl Grant {
    /// Checks what a manifest says.
    ///
    /// # Errors
    ///
    /// [`EgressError::BadGrant`], which names the field and says what to write.
    pub fn new(spec: &GrantSpec) -> Result<Self> {
        let GrantSpec { scheme, host, port, paths, methods, max_timeout_ms, max_response_kib } = spec;
        let bad = |why: String| EgressError::BadGrant(format!("the grant for `{host}`: {why}"));
        if paths.is_empty() {
            return Err(bad("`paths` is missing; write `paths = [\"/api\"]`, or `paths = [\"/\"]` for all".into()));
        }
        let paths = paths.iter().map(|path| {
            let why = |why| bad(format!("path `{path}`: {why}; write `/api` (all below it) or `/bot*` (all that begin so)"));
            PathRule::parse(path).map_err(why)
        });
        if scheme.is_socket() && max_response_kib.is_some() {
            return Err(bad("a socket has no response; leave `max-response-kib` out".into()));
        }
        if *port == Some(0) {
            return Err(bad("port 0 cannot be called; leave `port` out for the usual one".into()));
        }
        let timeout_ms = within("max-timeout-ms", *max_timeout_ms, DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS).map_err(bad)?;
        let response_kib = within("max-response-kib", *max_response_kib, DEFAULT_RESPONSE_KIB, MAX_RESPONSE_KIB).map_err(bad)?;
        Ok(Self {
            scheme: *scheme,
            host: host.parse()?,
            port: port.unwrap_or(scheme.default_port()),
            paths: paths.collect::<Result<_>>()?,
            methods: checked_methods(*scheme, methods).map_err(bad)?,
            max_timeout: Duration::from_millis(timeout_ms.into()),
            max_response: response_kib as usize * 1024,
        })
    }

    /// Whether this call is meant. A socket has no method of its own.
    pub(crate) fn allows(&self, method: Option<&str>, target: &Target) -> bool {
        self.scheme == target.scheme
            && self.port == target.port
            && self.host.matches(&target.host)
            && self.paths.iter().any(|rule| rule.matches(&target.path))
            && method.is_none_or(|method| self.methods.iter().any(|own| own == method))
    }
}

fn within(field: &str, value: Option<u32>, default: u32, max: u32) -> std::result::Result<u32, String> {
    let value = value.unwrap_or(default);
    if (1..=max).contains(&value) { Ok(value) } else { Err(format!("`{field}` is {value}; write 1 to {max}")) }
}

fn checked_methods(scheme: Scheme, methods: &[String]) -> std::result::Result<Vec<String>, String> {
    if scheme.is_socket() {
        return if methods.is_empty() { Ok(Vec::new()) } else { Err("a socket has no methods; leave `methods` out".into()) };
    }
    if methods.is_empty() {
        return Err("`methods` is missing; write `methods = [\"GET\", \"POST\"]`".into());
    }
    match methods.iter().find(|method| !is_method(method)) {
        Some(method) => Err(format!("`{method}` is no method that can be granted; write GET, POST and the like in upper case")),
        None => Ok(methods.to_vec()),
    }
}

/// CONNECT would make a tunnel, and TRACE and TRACK would show the guest what the host filled in.
pub(crate) fn is_method(method: &str) -> bool {
    let token = (1..=20).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    token && !matches!(method, "CONNECT" | "TRACE" | "TRACK")
}
