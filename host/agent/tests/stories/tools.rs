//! Tools that come and go, belong together, are called with nonsense, report as they go, and take too long.

use crate::agent::Puppet;
use crate::support::{assistant, call, context, user};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use wingman_agent::{Agent, AgentSpec, ContextSettings, React, ToolFilter};
use wingman_message::{
    AgentId, AgentRuntime, Entry, ManualClock, Progress, RunContext, StopReason, Tool, ToolError, ToolInvocation, ToolOutput,
    ToolSource, ToolSpec,
};

/// A tool that says who it is, after it has reported on the way; or never ends.
struct Named {
    spec: ToolSpec,
    family: &'static str,
    ends: bool,
    cancel: Arc<Mutex<Option<CancellationToken>>>,
}

impl Named {
    fn new(name: &str, family: &'static str) -> Self {
        let schema = json!({
            "type": "object",
            "properties": { "city": { "type": "string", "maxLength": 20 }, "days": { "type": "integer" } },
            "required": ["city"],
            "additionalProperties": false
        });
        Self::with_schema(name, family, schema)
    }

    fn with_schema(name: &str, family: &'static str, input_schema: Value) -> Self {
        let spec = ToolSpec { name: name.into(), description: String::new(), input_schema, idempotent: false };
        Self { spec, family, ends: true, cancel: Arc::default() }
    }
}

#[async_trait]
impl Tool for Named {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn family(&self) -> Option<&str> {
        Some(self.family)
    }

    async fn call(&self, invocation: ToolInvocation) -> Result<ToolOutput, ToolError> {
        *self.cancel.lock().unwrap() = Some(invocation.cancel);
        invocation.progress.send("half".into());
        if !self.ends {
            std::future::pending::<()>().await;
        }
        Ok(ToolOutput { text: format!("{} of {}", self.spec.name, self.family) })
    }
}

/// A source whose tools are exchanged while an agent lives.
#[derive(Default)]
struct Shelf(Mutex<Vec<Arc<dyn Tool>>>);

impl ToolSource for Shelf {
    fn tools(&self) -> Vec<Arc<dyn Tool>> {
        self.0.lock().unwrap().clone()
    }
}

fn agent(sources: Vec<Arc<dyn ToolSource>>, filter: ToolFilter, tool_time: Duration) -> Agent {
    let (model, _) = Puppet::new(vec![crate::support::finished(StopReason::EndTurn, crate::support::usage(1, 1))]);
    Agent::new(spec(filter, tool_time), model, sources, Arc::new(ManualClock::at(0)))
}

fn spec(filter: ToolFilter, tool_time: Duration) -> AgentSpec {
    AgentSpec {
        id: AgentId::new("main").unwrap(),
        name: "Main".into(),
        description: None,
        enabled: true,
        is_default: true,
        instructions: String::new(),
        tools: filter,
        max_steps: 3,
        outputs: "/nowhere".into(),
        tool_time,
        queue_mode: Default::default(),
        approval: Default::default(),
        delegates: vec![],
        context: ContextSettings::default(),
    }
}

fn fixed(tools: Vec<Named>) -> Arc<dyn ToolSource> {
    Arc::new(tools.into_iter().map(|tool| Arc::new(tool) as Arc<dyn Tool>).collect::<Vec<_>>())
}

/// What the model reads of a call.
async fn called(agent: &Agent, name: &str, input: Value) -> (String, bool) {
    let (context, _) = context();
    let run = [user("Go"), assistant("", &[call("1", name, input)])];
    match agent.step(&context, &[], &run).await.unwrap().entry {
        Entry::Tool { output, is_error, .. } => (output, is_error),
        other => panic!("{other:?}"),
    }
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn tools_come_and_go_between_two_steps() {
    let shelf = Arc::new(Shelf::default());
    let agent = agent(vec![Arc::clone(&shelf) as Arc<dyn ToolSource>], ToolFilter::All, LONG);
    let city = || json!({ "city": "Bergen" });
    let (said, is_error) = called(&agent, "weather", city()).await;
    assert!(is_error && said.contains("no tool `weather`"), "{said}");

    shelf.0.lock().unwrap().push(Arc::new(Named::new("weather", "sky")));
    assert_eq!(called(&agent, "weather", city()).await, ("weather of sky".to_owned(), false));

    shelf.0.lock().unwrap().clear();
    assert!(called(&agent, "weather", city()).await.1);
}

#[tokio::test]
async fn an_agent_may_use_a_tool_by_its_name_or_by_its_family() {
    let tools = || fixed(vec![Named::new("a", "one"), Named::new("b", "one"), Named::new("c", "two"), Named::new("d", "two")]);
    let filter = ToolFilter::Only(vec!["one".into(), "d".into()]);
    assert_eq!(agent(vec![tools()], filter, LONG).info().tools, ["a", "b", "d"]);
}

#[tokio::test]
async fn a_reaction_is_offered_where_there_is_something_to_react_to() {
    for reacts in [false, true] {
        let (model, asked) = Puppet::new(vec![crate::support::finished(StopReason::EndTurn, crate::support::usage(1, 1))]);
        let react: Vec<Arc<dyn Tool>> = vec![Arc::new(React::default())];
        let agent = Agent::new(spec(ToolFilter::All, LONG), model, vec![Arc::new(react)], Arc::new(ManualClock::at(0)));
        let context = RunContext { reacts, ..context().0 };
        agent.step(&context, &[], &[user("Go")]).await.unwrap();
        assert_eq!(asked.lock().unwrap()[0].tools.len(), usize::from(reacts));
    }
}

#[tokio::test]
async fn of_two_tools_of_one_name_the_first_sources_is_used() {
    let sources = vec![fixed(vec![Named::new("look", "first")]), fixed(vec![Named::new("look", "second")])];
    let agent = agent(sources, ToolFilter::All, LONG);
    assert_eq!(agent.info().tools, ["look"]);
    assert_eq!(called(&agent, "look", json!({ "city": "x" })).await.0, "look of first");
}

#[tokio::test]
async fn the_model_is_told_what_is_wrong_with_an_input_and_the_tool_never_sees_it() {
    let tool = Named::new("weather", "sky");
    let seen = Arc::clone(&tool.cancel);
    let agent = agent(vec![fixed(vec![tool])], ToolFilter::All, LONG);
    for (input, told) in [
        (json!({}), "\"city\" is a required property"),
        (json!({ "city": 7 }), "at `/city`"),
        (json!({ "city": "x", "days": "two" }), "at `/days`"),
        (json!({ "city": "x", "planet": 1 }), "planet"),
        (json!({ "city": "a".repeat(10_000) }), "longer than 20"),
    ] {
        let (said, is_error) = called(&agent, "weather", input).await;
        assert!(is_error && said.starts_with("the input does not fit") && said.contains(told), "{said}");
        assert!(said.len() < 1_000, "the input comes back as it was: {} bytes", said.len());
    }
    assert!(seen.lock().unwrap().is_none(), "the tool was called");
}

#[tokio::test]
async fn a_tool_whose_schema_cannot_be_used_is_not_offered_and_the_others_are() {
    let elsewhere = Named::with_schema("elsewhere", "odd", json!({ "$ref": "https://example.net/schema.json" }));
    let broken = Named::with_schema("broken", "odd", json!({ "type": "no such type" }));
    let agent = agent(vec![fixed(vec![elsewhere, broken, Named::new("fine", "sky")])], ToolFilter::All, LONG);
    assert_eq!(agent.info().tools, ["fine"]);
    assert!(called(&agent, "broken", json!({})).await.1);
}

#[tokio::test]
async fn what_a_tool_reports_on_the_way_is_seen_before_its_end() {
    let agent = agent(vec![fixed(vec![Named::new("weather", "sky")])], ToolFilter::All, LONG);
    let (context, reported) = context();
    let call = call("1", "weather", json!({ "city": "Bergen" }));
    agent.step(&context, &[], &[user("Go"), assistant("", std::slice::from_ref(&call))]).await.unwrap();
    let reported = reported.lock().unwrap();
    assert!(
        matches!(&reported[..], [Progress::ToolStarted(_), Progress::ToolOutput { call: of, chunk }, Progress::ToolEnded { .. }]
            if *of == call && chunk == "half"),
        "{reported:?}"
    );
}

#[tokio::test]
async fn a_tool_that_takes_too_long_is_stopped_and_told_so() {
    let tool = Named { ends: false, ..Named::new("weather", "sky") };
    let cancel = Arc::clone(&tool.cancel);
    let agent = agent(vec![fixed(vec![tool])], ToolFilter::All, Duration::from_millis(20));
    let (said, is_error) = called(&agent, "weather", json!({ "city": "Bergen" })).await;
    assert_eq!((said.as_str(), is_error), ("the tool was stopped after 0.02 s without a result", true));
    assert!(cancel.lock().unwrap().as_ref().unwrap().is_cancelled(), "what it left running goes on");
}
