//! The network of the workbench: it answers the calls that a fixture scripts, and none besides. What the manifest asks for is held
//! against each call as the gateway would, so a call that is not asked for fails here too.

use crate::fixture::Scripted;
use crate::words::Raw;
use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};
use url::Url;
use wingman_egress::{Body, EgressError, Host, Injection, Policy, Request, Response};
use wingman_plugin::Exchange;

/// What a network says that nobody scripted: enough for most plugins to go on.
const ANYTHING: &str = r#"{"ok":true,"id":"1","result":{"message_id":1}}"#;

/// One call out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HttpCall {
    /// The method.
    pub method: String,
    /// The address, with `{secret}` where a secret would be.
    pub url: String,
    /// The names of the secrets that the host would fill in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// The body: JSON or another text, or how many bytes there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The status of the answer, or why there was none.
    pub answer: String,
}

/// The script of one call of the plugin, and what became of it.
#[derive(Default)]
pub(crate) struct Script(Mutex<State>);

#[derive(Default)]
struct State {
    /// None: anything is answered with the same.
    left: Option<Vec<Scripted>>,
    calls: Vec<HttpCall>,
    unscripted: Vec<String>,
}

/// What became of a script.
pub(crate) struct Played {
    pub(crate) calls: Vec<HttpCall>,
    /// Calls that the script knows nothing of, and answers that nobody asked for: each a sentence.
    pub(crate) complaints: Vec<String>,
}

impl Script {
    // A std mutex: held while an answer is looked up, never across an await.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins anew.
    pub(crate) fn begin(&self, answers: Option<Vec<Scripted>>) {
        *self.lock() = State { left: answers, ..State::default() };
    }

    pub(crate) fn end(&self) -> Played {
        let State { left, calls, unscripted: mut complaints } = std::mem::take(&mut *self.lock());
        for Scripted { request, .. } in left.unwrap_or_default() {
            complaints
                .push(format!("the fixture has an answer to {} {}, which was never asked for", request.method, request.url));
        }
        Played { calls, complaints }
    }
}

#[async_trait]
impl Exchange for Script {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, EgressError> {
        let allowed = policy.check(&request.method, &request.url).and_then(|()| check_secrets(&request));
        let mut state = self.lock();
        let answered = allowed.and_then(|()| state.answer(&request));
        let answer = match &answered {
            Ok(response) => response.status.to_string(),
            Err(error) => error.to_string(),
        };
        state.calls.push(HttpCall {
            secrets: request.secrets.iter().map(|secret| secret.name.clone()).collect(),
            body: shown(&request.body),
            method: request.method,
            url: request.url,
            answer,
        });
        answered
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Result<Response, EgressError> {
        let Some(left) = &mut self.left else {
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            return Ok(Response { status: 200, headers, body: Bytes::from_static(ANYTHING.as_bytes()) });
        };
        let Some(at) = left.iter().position(|scripted| scripted.is_for(request)) else {
            let Request { method, url, .. } = request;
            let missing = format!("the fixture has no answer to {method} {url}: add one to its `http`");
            self.unscripted.push(missing.clone());
            return Err(EgressError::BadRequest(missing));
        };
        let response = left.remove(at).response;
        let headers = response.headers.into_iter().map(|header| (header.name.to_lowercase(), header.value)).collect();
        Ok(Response { status: response.status, headers, body: response.body.0 })
    }
}

impl Scripted {
    fn is_for(&self, request: &Request) -> bool {
        let wanted = &self.request;
        let has =
            |name: &str, value: &str| request.headers.iter().any(|(own, said)| own.eq_ignore_ascii_case(name) && said == value);
        wanted.method == request.method
            && wanted.url == request.url
            && wanted.headers.iter().all(|header| has(&header.name, &header.value))
            && wanted.body.as_ref().is_none_or(|Raw(body)| is_same(body, &request.body))
    }
}

/// The same JSON in another spelling is the same body.
fn is_same(wanted: &[u8], body: &Body) -> bool {
    let Body::Bytes(bytes) = body else { return wanted.is_empty() && *body == Body::Empty };
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    *wanted == **bytes || json(wanted).is_some_and(|wanted| json(bytes) == Some(wanted))
}

/// A secret goes to the hosts alone that the manifest declares it for.
fn check_secrets(request: &Request) -> Result<(), EgressError> {
    let url = Url::parse(&request.url).map_err(|error| EgressError::BadRequest(error.to_string()))?;
    let host = match url.host() {
        Some(url::Host::Domain(name)) => Host::Name(name.to_owned()),
        Some(url::Host::Ipv4(address)) => Host::Address(address.into()),
        Some(url::Host::Ipv6(address)) => Host::Address(address.into()),
        None => return Err(EgressError::BadRequest("the address has no host".to_owned())),
    };
    let is_misplaced = |secret: &&Injection| !secret.hosts.iter().any(|pattern| pattern.matches(&host));
    match request.secrets.iter().find(is_misplaced) {
        Some(secret) => {
            let why = format!("it is not declared for {host}; add the host to its `hosts` in plugin.toml");
            Err(EgressError::SecretNotAllowed { secret: secret.name.clone(), why })
        }
        None => Ok(()),
    }
}

fn shown(body: &Body) -> Option<Value> {
    match body {
        Body::Empty => None,
        Body::Bytes(bytes) => Some(text_or_size(bytes)),
        Body::Form(parts) => {
            let parts = parts.iter().map(|part| (part.name.clone(), text_or_size(&part.content)));
            Some(Value::Object(parts.collect()))
        }
    }
}

fn text_or_size(bytes: &[u8]) -> Value {
    if let Ok(json) = serde_json::from_slice(bytes) {
        return json;
    }
    str::from_utf8(bytes).map_or_else(|_| format!("({} bytes)", bytes.len()).into(), Value::from)
}
