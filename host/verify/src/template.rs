//! The text that was signed, as a template: parsed once, filled with the bytes of a request. Not here: what signs it.

use crate::{Refusal, Request};

/// Parsed form of such as `v0:{timestamp}:{body}`.
#[derive(Debug)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Body,
    Timestamp,
    Id,
    Url,
    Method,
    /// The header's name, in lower case.
    Header(String),
}

/// What a template is filled with.
pub(crate) struct Fill<'a> {
    pub(crate) request: &'a Request<'a>,
    /// As it stands in the request; empty when the template has no such placeholder.
    pub(crate) timestamp: &'a str,
    /// The same.
    pub(crate) id: &'a str,
}

impl Template {
    /// The error says what is wrong in the text, and what is right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
                plain.push_str(&rest[..1]);
                rest = after;
                continue;
            }
            let inner = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let (name, after) = inner.ok_or_else(|| {
                format!("`message` has a brace without its partner in `{rest}`; a brace that is meant as such is doubled")
            })?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::placeholder(name)?);
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    pub(crate) fn has_body(&self) -> bool {
        self.0.contains(&Piece::Body)
    }

    pub(crate) fn has_timestamp(&self) -> bool {
        self.0.contains(&Piece::Timestamp)
    }

    pub(crate) fn has_id(&self) -> bool {
        self.0.contains(&Piece::Id)
    }

    pub(crate) fn has_url(&self) -> bool {
        self.0.contains(&Piece::Url)
    }

    /// The signed bytes, in pieces, so that a body is not copied.
    pub(crate) fn fill<'a>(&'a self, fill: &Fill<'a>) -> Result<Vec<&'a [u8]>, Refusal> {
        let Fill { request, timestamp, id } = *fill;
        let bytes = self.0.iter().map(|piece| {
            Ok(match piece {
                Piece::Text(text) => text.as_bytes(),
                Piece::Body => request.body,
                Piece::Timestamp => timestamp.as_bytes(),
                Piece::Id => id.as_bytes(),
                Piece::Url => request.url.as_bytes(),
                Piece::Method => request.method.as_bytes(),
                Piece::Header(name) => request.header(name, &format!("header `{name}`"))?.as_bytes(),
            })
        });
        bytes.collect()
    }
}

impl Piece {
    fn placeholder(name: &str) -> Result<Self, String> {
        Ok(match name {
            "body" => Self::Body,
            "timestamp" => Self::Timestamp,
            "id" => Self::Id,
            "url" => Self::Url,
            "method" => Self::Method,
            _ => match name.strip_prefix("header:").filter(|header| is_header_name(header)) {
                Some(header) => Self::Header(header.to_owned()),
                None => {
                    return Err(format!(
                        "`message` has the unknown placeholder `{{{name}}}`; there are {{body}}, {{timestamp}}, {{id}}, {{url}}, \
                         {{method}} and {{header:name}} with the name in lower case"
                    ));
                }
            },
        })
    }
}

/// Whether a text is the name of a header (RFC 9110, section 5.1), in lower case.
pub(crate) fn is_header_name(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}
