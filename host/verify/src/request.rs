//! The request that is verified: looking values up in it, and taking away what proved the sender. Not here: what the values
//! mean.

use crate::Refusal;
use std::borrow::Cow;

/// An inbound request, as it came: nothing decoded, unfolded or re-serialised.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// HTTP method, in capitals.
    pub method: &'a str,
    /// The URL that the sender called, from scheme to query. Behind a proxy only the operator knows it; path and query are
    /// enough unless a rule signs `{url}`.
    pub url: &'a str,
    /// Names and values in the order of the request. A name that occurs twice stands here twice.
    pub headers: &'a [(String, String)],
    /// The raw body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// A header's only value. `what` is how a refusal calls it.
    pub(crate) fn header(&self, name: &str, what: &str) -> Result<&'a str, Refusal> {
        let values = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        let value = only(values, what)?;
        if value.chars().any(char::is_control) {
            return Err(Refusal::Malformed { what: what.to_owned(), why: "holds control characters" });
        }
        Ok(value)
    }

    /// A query parameter's only value, decoded.
    pub(crate) fn query(&self, name: &str, what: &str) -> Result<Cow<'a, str>, Refusal> {
        let (_, query) = split(self.url);
        let values = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).filter(|(own, _)| own == name);
        only(values.map(|(_, value)| value), what)
    }
}

/// Two values of one name are read by one program as the first and by another as the last: both are refused.
fn only<T>(mut values: impl Iterator<Item = T>, what: &str) -> Result<T, Refusal> {
    let first = values.next().ok_or_else(|| Refusal::Missing { what: what.to_owned() })?;
    match values.next() {
        None => Ok(first),
        Some(_) => Err(Refusal::Malformed { what: what.to_owned(), why: "occurs more than once" }),
    }
}

fn split(url: &str) -> (&str, Option<&str>) {
    url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)))
}

/// What carries signatures and shared secrets, of all rules of a plugin: a component is not to see them.
///
/// A timestamp or id in a header of its own is data and stays; one that shares the signature's header goes with it, and is
/// found in [`Verified`](crate::Verified).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strip {
    /// Names of headers, in lower case.
    pub headers: Vec<String>,
    /// Names of query parameters, decoded.
    pub query: Vec<String>,
}

impl Strip {
    /// Takes the headers away.
    pub fn strip_headers(&self, headers: &mut Vec<(String, String)>) {
        headers.retain(|(name, _)| !self.headers.iter().any(|own| own.eq_ignore_ascii_case(name)));
    }

    /// The URL without the query parameters. What stays is byte for byte what came.
    #[must_use]
    pub fn strip_url(&self, url: &str) -> String {
        let (before, Some(query)) = split(url) else { return url.to_owned() };
        let stays = |part: &&str| {
            let name = form_urlencoded::parse(part.as_bytes()).next().map(|(name, _)| name);
            !name.is_some_and(|name| self.query.iter().any(|own| *own == name))
        };
        let kept = query.split('&').filter(stays).collect::<Vec<_>>().join("&");
        if kept.is_empty() { before.to_owned() } else { format!("{before}?{kept}") }
    }
}
