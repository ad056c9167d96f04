//! Calls out, made by the host: granted by host, path and method, pinned to the address that was checked, and capped.
//!
//! ```
//! use serde::Deserialize;
//! use serde_json::json;
//! use wingman_sdk::{SecretUse, host::http, testing};
//!
//! #[derive(Deserialize)]
//! struct Posted {
//!     id: String,
//! }
//!
//! fn post(room: &str, text: &str) -> wingman_sdk::Result<String> {
//!     let posted: Posted = http::post(format!("https://api.example.com/rooms/{room}/messages"))
//!         .secret(SecretUse::bearer("bot-token"))
//!         .json(&json!({ "text": text }))?
//!         .send()?
//!         .error_for_status()?
//!         .json()?;
//!     Ok(posted.id)
//! }
//!
//! let host = testing::Host::install();
//! host.secret("bot-token");
//! host.answer("POST", "https://api.example.com/rooms/", testing::Reply::json(200, &json!({ "id": "m1" })));
//! assert_eq!(post("hall", "hello").unwrap(), "m1");
//! assert_eq!(host.sent()[0].json()["text"], "hello");
//! ```

mod response;

use super::imports;
use crate::{Header, PluginError, Result, SecretUse, url};
use serde::Serialize;
use std::time::Duration;

pub use crate::__bindings::tool::wingman::plugin::http::{Body, Outgoing, Part, PartContent};
pub use response::Response;

/// A request that is being put together. It goes out with [`Request::send`] or [`Request::download`].
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send` or `download`"]
pub struct Request(Outgoing);

/// A GET request to an absolute URL.
pub fn get(url: impl Into<String>) -> Request {
    request("GET", url)
}

/// A POST request to an absolute URL.
pub fn post(url: impl Into<String>) -> Request {
    request("POST", url)
}

/// A PUT request to an absolute URL.
pub fn put(url: impl Into<String>) -> Request {
    request("PUT", url)
}

/// A PATCH request to an absolute URL.
pub fn patch(url: impl Into<String>) -> Request {
    request("PATCH", url)
}

/// A DELETE request to an absolute URL.
pub fn delete(url: impl Into<String>) -> Request {
    request("DELETE", url)
}

/// A request with any method, in upper case.
pub fn request(method: impl Into<String>, url: impl Into<String>) -> Request {
    Request(Outgoing {
        method: method.into(),
        url: url.into(),
        headers: Vec::new(),
        body: Body::Empty,
        secrets: Vec::new(),
        timeout_ms: None,
    })
}

impl Request {
    /// Adds a header. Credentials do not belong here: see [`Request::secret`].
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.push(Header { name: name.into(), value: value.into() });
        self
    }

    /// Adds a query parameter, encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        url::push_query(&mut self.0.url, name, value);
        self
    }

    /// Has the host put a secret into the request.
    pub fn secret(mut self, secret: SecretUse) -> Self {
        self.0.secrets.push(secret);
        self
    }

    /// A JSON body. Fails with `permanent` when the value cannot be written as JSON.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Result<Self> {
        let bytes =
            serde_json::to_vec(value).map_err(|error| PluginError::permanent(format!("the request is no JSON: {error}")))?;
        Ok(self.body("application/json", bytes))
    }

    /// A body as forms send it.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        self.body("application/x-www-form-urlencoded", url::form(fields).into_bytes())
    }

    /// A body of any type.
    pub fn body(mut self, content_type: &str, bytes: Vec<u8>) -> Self {
        self.0.body = Body::Bytes(bytes);
        self.header("content-type", content_type)
    }

    /// A blob as the body, streamed by the host.
    pub fn blob(mut self, content_type: &str, blob: impl Into<String>) -> Self {
        self.0.body = Body::Blob(blob.into());
        self.header("content-type", content_type)
    }

    /// A form with files; the host makes boundary and content type.
    pub fn multipart(mut self, parts: Vec<Part>) -> Self {
        self.0.body = Body::Multipart(parts);
        self
    }

    /// How long the whole exchange may take. Long polls ask for more than the host's default, within the grant.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout_ms = Some(u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// Sends it and returns whatever the other side said, error statuses too. Fails with `temporary` when nobody answered
    /// and with `permanent` when the call is not granted.
    pub fn send(self) -> Result<Response> {
        imports::http::send(&self.0).map(Response::from)
    }

    /// Sends it and keeps the body of a 2xx answer as a blob. Returns the blob's handle; other statuses are errors.
    pub fn download(self) -> Result<String> {
        imports::http::download(&self.0)
    }
}

impl From<Request> for Outgoing {
    /// For [`Media::locate`](crate::Media::locate), where the host makes the request.
    fn from(request: Request) -> Self {
        request.0
    }
}

impl Part {
    /// A field of text.
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), file_name: None, media_type: None, content: PartContent::Text(value.into()) }
    }

    /// A file.
    pub fn file(
        name: impl Into<String>,
        file_name: impl Into<String>,
        media_type: impl Into<String>,
        blob: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            file_name: Some(file_name.into()),
            media_type: Some(media_type.into()),
            content: PartContent::Blob(blob.into()),
        }
    }
}
