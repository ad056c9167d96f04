//! A request and its response, as a caller sees them.

use crate::{Body, Injection};
use bytes::Bytes;
use std::time::Duration;

/// Name and value. A repeated header is repeated.
pub(crate) type Header = (String, String);

/// A request that goes out. Its `Debug` shows no secret.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper-case.
    pub method: String,
    /// Absolute. Its path may hold `{secret}` once, for a secret whose place is the path.
    pub url: String,
    /// Names and values. Those of the connection (`host`, `content-length`, `proxy-*` ...) are refused. `cookie` is allowed, but
    /// like every header that could be a credential it goes to no other origin after a redirect.
    pub headers: Vec<(String, String)>,
    /// What it carries.
    pub body: Body,
    /// For the whole exchange, the body and redirects included; none: the host's default, or less if the grant has less.
    pub timeout: Option<Duration>,
    /// What is filled in on the way.
    pub secrets: Vec<Injection>,
}

/// What the other side said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 200 to 599 (101 and other 1xx never get here).
    pub status: u16,
    /// Lower-case names, and values that are text, in their order.
    pub headers: Vec<(String, String)>,
    /// The whole body, as it came: a `content-encoding` is the guest's to undo.
    pub body: Bytes,
}
