//! What a call takes: a tool, a person, another agent, an approval; known before anything is done.

use crate::agent::Puppet;
use crate::support::{assistant, call, user};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wingman_agent::{Agent, AgentSpec, AskUser, ContextSettings, React, ToolFilter};
use wingman_message::{
    AgentId, AgentRuntime, Approval, ManualClock, Next, NextCall, QueueMode, Tool, ToolError, ToolInvocation, ToolOutput,
    ToolSpec, Work,
};

struct Plain(ToolSpec, &'static str);

#[async_trait]
impl Tool for Plain {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn family(&self) -> Option<&str> {
        Some(self.1)
    }

    async fn call(&self, _: ToolInvocation) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput { text: "done".into() })
    }
}

fn plain(name: &str, family: &'static str, idempotent: bool) -> Arc<dyn Tool> {
    let input_schema = json!({ "type": "object", "required": ["city"] });
    Arc::new(Plain(ToolSpec { name: name.into(), description: String::new(), input_schema, idempotent }, family))
}

fn agent(filter: ToolFilter) -> Agent {
    let spec = AgentSpec {
        id: AgentId::new("main").unwrap(),
        name: "Main".into(),
        description: None,
        enabled: true,
        is_default: true,
        instructions: String::new(),
        tools: filter,
        max_steps: 3,
        outputs: "/nowhere".into(),
        tool_time: Duration::from_secs(60),
        queue_mode: QueueMode::Steer,
        approval: BTreeMap::from([
            ("files".to_owned(), Approval::Ask),
            ("write".to_owned(), Approval::Always),
            ("read".to_owned(), Approval::Never),
            ("delegate".to_owned(), Approval::Ask),
        ]),
        delegates: vec![AgentId::new("planner").unwrap()],
        context: ContextSettings::default(),
    };
    let tools = vec![
        plain("write", "files", false),
        plain("read", "files", true),
        plain("list", "files", true),
        plain("look", "sky", true),
        // A plugin's tool does not stand in for the agent's own.
        plain("delegate", "sky", true),
        Arc::new(AskUser::default()),
        Arc::new(React::default()),
    ];
    Agent::new(spec, Puppet::new(vec![]).0, vec![Arc::new(tools)], Arc::new(ManualClock::at(0)))
}

fn planned(name: &str, input: Value) -> NextCall {
    match agent(ToolFilter::All).next(&[user("Go"), assistant("", &[call("1", name, input)])]) {
        Next::Call(next) => next,
        Next::Model => panic!("the call was answered"),
    }
}

#[test]
fn a_call_says_whether_it_may_be_repeated_and_whether_somebody_is_asked_first() {
    let city = || json!({ "city": "Bergen" });
    for (name, repeatable, approval) in [
        ("write", false, Approval::Always),
        ("read", true, Approval::Never),
        ("list", true, Approval::Ask),
        ("look", true, Approval::Never),
    ] {
        let NextCall { approval: asked, work, call } = planned(name, city());
        assert_eq!((call.id.as_str(), asked, work), ("1", approval, Work::Tool { repeatable }), "{name}");
    }
}

#[test]
fn people_and_other_agents_are_named_by_the_call() {
    let question = planned("ask_user", json!({ "question": "Which?", "choices": ["Red"] })).work;
    assert_eq!(question, Work::Question { text: "Which?".into(), choices: vec!["Red".into()] });
    let reaction = planned("react", json!({ "emoji": "👍" })).work;
    assert_eq!(reaction, Work::Reaction { emoji: "👍".into() });
    let NextCall { approval, work, .. } = planned("delegate", json!({ "agent": "planner", "task": "Plan." }));
    let planner = AgentId::new("planner").unwrap();
    assert_eq!((approval, work), (Approval::Ask, Work::Delegate { agent: planner, task: "Plan.".into() }));
}

#[test]
fn what_cannot_be_done_is_known_before_anybody_is_asked() {
    for (name, input, told) in [
        ("write", json!({}), "\"city\" is a required property"),
        ("wrote", json!({ "city": "x" }), "there is no tool `wrote`"),
        ("ask_user", json!({ "question": "" }), "at `/question`"),
        ("delegate", json!({ "agent": "boss", "task": "Plan." }), "at `/agent`"),
        ("read", json!("oops"), "it must be a JSON object"),
    ] {
        let NextCall { approval, work, .. } = planned(name, input);
        let Work::Fails { output } = work else { panic!("{name}: {work:?}") };
        assert!(approval == Approval::Never && output.contains(told), "{name}: {output}");
    }
}

#[test]
fn an_agent_that_may_hand_tasks_over_has_the_tool_whatever_its_filter_says() {
    let agent = agent(ToolFilter::Only(vec!["look".into()]));
    assert_eq!(agent.info().tools, ["delegate", "look"]);
    assert_eq!(agent.info().queue_mode, QueueMode::Steer);
    assert_eq!(agent.next(&[user("Go")]), Next::Model);
}
