//! What the stories share: conversations, models that reach a scripted server, and a way to hear an answer out.

use crate::model_server::ModelServer;
use futures::StreamExt;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use wingman_agent::{Limits, ModelFactory, ProviderSettings};
use wingman_message::{
    AgentId, Emit, Entry, Model, ModelError, ModelEvent, ModelRequest, Progress, RunContext, RunId, SessionKey, StopReason,
    ToolCall, ToolSpec, Usage, UserEntry,
};

pub fn user(text: &str) -> Entry {
    Entry::User(UserEntry { text: text.into(), attachments: vec![], untrusted: false })
}

pub fn stranger(text: &str) -> Entry {
    Entry::User(UserEntry { text: text.into(), attachments: vec![], untrusted: true })
}

pub fn assistant(text: &str, calls: &[ToolCall]) -> Entry {
    Entry::assistant(text, calls.to_vec())
}

pub fn call(id: &str, name: &str, input: Value) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), input }
}

pub fn result(id: &str, name: &str, output: &str) -> Entry {
    let (started_at, ended_at) = (0, 0);
    Entry::Tool { call_id: id.into(), name: name.into(), output: output.into(), is_error: false, started_at, ended_at }
}

pub fn asking(history: Vec<Entry>) -> ModelRequest {
    ModelRequest {
        run: RunId::new(1),
        instructions: "Be brief.".into(),
        surroundings: String::new(),
        history,
        tools: vec![weather()],
    }
}

pub fn weather() -> ToolSpec {
    let input_schema = json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    ToolSpec { name: "weather".into(), description: "Tells the weather.".into(), input_schema, idempotent: true }
}

/// Patient enough for a busy machine.
pub fn patient() -> Limits {
    Limits { first_byte: Duration::from_secs(30), idle: Duration::from_secs(30), ..Limits::default() }
}

pub fn impatient() -> Limits {
    Limits { first_byte: Duration::from_millis(200), idle: Duration::from_millis(200), ..Limits::default() }
}

/// A provider's settings, with a key.
pub fn settings_at(base_url: String) -> ProviderSettings {
    ProviderSettings { base_url: Some(base_url), api_key: Some("sk-test-0123456789".into()), ..ProviderSettings::default() }
}

pub fn usage(input_tokens: u64, output_tokens: u64) -> Usage {
    Usage { input_tokens, output_tokens, ..Usage::default() }
}

/// The end of an answer of a puppet.
pub fn finished(stop: StopReason, usage: Usage) -> ModelEvent {
    ModelEvent::Finished { stop, usage, model: "puppet:one".into(), replay: None }
}

/// A model of `provider` at `base_url`, with a key.
pub fn model_at(base_url: String, model: &str, limits: Limits) -> Arc<dyn Model> {
    let settings = settings_at(base_url);
    ModelFactory::new(limits).unwrap().connect(model, &settings).unwrap()
}

/// An answer that was heard to its end, or to where it broke.
#[derive(Debug)]
pub struct Heard {
    pub text: String,
    pub calls: Vec<ToolCall>,
    pub reasoning: String,
    /// Why each retry was made, and the pause before it, in milliseconds.
    pub retries: Vec<(u64, String)>,
    /// Which model answered.
    pub model: Option<String>,
    pub replay: Option<Value>,
    pub end: Result<(StopReason, Usage), ModelError>,
}

impl Heard {
    pub fn failure(self) -> ModelError {
        self.end.expect_err("the answer was whole")
    }
}

pub async fn hear(model: &Arc<dyn Model>, request: ModelRequest) -> Heard {
    let mut heard = Heard {
        text: String::new(),
        calls: vec![],
        reasoning: String::new(),
        retries: vec![],
        model: None,
        replay: None,
        end: Err(ModelError::Interrupted("no end event".into())),
    };
    let mut stream = match model.stream(request).await {
        Ok(stream) => stream,
        Err(error) => return Heard { end: Err(error), ..heard },
    };
    while let Some(event) = stream.next().await {
        match event {
            Ok(ModelEvent::Text(text)) => heard.text.push_str(&text),
            Ok(ModelEvent::Call(call)) => heard.calls.push(call),
            Ok(ModelEvent::Reasoning(text)) => heard.reasoning.push_str(&text),
            Ok(ModelEvent::Retrying { after_ms, reason }) => heard.retries.push((after_ms, reason)),
            Ok(ModelEvent::Finished { stop, usage, model, replay }) => {
                heard.end = Ok((stop, usage));
                (heard.model, heard.replay) = (Some(model), replay);
            }
            Err(error) => heard.end = Err(error),
        }
    }
    heard
}

/// What a model of `name` makes of one reply; `path` goes behind the server's address.
pub async fn hear_reply(name: &str, path: &str, reply: crate::model_server::Reply, limits: Limits) -> Heard {
    let server = ModelServer::start(vec![reply]).await.unwrap();
    hear(&model_at(format!("{}{path}", server.url()), name, limits), asking(vec![user("Hello?")])).await
}

/// A run's context, and what it reports.
pub fn context() -> (RunContext, Arc<Mutex<Vec<Progress>>>) {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&reported);
    let context = RunContext {
        session: SessionKey::main(&AgentId::new("main").unwrap()),
        run: RunId::new(1),
        folder: std::path::Path::new("/nowhere").into(),
        reacts: false,
        cancel: CancellationToken::new(),
        emit: Emit::new(move |progress| sink.lock().unwrap().push(progress)),
    };
    (context, reported)
}
