//! Steps of an agent: what it does next, what its tools may do to it, and how it stops.

use crate::model_server::{ModelServer, Reply};
use crate::support::{assistant, call, context, model_at, patient, result, usage, user};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wingman_agent::{Agent, AgentSpec, ContextSettings, CurrentTime, DemoModel, ToolFilter};
use wingman_message::{
    AgentId, AgentRuntime, Clock, Entry, ManualClock, Model, ModelError, ModelEvent, ModelInfo, ModelRequest, ModelStream,
    Progress, RunError, Step, StopReason, Tool, ToolError, ToolInvocation, ToolOutput, ToolProgress, ToolSpec,
};

/// A model that says what it is told to, and keeps what it was asked.
pub struct Puppet {
    info: ModelInfo,
    says: Vec<ModelEvent>,
    asked: Arc<Mutex<Vec<ModelRequest>>>,
}

impl Puppet {
    pub fn new(says: Vec<ModelEvent>) -> (Arc<Self>, Arc<Mutex<Vec<ModelRequest>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let info = ModelInfo { name: "puppet:one".into(), demo: false };
        (Arc::new(Self { info, says, asked: Arc::clone(&asked) }), asked)
    }
}

#[async_trait]
impl Model for Puppet {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        self.asked.lock().unwrap().push(request);
        Ok(stream::iter(self.says.clone()).map(Ok).boxed())
    }
}

/// A tool that answers with what it is told to, or never.
struct PuppetTool {
    spec: ToolSpec,
    answers: Option<Result<ToolOutput, ToolError>>,
}

pub fn tool(name: &str, answers: Option<Result<&str, ToolError>>) -> Arc<dyn Tool> {
    let spec =
        ToolSpec { name: name.into(), description: String::new(), input_schema: json!({ "type": "object" }), idempotent: false };
    let answers = answers.map(|answer| answer.map(|text| ToolOutput { text: text.into() }));
    Arc::new(PuppetTool { spec, answers })
}

#[async_trait]
impl Tool for PuppetTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, _: ToolInvocation) -> Result<ToolOutput, ToolError> {
        match &self.answers {
            Some(answer) => answer.clone(),
            None => std::future::pending().await,
        }
    }
}

pub fn agent(model: Arc<dyn Model>, tools: Vec<Arc<dyn Tool>>, filter: ToolFilter) -> Agent {
    let spec = AgentSpec {
        id: AgentId::new("main").unwrap(),
        name: "Main".into(),
        description: None,
        enabled: true,
        is_default: true,
        instructions: "Be brief.".into(),
        tools: filter,
        max_steps: 3,
        outputs: "/nowhere".into(),
        tool_time: Duration::from_secs(60),
        queue_mode: Default::default(),
        approval: Default::default(),
        delegates: vec![],
        context: ContextSettings::default(),
    };
    Agent::new(spec, model, vec![Arc::new(tools)], Arc::new(ManualClock::at(1_000)))
}

fn finished(stop: StopReason) -> ModelEvent {
    crate::support::finished(stop, usage(3, 2))
}

fn says(text: &str) -> ModelEvent {
    ModelEvent::Text(text.into())
}

fn output_of(step: &Step) -> (&str, bool) {
    match &step.entry {
        Entry::Tool { output, is_error, .. } => (output, *is_error),
        other => panic!("not a tool's entry: {other:?}"),
    }
}

#[tokio::test]
async fn a_question_is_answered_in_one_step_that_watchers_see_grow() {
    let (model, asked) = Puppet::new(vec![says("Hel"), says("lo"), finished(StopReason::EndTurn)]);
    let (context, reported) = context();
    let tools = vec![tool("b", None), tool("a", None), tool("secret", None)];
    let agent = agent(model, tools, ToolFilter::Only(vec!["a".into(), "b".into(), "gone".into()]));
    assert_eq!(agent.info().tools, ["a", "b"]);

    let step = agent.step(&context, &[user("Before"), assistant("Then", &[])], &[user("Now")]).await.unwrap();
    assert_eq!(step.entry, assistant("Hello", &[]));
    assert_eq!((step.finished, step.usage.input_tokens), (Some(StopReason::EndTurn), 3));
    assert_eq!(*reported.lock().unwrap(), [Progress::Text("Hel".into()), Progress::Text("lo".into())]);
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].history, [user("Before"), assistant("Then", &[]), user("Now")]);
    assert_eq!(asked[0].tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn calls_are_run_one_a_step_and_then_the_model_is_asked_again() {
    let calls = [call("1", "good", json!({})), call("2", "bad", json!({}))];
    let (model, asked) = Puppet::new(vec![says("Done."), finished(StopReason::EndTurn)]);
    let bad = tool("bad", Some(Err(ToolError::Failed("no luck".into()))));
    let agent = agent(model, vec![tool("good", Some(Ok("42"))), bad], ToolFilter::All);
    let (context, reported) = context();
    let mut run = vec![user("Do both"), assistant("", &calls)];

    let first = agent.step(&context, &[], &run).await.unwrap();
    assert_eq!((output_of(&first), first.finished), (("42", false), None));
    run.push(first.entry);
    let second = agent.step(&context, &[], &run).await.unwrap();
    assert_eq!((output_of(&second), second.finished), (("no luck", true), None));
    run.push(second.entry);
    assert!(asked.lock().unwrap().is_empty(), "the model was asked while a call was unanswered");

    let last = agent.step(&context, &[], &run).await.unwrap();
    assert_eq!((last.entry, last.finished), (assistant("Done.", &[]), Some(StopReason::EndTurn)));
    let ended = Progress::ToolEnded { call: calls[1].clone(), output: "no luck".into(), is_error: true };
    assert_eq!(reported.lock().unwrap()[..4][2..], [Progress::ToolStarted(calls[1].clone()), ended]);
}

#[tokio::test]
async fn a_tool_that_is_not_there_or_not_understood_is_told_to_the_model() {
    let (model, _) = Puppet::new(vec![]);
    let agent = agent(model, vec![tool("good", Some(Ok("42")))], ToolFilter::All);
    let (context, _) = context();
    let step = agent.step(&context, &[], &[user("x"), assistant("", &[call("1", "good?", json!({}))])]).await.unwrap();
    assert_eq!(output_of(&step), ("there is no tool `good?`; the tools are: good", true));
    let step = agent.step(&context, &[], &[user("x"), assistant("", &[call("1", "good", json!("{oops"))])]).await.unwrap();
    assert_eq!(output_of(&step), ("the input does not fit: it must be a JSON object", true));
}

#[tokio::test]
async fn an_agent_that_keeps_calling_tools_is_stopped() {
    let (model, _) = Puppet::new(vec![]);
    let agent = agent(model, vec![], ToolFilter::All);
    let (context, _) = context();
    let mut run = vec![user("Loop")];
    for id in ["1", "2", "3"] {
        run.extend([assistant("", &[call(id, "t", json!({}))]), result(id, "t", "again")]);
    }
    assert_eq!(agent.step(&context, &[], &run).await, Err(RunError::TooManySteps(3)));
}

#[tokio::test]
async fn ids_that_a_provider_repeats_are_made_distinct() {
    let repeated = |id: &str| ModelEvent::Call(call(id, "t", json!({})));
    let (model, _) = Puppet::new(vec![repeated("0"), repeated("0"), repeated(""), finished(StopReason::ToolUse)]);
    let agent = agent(model, vec![], ToolFilter::All);
    let (context, _) = context();
    let run = [user("x"), assistant("", &[call("0", "t", json!({}))]), result("0", "t", "done")];
    let step = agent.step(&context, &[], &run).await.unwrap();
    let Entry::Assistant { calls, .. } = &step.entry else { panic!("no answer") };
    assert_eq!(calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["0-2", "0-3", "call"]);
    assert_eq!(step.finished, None);
}

#[tokio::test]
async fn a_truncated_answer_ends_the_run_without_its_calls() {
    let half = ModelEvent::Call(call("1", "t", json!({})));
    let (model, _) = Puppet::new(vec![says("Hal"), half, finished(StopReason::Truncated)]);
    let (context, _) = context();
    let step = agent(model, vec![], ToolFilter::All).step(&context, &[], &[user("x")]).await.unwrap();
    assert_eq!((step.entry, step.finished), (assistant("Hal", &[]), Some(StopReason::Truncated)));
}

#[tokio::test]
async fn a_stream_that_ends_without_an_end_fails_the_run() {
    let (model, _) = Puppet::new(vec![says("Hal")]);
    let (context, reported) = context();
    let step = agent(model, vec![], ToolFilter::All).step(&context, &[], &[user("x")]).await;
    assert!(matches!(step, Err(RunError::Model(ModelError::Interrupted(_)))), "{step:?}");
    assert_eq!(*reported.lock().unwrap(), [Progress::Text("Hal".into())]);
}

#[tokio::test]
async fn a_history_with_holes_is_mended_before_a_model_reads_it() {
    let (model, asked) = Puppet::new(vec![says("ok"), finished(StopReason::EndTurn)]);
    let (context, _) = context();
    let (one, two) = (call("1", "t", json!({})), call("2", "t", json!({})));
    let history = [
        result("0", "t", "answers nothing"),
        assistant("I was here.", &[]),
        user("Go"),
        assistant("", &[one.clone(), two.clone()]),
        result("2", "t", "second"),
        user("Hello?"),
        assistant("", &[]),
    ];
    agent(model, vec![], ToolFilter::All).step(&context, &history, &[user("Again")]).await.unwrap();
    let asked = asked.lock().unwrap();
    let shown = &asked[0].history;
    assert_eq!(shown[1..4], [assistant("I was here.", &[]), user("Go"), assistant("", &[one, two])]);
    assert!(matches!(&shown[0], Entry::User(user) if user.text.contains("not shown")), "{shown:?}");
    assert!(
        matches!(&shown[4], Entry::Tool { call_id, output, is_error: true, .. } if call_id == "1" && output.starts_with("interrupted")),
        "{shown:?}"
    );
    assert_eq!(shown[5..], [result("2", "t", "second"), user("Hello?"), user("Again")]);
}

#[tokio::test]
async fn cancelling_stops_a_tool_at_once() {
    let (model, _) = Puppet::new(vec![]);
    let agent = agent(model, vec![tool("sleepy", None)], ToolFilter::All);
    let (context, reported) = context();
    let run = [user("x"), assistant("", &[call("1", "sleepy", json!({}))])];
    let cancel = context.cancel.clone();
    let canceller = async {
        while reported.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (step, ()) = tokio::join!(agent.step(&context, &[], &run), canceller);
    assert_eq!(step, Err(RunError::Cancelled));
    assert_eq!(agent.step(&context, &[], &run).await, Err(RunError::Cancelled), "a cancelled run does no more steps");
}

#[tokio::test]
async fn cancelling_closes_the_connection_to_the_provider() {
    let word = json!({ "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": { "content": "Hel" } }] });
    let server = ModelServer::start(vec![Reply::events().data(word).hang()]).await.unwrap();
    let model = model_at(format!("{}/v1", server.url()), "openai:m", patient());
    let agent = agent(model, vec![], ToolFilter::All);
    let (context, reported) = context();
    let cancel = context.cancel.clone();
    let canceller = async {
        while reported.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let run = [user("Hello?")];
    let (step, ()) = tokio::join!(agent.step(&context, &[], &run), canceller);
    assert_eq!(step, Err(RunError::Cancelled));
    server.client_left().await;
}

#[tokio::test]
async fn a_whole_run_with_the_demo_and_the_clock() {
    let clock = Arc::new(ManualClock::at(1_700_000_000_000));
    let tools: Vec<Arc<dyn Tool>> = vec![Arc::new(CurrentTime::new(clock.clone() as Arc<dyn Clock>))];
    let agent = agent(Arc::new(DemoModel::with_delay(Duration::ZERO)), tools, ToolFilter::All);
    let (context, _) = context();
    let mut run = vec![user("/tool current_time {\"timezone\": \"+05:30\"}")];
    let stop = loop {
        let step = agent.step(&context, &[], &run).await.unwrap();
        run.push(step.entry);
        if let Some(stop) = step.finished {
            break stop;
        }
    };
    assert_eq!((stop, run.len()), (StopReason::EndTurn, 4));
    let Some(Entry::Assistant { text, .. }) = run.last() else { panic!("no answer") };
    for part in ["2023-11-14T22:13:20Z", "1700000000000", "2023-11-15T03:43:20+05:30, Wednesday"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[tokio::test]
async fn the_clock_refuses_zones_that_are_none() {
    let tool = CurrentTime::new(Arc::new(ManualClock::at(0)));
    let (context, _) = context();
    for zone in [json!("+99:00"), json!("Atlantis/Capital"), json!(""), json!(7), json!("+\u{fc}")] {
        let invocation = ToolInvocation {
            input: json!({ "timezone": zone }),
            session: context.session.clone(),
            run: context.run,
            call_id: "1".into(),
            folder: context.folder.clone(),
            cancel: context.cancel.clone(),
            progress: ToolProgress::ignored(),
        };
        let refused = tool.call(invocation).await;
        assert!(matches!(refused, Err(ToolError::InvalidInput(_))), "{zone}: {refused:?}");
    }
}
