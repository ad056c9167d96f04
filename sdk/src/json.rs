//! Reading JSON bodies and settings, with errors that tell the sender what is wrong.

use crate::{Delivery, Header, HttpRequest, HttpResponse, Invocation, PluginError, Result};
use serde::{Serialize, de::DeserializeOwned};

impl Delivery {
    /// The body as JSON, whatever the content type says: senders get that wrong more often than the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        parse(&self.body, "the body")
    }

    /// The webhook's settings.
    pub fn parse_settings<T: DeserializeOwned>(&self) -> Result<T> {
        parse(self.settings.as_bytes(), "the webhook's settings")
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// A delivery with this JSON body, for a plugin's own tests.
    pub fn for_test(body: impl Into<Vec<u8>>) -> Self {
        Self {
            webhook: "test".to_owned(),
            label: None,
            content_type: "application/json".to_owned(),
            headers: Vec::new(),
            body: body.into(),
            digest: "0".repeat(64),
            received_at: 1_767_225_600_000,
            settings: "{}".to_owned(),
        }
    }
}

impl HttpRequest {
    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        parse(&self.body, "the body")
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The path, without the query, as it was sent.
    pub fn path(&self) -> &str {
        self.url.split_once('?').map_or(self.url.as_str(), |(path, _)| path)
    }

    /// The first query parameter of this name, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        crate::url::query(&self.url, name)
    }
}

impl Invocation {
    /// A call of this tool, for a plugin's own tests.
    pub fn for_test(tool: &str, input: &impl Serialize) -> Self {
        Self {
            tool: tool.to_owned(),
            input: serde_json::to_string(input).unwrap_or_default(),
            agent: "agent".to_owned(),
            session: "session".to_owned(),
            call_id: "call".to_owned(),
        }
    }

    /// The tool's input.
    pub fn parse_input<T: DeserializeOwned>(&self) -> Result<T> {
        parse(self.input.as_bytes(), "the input")
    }
}

impl HttpResponse {
    /// A response without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A response with a JSON body.
    pub fn json(status: u16, value: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(value).map_err(|error| PluginError::permanent(format!("the reply is no JSON: {error}")))?;
        let headers = vec![Header { name: "content-type".to_owned(), value: "application/json".to_owned() }];
        Ok(Self { status, headers, body })
    }
}

fn find<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
}

fn parse<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        let kind = if error.is_data() { "does not have the expected shape" } else { "is not JSON" };
        PluginError::invalid_input(format!("{what} {kind}: {error}"))
    })
}
