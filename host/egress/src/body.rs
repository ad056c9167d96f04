//! What a request carries, and how a form is written (RFC 7578).

use crate::{EgressError, Result};
use bytes::{BufMut, Bytes, BytesMut};
use hyper::header::HeaderValue;

/// Bytes of a request's body, whatever it is made of.
const MAX_REQUEST_BODY: usize = 32 * 1024 * 1024;

/// What a request carries. Its bytes are in memory, at most 32 MiB.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// These bytes; the content type is among the request's headers.
    Bytes(Bytes),
    /// `multipart/form-data`; boundary and content type are made here.
    Form(Vec<Part>),
}

/// One part of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// Makes it a file.
    pub file_name: Option<String>,
    /// An IANA media type.
    pub media_type: Option<String>,
    /// The content, as it is.
    pub content: Bytes,
}

/// The bytes, and the content type that they must be sent with.
pub(crate) fn encoded(body: &Body) -> Result<(Bytes, Option<HeaderValue>)> {
    let size = match body {
        Body::Empty => 0,
        Body::Bytes(bytes) => bytes.len(),
        Body::Form(parts) => parts.iter().map(|part| part.content.len()).sum(),
    };
    if size > MAX_REQUEST_BODY {
        let limit = format!("{MAX_REQUEST_BODY} bytes");
        return Err(EgressError::TooLarge { what: "the request's body".into(), limit });
    }
    match body {
        Body::Empty => Ok((Bytes::new(), None)),
        Body::Bytes(bytes) => Ok((bytes.clone(), None)),
        Body::Form(parts) => {
            let boundary = fresh_boundary()?;
            let bytes = form(parts, &boundary)?;
            let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
            Ok((bytes, Some(content_type.map_err(|error| EgressError::BadRequest(error.to_string()))?)))
        }
    }
}

/// 128 random bits: no content can hold them by intent or by chance.
fn fresh_boundary() -> Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| EgressError::BadRequest(format!("no randomness for a form: {error}")))?;
    Ok(hex::encode(random))
}

fn form(parts: &[Part], boundary: &str) -> Result<Bytes> {
    let mut out = BytesMut::new();
    for Part { name, file_name, media_type, content } in parts {
        let file_name = file_name.as_ref().map_or(String::new(), |name| format!("; filename=\"{}\"", quoted(name)));
        let head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"{file_name}\r\n", quoted(name));
        out.put_slice(head.as_bytes());
        if let Some(media_type) = media_type {
            if media_type.chars().any(char::is_control) {
                return Err(EgressError::BadRequest("a form's media type has a control character".into()));
            }
            out.put_slice(format!("content-type: {media_type}\r\n").as_bytes());
        }
        out.put_slice(b"\r\n");
        out.put_slice(content);
        out.put_slice(b"\r\n");
    }
    out.put_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(out.freeze())
}

/// As browsers do it: what would end the value is percent-encoded.
fn quoted(value: &str) -> String {
    value.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_cannot_be_broken_out_of() {
        let part = |name: &str, file_name: Option<&str>, media_type: Option<&str>| Part {
            name: name.into(),
            file_name: file_name.map(Into::into),
            media_type: media_type.map(Into::into),
            content: Bytes::from_static(b"hi"),
        };
        let parts = [part("a\"\r\nx: y", None, None), part("f", Some("b\".png"), Some("image/png"))];
        let text = String::from_utf8(form(&parts, "BB").unwrap().to_vec()).unwrap();
        assert_eq!(
            text,
            "--BB\r\ncontent-disposition: form-data; name=\"a%22%0D%0Ax: y\"\r\n\r\nhi\r\n\
             --BB\r\ncontent-disposition: form-data; name=\"f\"; filename=\"b%22.png\"\r\ncontent-type: image/png\r\n\r\nhi\r\n\
             --BB--\r\n"
        );
        assert!(form(&[part("f", None, Some("image/png\r\nx: y"))], "BB").is_err());
    }
}
