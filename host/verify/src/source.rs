//! Where a value stands in a request: a header or a query parameter, whole or as parts of a list. Not here: what it means.

use crate::{Refusal, Request};
use std::borrow::Cow;
use std::fmt;

/// A list may carry so many values for us: a sender that rotates keys has two or three.
const MAX_VALUES: usize = 16;

/// Where a value stands.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) place: Place,
    /// None: the place holds one value.
    pub(crate) separator: Option<String>,
    /// What a value begins with, or nothing.
    pub(crate) prefix: String,
}

#[derive(Debug)]
pub(crate) enum Place {
    /// Its name, in lower case.
    Header(String),
    Query(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header `{name}`"),
            Self::Query(name) => write!(f, "query parameter `{name}`"),
        }
    }
}

impl Source {
    /// All values, at least one and none of them empty, without their prefix.
    pub(crate) fn all(&self, request: &Request<'_>) -> Result<Vec<String>, Refusal> {
        let what = self.place.to_string();
        let text = match &self.place {
            Place::Header(name) => Cow::Borrowed(request.header(name, &what)?),
            Place::Query(name) => request.query(name, &what)?,
        };
        let parts: Vec<&str> = match &self.separator {
            Some(separator) => text.split(separator.as_str()).map(|part| part.trim_matches([' ', '\t'])).collect(),
            None => vec![&text],
        };
        let values: Vec<String> =
            parts.into_iter().filter_map(|part| part.strip_prefix(self.prefix.as_str())).map(str::to_owned).collect();
        if values.is_empty() {
            return Err(self.malformed("does not begin, or has no part that begins, as the rule asks"));
        }
        if values.len() > MAX_VALUES {
            return Err(self.malformed("has too many parts"));
        }
        if values.iter().any(String::is_empty) {
            return Err(self.malformed("is empty"));
        }
        Ok(values)
    }

    /// The only value.
    pub(crate) fn one(&self, request: &Request<'_>) -> Result<String, Refusal> {
        match <[String; 1]>::try_from(self.all(request)?) {
            Ok([value]) => Ok(value),
            Err(_) => Err(self.malformed("has more than one such part")),
        }
    }

    pub(crate) fn malformed(&self, why: &'static str) -> Refusal {
        Refusal::Malformed { what: self.place.to_string(), why }
    }
}
