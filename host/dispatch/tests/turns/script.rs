//! A model that does what the request says, step by step, and tools that count what they did. Both outlive a gateway, as the world
//! outside does.
//!
//! A program is `do A; B; C`, one model step each: `effect:K` and `look:K` call a tool that must not be, and one that may be,
//! called twice; `wait:K` calls a tool that waits to be released; `ask:Q`, `react:E`, `delegate:AGENT:TASK` (with `,` for `;`) and `say:T`
//! speak for themselves; `heard` says what users said during the run. A word before `+` is said beside a call.

use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use wingman_message::{
    Entry, Model, ModelError, ModelEvent, ModelInfo, ModelRequest, ModelStream, RunId, StopReason, Tool, ToolCall, ToolError,
    ToolInvocation, ToolOutput, ToolSpec, Usage,
};

#[derive(Default, Clone, Debug)]
pub(crate) struct State {
    /// How often each thing was done.
    pub(crate) done: HashMap<String, usize>,
    /// Where somebody stands now, or stood when the process was killed.
    pub(crate) reached: Vec<String>,
    released: Vec<String>,
    /// Where whoever comes by stays for ever.
    pub(crate) hang_at: Vec<String>,
    programs: HashMap<RunId, String>,
}

pub(crate) struct Script {
    info: ModelInfo,
    pub(crate) state: watch::Sender<State>,
    /// What the model was last asked.
    pub(crate) asked: Mutex<Option<ModelRequest>>,
}

impl Script {
    pub(crate) fn new() -> Arc<Self> {
        let info = ModelInfo { name: "script:one".into(), demo: false };
        Arc::new(Self { info, state: watch::Sender::default(), asked: Mutex::default() })
    }

    /// Somebody comes by `point`, and stays there if it was told to.
    async fn pass(&self, point: &str) {
        let mut stays = false;
        self.state.send_modify(|state| {
            state.reached.push(point.to_owned());
            stays = state.hang_at.iter().any(|hang| hang == point);
        });
        if stays {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn hang_at(&self, points: &[&str]) {
        self.state.send_modify(|state| state.hang_at = points.iter().map(|point| (*point).to_owned()).collect());
    }

    pub(crate) fn release(&self, key: &str) {
        self.state.send_modify(|state| state.released.push(key.to_owned()));
    }

    /// Nobody stands anywhere: a gateway was killed.
    pub(crate) fn forget_places(&self) {
        self.state.send_modify(|state| state.reached.clear());
    }

    pub(crate) async fn until(&self, what: impl Fn(&State) -> bool) {
        let mut state = self.state.subscribe();
        let waiting = state.wait_for(|state| what(state));
        if tokio::time::timeout(Duration::from_secs(30), waiting).await.is_err() {
            panic!("it never came so far: {:?}", self.state.borrow());
        }
    }

    pub(crate) async fn reached(&self, point: &str) {
        self.until(|state| state.reached.iter().any(|reached| reached == point)).await;
    }

    pub(crate) fn times(&self, done: &str) -> usize {
        self.state.borrow().done.get(done).copied().unwrap_or(0)
    }

    /// What the model does next: the program's step, by how often it answered since.
    fn next(&self, request: &ModelRequest) -> (usize, String, Vec<String>) {
        let text_of = |entry: &Entry| match entry {
            Entry::User(user) => Some(user.text.clone()),
            _ => None,
        };
        let newest = || request.history.iter().rev().filter_map(text_of).find(|text| text.starts_with("do "));
        let mut program = String::new();
        self.state.send_modify(|state| {
            program = state.programs.entry(request.run).or_insert_with(|| newest().unwrap_or_default()).clone();
        });
        let start = request.history.iter().rposition(|entry| text_of(entry).as_ref() == Some(&program));
        let since = start.map_or(&request.history[..], |start| &request.history[start..]);
        let answers = since.iter().filter(|entry| matches!(entry, Entry::Assistant { .. })).count();
        let step = program.trim_start_matches("do ").split(';').nth(answers).unwrap_or("say:the end").trim().to_owned();
        let heard = since.iter().skip(1).filter_map(text_of).collect();
        (answers, step, heard)
    }
}

#[async_trait]
impl Model for Script {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let (number, step, heard) = self.next(&request);
        *self.asked.lock().unwrap() = Some(request);
        self.pass(&format!("model:{number}")).await;
        let (text, act) = step.split_once('+').map_or(("", step.as_str()), |(text, act)| (text, act));
        let mut events = Vec::new();
        if !text.is_empty() {
            events.push(ModelEvent::Text(text.to_owned()));
        }
        let (verb, rest) = act.split_once(':').unwrap_or((act, ""));
        let mut call = |name: &str, input: Value| {
            events.push(ModelEvent::Call(ToolCall { id: format!("c{number}"), name: name.to_owned(), input }));
        };
        match verb {
            "say" => events.push(ModelEvent::Text(rest.to_owned())),
            "heard" => events.push(ModelEvent::Text(heard.join("|"))),
            "ask" => call("ask_user", json!({ "question": rest })),
            "choose" => call("ask_user", json!({ "question": rest, "choices": ["Red", "Blue"] })),
            "delegate" => {
                let (agent, task) = rest.split_once(':').unwrap();
                call("delegate", json!({ "agent": agent, "task": task.replace(',', ";") }));
            }
            "react" => call("react", json!({ "emoji": rest })),
            tool => call(tool, json!({ "key": rest })),
        }
        events.push(ModelEvent::Finished {
            stop: StopReason::EndTurn,
            usage: Usage { input_tokens: 1, output_tokens: 1, ..Usage::default() },
            model: "script:one".into(),
            replay: None,
        });
        Ok(stream::iter(events).map(Ok).boxed())
    }
}

/// One of the tools `effect`, `look` and `wait`.
pub(crate) struct Counting {
    spec: ToolSpec,
    script: Arc<Script>,
}

pub(crate) fn tools(script: &Arc<Script>) -> Vec<Arc<dyn Tool>> {
    let tool = |(name, idempotent): (&str, bool)| {
        let spec = ToolSpec {
            name: name.into(),
            description: String::new(),
            input_schema: json!({ "type": "object", "required": ["key"] }),
            idempotent,
        };
        Arc::new(Counting { spec, script: Arc::clone(script) }) as Arc<dyn Tool>
    };
    let own = [("effect", false), ("look", true), ("wait", true)].into_iter().map(tool);
    let asks: Arc<dyn Tool> = Arc::new(wingman_agent::AskUser::default());
    own.chain([asks, Arc::new(wingman_agent::React::default())]).collect()
}

#[async_trait]
impl Tool for Counting {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, invocation: ToolInvocation) -> Result<ToolOutput, ToolError> {
        let (script, name) = (&self.script, &self.spec.name);
        let key = invocation.input["key"].as_str().unwrap().to_owned();
        script.pass(&format!("before:{key}")).await;
        script.state.send_modify(|state| *state.done.entry(key.clone()).or_default() += 1);
        if name == "wait" {
            script.until(|state| state.released.contains(&key)).await;
        }
        script.pass(&format!("after:{key}")).await;
        Ok(ToolOutput { text: format!("done {key}") })
    }
}
