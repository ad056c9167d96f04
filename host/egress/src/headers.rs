//! Headers: which ones a guest may set, and which ones it gets back.

use crate::request::Header;
use crate::{EgressError, Result};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

/// Most headers that a guest can set.
const MAX_REQUEST_HEADERS: usize = 64;
/// Bytes of all their names and values.
const MAX_REQUEST_BYTES: usize = 16 * 1024;

/// These belong to the connection or to the host, and would let a guest write a second request or speak in another's name.
/// `cookie` and `authorization` are not among them: a guest may hold what a network gave it.
const RESERVED: [&str; 13] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "http2-settings",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
];

/// What goes to another origin after a redirect. Everything else may be a credential.
const HARMLESS: [HeaderName; 4] = [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, USER_AGENT];

/// A name that a guest, or a secret, may use.
pub(crate) fn checked_name(name: &str) -> Result<HeaderName> {
    let parsed =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| EgressError::BadRequest(format!("{name:.80?} is no header name")))?;
    if RESERVED.contains(&parsed.as_str()) || parsed.as_str().starts_with("proxy-") {
        return Err(EgressError::BadRequest(format!("the header `{parsed}` is the host's; leave it out")));
    }
    Ok(parsed)
}

/// The guest's headers, with the defaults that it did not set.
pub(crate) fn checked(headers: &[Header]) -> Result<HeaderMap> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > MAX_REQUEST_HEADERS || bytes > MAX_REQUEST_BYTES {
        let limit = format!("{MAX_REQUEST_HEADERS} headers or {MAX_REQUEST_BYTES} bytes");
        return Err(EgressError::TooLarge { what: "the request's header section".into(), limit });
    }
    let mut checked = HeaderMap::new();
    for (name, value) in headers {
        let name = checked_name(name)?;
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| EgressError::BadRequest(format!("the header `{name}` has a control character")))?;
        checked.append(name, value);
    }
    let agent = HeaderValue::from_static(concat!("wingman/", env!("CARGO_PKG_VERSION")));
    // Nothing is decompressed here, so that no small answer becomes a large one.
    let defaults =
        [(USER_AGENT, agent), (ACCEPT, HeaderValue::from_static("*/*")), (ACCEPT_ENCODING, HeaderValue::from_static("identity"))];
    for (name, value) in defaults {
        checked.entry(name).or_insert(value);
    }
    Ok(checked)
}

/// Drops what may not go to another origin.
pub(crate) fn keep_harmless(headers: &mut HeaderMap, secrets: &[HeaderName]) {
    let names: Vec<_> = headers.keys().filter(|name| !HARMLESS.contains(name) || secrets.contains(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// A response's headers as a guest sees them: lower-case, and only values that are text.
pub(crate) fn readable(headers: &HeaderMap) -> Vec<Header> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        Some((name.as_str().to_owned(), std::str::from_utf8(value.as_bytes()).ok()?.to_owned()))
    };
    headers.iter().filter_map(text).collect()
}
