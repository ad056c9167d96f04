//! Requests and messages out, as a test needs them.

use crate::{Header, HttpRequest, Outbound, Phase, Place};

impl HttpRequest {
    /// A request to the plugin, for its own tests.
    pub fn for_test(method: &str, url: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { method: method.to_owned(), url: url.to_owned(), headers: Vec::new(), body: body.into() }
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header { name: name.to_owned(), value: value.to_owned() });
        self
    }
}

impl Outbound {
    /// A whole reply to this place, for a plugin's own tests.
    pub fn for_test(place: Place, markdown: impl Into<String>) -> Self {
        Self {
            id: "reply".to_owned(),
            place,
            reply_to: None,
            markdown: markdown.into(),
            attachments: Vec::new(),
            phase: Phase::Finish,
            previous: Vec::new(),
            context: None,
        }
    }

    /// In this phase, after these receipts.
    pub fn in_phase(mut self, phase: Phase, previous: &[&str]) -> Self {
        self.phase = phase;
        self.previous = previous.iter().map(|id| (*id).to_owned()).collect();
        self
    }
}
