//! The test host's network: answers that a test wrote down beforehand, and what was sent.

use crate::host::http::{Body, Outgoing};
use crate::{Header, HttpResponse, PluginError, Result, SecretPlace};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the other side will say.
#[derive(Debug, Clone)]
pub struct Reply(Result<HttpResponse>);

impl Reply {
    /// A status without a body.
    pub fn status(status: u16) -> Self {
        Self(Ok(HttpResponse::status(status)))
    }

    /// A JSON body.
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        Self(HttpResponse::json(status, value))
    }

    /// A body of any type.
    pub fn body(status: u16, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let reply = HttpResponse { body: bytes.into(), ..HttpResponse::status(status) };
        Self(Ok(reply)).header("content-type", content_type)
    }

    /// No answer: what the host makes of a broken connection or a call that is not granted.
    pub fn failure(error: PluginError) -> Self {
        Self(Err(error))
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok(response) = &mut self.0 {
            response.headers.push(Header { name: name.to_owned(), value: value.to_owned() });
        }
        self
    }
}

/// A request that the plugin sent. Its fields are the contract's.
#[derive(Debug, Clone)]
pub struct Sent(pub Outgoing);

impl Sent {
    /// Method and URL, as in `POST https://api.example.com/messages`.
    pub fn line(&self) -> String {
        format!("{} {}", self.0.method, self.0.url)
    }

    /// The first header of this name, in any case. Secrets are not here: the host adds them later.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
    }

    /// The body's bytes; none for a blob, a form with files or no body at all.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.0.body {
            Body::Bytes(bytes) => Some(bytes),
            Body::Empty | Body::Blob(_) | Body::Multipart(_) => None,
        }
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        self.bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or(Value::Null)
    }
}

struct Scripted {
    method: String,
    url_prefix: String,
    reply: Reply,
    repeated: bool,
}

/// The script and the record.
#[derive(Default)]
pub(super) struct Network {
    script: Vec<Scripted>,
    pub(super) sent: Vec<Sent>,
    pub(super) secrets: BTreeSet<String>,
}

impl Network {
    pub(super) fn expect(&mut self, method: &str, url_prefix: &str, reply: Reply, repeated: bool) {
        self.script.push(Scripted { method: method.to_owned(), url_prefix: url_prefix.to_owned(), reply, repeated });
    }

    /// The answers that nobody asked for, as `METHOD prefix`.
    pub(super) fn unused(&self) -> Vec<String> {
        let once = self.script.iter().filter(|scripted| !scripted.repeated);
        once.map(|scripted| format!("{} {}", scripted.method, scripted.url_prefix)).collect()
    }

    /// The first answer that fits; one that is not repeated is used up. The outer error tells the test's author what is
    /// missing.
    pub(super) fn send(&mut self, request: &Outgoing) -> std::result::Result<Result<HttpResponse>, String> {
        if let Err(refusal) = self.check_secrets(request) {
            return Ok(Err(PluginError::permanent(refusal)));
        }
        let sent = Sent(request.clone());
        let line = sent.line();
        self.sent.push(sent);
        let fits = |scripted: &Scripted| scripted.method == request.method && request.url.starts_with(&scripted.url_prefix);
        let Some(index) = self.script.iter().position(fits) else {
            let left: Vec<_> = self.script.iter().map(|s| format!("{} {}", s.method, s.url_prefix)).collect();
            return Err(format!("the test has no answer for `{line}`; what is left: {left:?}"));
        };
        let reply = if self.script[index].repeated { self.script[index].reply.clone() } else { self.script.remove(index).reply };
        Ok(reply.0)
    }

    /// What the real host refuses too: a secret that the manifest does not have, and a place that is not there.
    fn check_secrets(&self, request: &Outgoing) -> std::result::Result<(), String> {
        for used in &request.secrets {
            let name = &used.secret;
            if !self.secrets.contains(name) {
                return Err(format!("the secret {name:?} is not declared: call `host.secret({name:?})` if the manifest has it"));
            }
            let fits = match &used.place {
                SecretPlace::Header(_) | SecretPlace::Query(_) => true,
                SecretPlace::Path => request.url.split('?').next().is_some_and(|path| path.matches("{secret}").count() == 1),
                SecretPlace::Json(pointer) => Sent(request.clone()).json().pointer(pointer).is_some_and(Value::is_string),
            };
            if !fits {
                return Err(format!("there is no place for the secret {name:?} at {:?}", used.place));
            }
        }
        Ok(())
    }
}
