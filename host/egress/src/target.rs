//! URLs, parsed once and strictly. Whether a call is granted is decided in `policy`.

use crate::grant::Scheme;
use crate::path::{MARKER, ambiguity, with_marker};
use crate::{EgressError, Host, Result};
use std::fmt;
use url::Url;

/// Longest URL, in bytes.
const MAX_URL: usize = 8 * 1024;

/// Where a call goes. Its path may still hold `{secret}`; its text shows neither query nor secret.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    /// The scheme's own when the URL names none.
    pub(crate) port: u16,
    /// Begins with a slash, in a URL's spelling, with the marker as it was written.
    pub(crate) path: String,
    /// Without the question mark.
    pub(crate) query: Option<String>,
}

impl Target {
    /// Parses what a guest wrote.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        check_text(text).map_err(refused)?;
        // The parser below would resolve dot segments silently, so they are looked for in what was written.
        let path = written_path(text).ok_or_else(|| refused("it is not absolute; write `https://host/path`"))?;
        if let Some(what) = ambiguity(path) {
            return Err(refused(&format!("its path has {what}")));
        }
        let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
        Self::from_url(&url)
    }

    /// Where a redirect leads. Relative locations are resolved as RFC 3986 says, before anything is judged.
    pub(crate) fn redirected(&self, location: &str) -> Result<Self> {
        check_text(location).map_err(refused)?;
        let base = Url::parse(&self.request_url()).map_err(|error| refused(&error.to_string()))?;
        let url = base.join(location).map_err(|error| refused(&error.to_string()))?;
        Self::from_url(&url)?.expect_socket(false)
    }

    fn from_url(url: &Url) -> Result<Self> {
        let scheme = Scheme::of_url(url.scheme())
            .ok_or_else(|| refused(&format!("its scheme is `{}`, not https, http, wss or ws", url.scheme())))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("it has a user name or password; name a secret instead"));
        }
        let host = url.host().and_then(|host| Host::from_url(&host)).ok_or_else(|| refused("it has no host"))?;
        let path = with_marker(url.path());
        if let Some(what) = ambiguity(&path) {
            return Err(refused(&format!("its path has {what}")));
        }
        let port = url.port().unwrap_or(scheme.default_port());
        Ok(Self { scheme, host, port, path, query: url.query().map(str::to_owned) })
    }

    /// Refuses a WebSocket's URL for a request, and the reverse.
    pub(crate) fn expect_socket(self, socket: bool) -> Result<Self> {
        match (self.scheme.is_socket(), socket) {
            (true, false) => Err(refused("a request goes to https or http")),
            (false, true) => Err(refused("a socket goes to wss or ws")),
            _ => Ok(self),
        }
    }

    /// Scheme, host and port: credentials stay inside these (RFC 6454).
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        (self.scheme, &self.host, self.port) == (other.scheme, &other.host, other.port)
    }

    /// The value of the `host` header.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }

    /// What stands in the request's first line.
    pub(crate) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The whole URL, with whatever secrets were filled in: for the wire, never for a text.
    pub(crate) fn request_url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority(), self.path_and_query())
    }

    /// How often the marker stands in the path.
    pub(crate) fn markers(&self) -> usize {
        self.path.matches(MARKER).count()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}{}", self.scheme, self.authority(), self.path)
    }
}

/// What no URL needs, and what parsers drop or turn into something else.
fn check_text(text: &str) -> std::result::Result<(), &'static str> {
    if text.len() > MAX_URL {
        return Err("it is longer than 8 KiB");
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("it has a blank or control character; percent-encode it");
    }
    if text.contains('\\') {
        return Err("it has a backslash");
    }
    Ok(())
}

/// The path as it was written: from the first slash after the authority to the query. None without `scheme://`.
fn written_path(text: &str) -> Option<&str> {
    let rest = text.split(['?', '#']).next().unwrap_or(text);
    let (_, rest) = rest.split_once(':')?;
    let rest = rest.strip_prefix("//")?;
    Some(rest.find('/').map_or("", |start| &rest[start..]))
}

/// The URL itself stays out of the text: it may be anything, of any length.
fn refused(why: &str) -> EgressError {
    EgressError::BadRequest(format!("the URL is refused: {why}"))
}
