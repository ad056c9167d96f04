//! Agents that are exchanged, disabled and taken away while the gateway runs, and conversations that are summed up.

use crate::stage::{Line, Stage, dm, parlor, said};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use wingman_dispatch::{Agents, ClientRequest, Refused};
use wingman_message::{
    AgentId, AgentInfo, AgentRuntime, ClientId, Compaction, DmScope, Entry, Intake as _, ModelInfo, Next, Progress, QueueMode,
    RequestId, RunContext, RunError, SessionKey, Step, StopReason, Summary, Usage,
};
use wingman_route::Router;

/// An agent that says who it is, sums up what it is told to, and keeps what it was shown.
struct Named {
    info: AgentInfo,
    /// What it sums up next: how many entries, or else that the conversation is too long for it.
    sums_up: Mutex<Vec<usize>>,
    too_long: Mutex<u32>,
    shown: Mutex<Vec<Vec<Entry>>>,
}

fn named(id: &str, name: &str, enabled: bool) -> Arc<Named> {
    let info = AgentInfo {
        id: AgentId::new(id).unwrap(),
        name: name.into(),
        description: None,
        enabled,
        is_default: id == "main",
        model: ModelInfo { name: "named:one".into(), demo: false },
        tools: vec![],
        outputs: std::path::Path::new("/nowhere").into(),
        queue_mode: QueueMode::Queue,
    };
    Arc::new(Named { info, sums_up: Mutex::default(), too_long: Mutex::default(), shown: Mutex::default() })
}

#[async_trait]
impl AgentRuntime for Named {
    fn info(&self) -> &AgentInfo {
        &self.info
    }

    fn next(&self, _: &[Entry]) -> Next {
        Next::Model
    }

    async fn step(&self, context: &RunContext, history: &[Entry], _: &[Entry]) -> Result<Step, RunError> {
        let mut left = self.too_long.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return Err(RunError::ContextFull("it is too long".into()));
        }
        self.shown.lock().unwrap().push(history.to_vec());
        let text = format!("I am {}.", self.info.name);
        context.emit.send(Progress::Text(text.clone()));
        let entry = Entry::assistant(text, vec![]);
        Ok(Step { entry, usage: Usage::default(), model: None, finished: Some(StopReason::EndTurn) })
    }

    async fn compact(&self, _: &RunContext, history: &[Entry], _: &[Entry]) -> Option<Compaction> {
        let covers = self.sums_up.lock().unwrap().pop()?;
        let text = format!("{covers} of {}", history.len());
        Some(Compaction { covers, summary: Summary { text, untrusted: false }, usage: Usage::default() })
    }
}

fn agents(agents: &[Arc<Named>]) -> Agents {
    agents.iter().map(|agent| (agent.info.id.clone(), Arc::clone(agent) as Arc<dyn AgentRuntime>)).collect()
}

fn router(default: &str) -> Router {
    Router::new(AgentId::new(default).unwrap(), vec![], DmScope::Main)
}

fn request(agent: Option<&str>, session: Option<&str>, id: &str) -> ClientRequest {
    ClientRequest {
        client: ClientId::new("c").unwrap(),
        request: RequestId::new(id).unwrap(),
        agent: agent.map(|agent| AgentId::new(agent).unwrap()),
        session: session.map(|session| session.parse().unwrap()),
        channel: None,
        mode: Some(QueueMode::Queue),
        payload: serde_json::json!({ "content": "hello" }).to_string().into(),
    }
}

#[tokio::test]
async fn a_run_ends_with_the_agent_that_it_began_with_and_the_next_turn_takes_the_new_one() {
    let stage = Stage::new().await;
    stage.hears(vec![said(dm("ada"), "1", "who are you?")]).await;
    stage.speaks([Line::Says("I am ")]);
    stage.network.until(|calls| !calls.is_empty()).await;
    stage.dispatch.replace_agents(agents(&[named("main", "the new one", true)]), &[], router("main")).await.unwrap();
    stage.speaks([Line::Says("the old one."), Line::Ends]);
    assert_eq!(stage.network.finished(1).await[0].markdown, "I am the old one.");
    stage.hears(vec![said(dm("ada"), "2", "and now?")]).await;
    assert_eq!(stage.network.finished(2).await[1].markdown, "I am the new one.");
}

#[tokio::test]
async fn what_was_accepted_is_answered_though_its_agent_is_taken_away() {
    let stage = Stage::new().await;
    stage.hears(vec![said(dm("ada"), "1", "one")]).await;
    stage.speaks([Line::Says("One")]);
    stage.network.until(|calls| !calls.is_empty()).await;
    stage.hears(vec![said(dm("ada"), "2", "two")]).await;
    stage.dispatch.replace_agents(agents(&[named("other", "other", true)]), &[], router("other")).await.unwrap();
    stage.speaks([Line::Says("."), Line::Ends, Line::Says("Two."), Line::Ends]);
    let sent: Vec<String> = stage.network.finished(2).await.into_iter().map(|sent| sent.markdown).collect();
    assert_eq!(sent, ["One.", "Two."]);
    let gone = stage.dispatch.prepare(request(Some("main"), None, "3")).await;
    assert!(gone.is_err(), "nothing new is taken");
}

#[tokio::test]
async fn a_disabled_agent_takes_nothing_new_and_its_sessions_stay_readable() {
    let stage = Stage::new().await;
    stage.exchange(said(dm("ada"), "1", "hello"), "Hello.").await;
    stage.network.finished(1).await;
    stage.dispatch.replace_agents(agents(&[named("main", "off", false)]), &[], router("main")).await.unwrap();

    let refused = stage.dispatch.prepare(request(None, None, "1")).await.unwrap_err();
    assert!(matches!(&refused, Refused::AgentDisabled(agent) if agent.as_str() == "main"), "{refused}");
    assert!(refused.to_string().contains("wingman agents enable main"), "{refused}");
    let created = stage.dispatch.create_session("agent:main:x".parse().unwrap(), None).await;
    assert!(matches!(created, Err(Refused::AgentDisabled(_))), "{created:?}");
    // A network would hand it over for ever.
    stage.dispatch.take(&parlor(), None, vec![said(dm("ada"), "2", "anyone?")]).await.unwrap();
    assert_eq!(stage.users_said("agent:main:main").await, ["hello"]);

    stage.dispatch.replace_agents(agents(&[named("main", "on again", true)]), &[], router("main")).await.unwrap();
    stage.hears(vec![said(dm("ada"), "3", "and now?")]).await;
    assert_eq!(stage.network.finished(2).await[1].markdown, "I am on again.");
}

#[tokio::test]
async fn an_agent_whose_file_is_broken_stays_as_it_was() {
    let stage = Stage::new().await;
    let keep = [AgentId::new("main").unwrap()];
    stage.dispatch.replace_agents(HashMap::new(), &keep, router("main")).await.unwrap();
    stage.exchange(said(dm("ada"), "1", "hello"), "Still here.").await;
    assert_eq!(stage.network.finished(1).await[0].markdown, "Still here.");
}

#[tokio::test]
async fn one_agents_session_is_out_of_reach_for_another() {
    let stage = Stage::new().await;
    stage
        .dispatch
        .replace_agents(agents(&[named("main", "a", true), named("other", "b", true)]), &[], router("main"))
        .await
        .unwrap();
    let crossed = stage.dispatch.prepare(request(Some("other"), Some("agent:main:main"), "1")).await.unwrap_err();
    assert!(matches!(crossed, Refused::ForeignSession { .. }), "{crossed}");
    for forged in
        ["agent:../main:main", "agent::main", "agent:main", "agent:other/../main:main", "agent:.:main", "agent:main\0:x"]
    {
        assert!(forged.parse::<SessionKey>().is_err(), "{forged:?}");
    }
    // What looks like another agent's key behind the agent's name is a session of this agent.
    let nested: SessionKey = "agent:other:agent:main:main".parse().unwrap();
    stage.dispatch.create_session(nested.clone(), None).await.unwrap();
    assert_eq!(nested.agent().as_str(), "other");
    let main = AgentId::new("main").unwrap();
    assert!(stage.dispatch.list_sessions(Some(&main), None, 10, None).await.unwrap().sessions.is_empty());
}

fn texts(entries: &[Entry]) -> Vec<&str> {
    let texts = entries.iter().map(|entry| match entry {
        Entry::User(user) => user.text.as_str(),
        Entry::Assistant { text, .. } => text.as_str(),
        Entry::Tool { output, .. } => output.as_str(),
    });
    texts.collect()
}

#[tokio::test]
async fn a_summary_stands_for_what_it_covers_from_then_on_and_over_a_restart() {
    let stage = Stage::new().await;
    let agent = named("main", "main", true);
    stage.dispatch.replace_agents(agents(&[Arc::clone(&agent)]), &[], router("main")).await.unwrap();
    for id in ["1", "2"] {
        stage.hears(vec![said(dm("ada"), id, id)]).await;
        stage.network.finished(id.parse().unwrap()).await;
    }
    // Three messages of four: the last one stays as it was said.
    agent.sums_up.lock().unwrap().push(3);
    stage.hears(vec![said(dm("ada"), "3", "3")]).await;
    stage.network.finished(3).await;
    let shown = agent.shown.lock().unwrap().pop().unwrap();
    assert!(texts(&shown)[0].ends_with("3 of 4"), "{shown:?}");
    assert_eq!(texts(&shown)[1..], ["I am main."]);

    let stage = stage.killed_and_started().await;
    let agent = named("main", "main", true);
    stage.dispatch.replace_agents(agents(&[Arc::clone(&agent)]), &[], router("main")).await.unwrap();
    stage.hears(vec![said(dm("ada"), "4", "4")]).await;
    stage.network.finished(4).await;
    let shown = agent.shown.lock().unwrap().pop().unwrap();
    assert!(Summary::is(&shown[0]));
    assert_eq!(texts(&shown)[1..], ["I am main.", "3", "I am main."]);
    assert_eq!(stage.users_said("agent:main:main").await, ["1", "2", "3", "4"], "people still see all of it");
}

#[tokio::test]
async fn a_conversation_that_is_too_long_for_the_provider_is_shortened_and_tried_again_a_few_times() {
    let stage = Stage::new().await;
    let agent = named("main", "main", true);
    stage.dispatch.replace_agents(agents(&[Arc::clone(&agent)]), &[], router("main")).await.unwrap();
    stage.hears(vec![said(dm("ada"), "1", "1")]).await;
    stage.network.finished(1).await;
    *agent.too_long.lock().unwrap() = 2;
    stage.hears(vec![said(dm("ada"), "2", "2")]).await;
    assert_eq!(stage.network.finished(2).await[1].markdown, "I am main.");
    *agent.too_long.lock().unwrap() = 99;
    stage.hears(vec![said(dm("ada"), "3", "3")]).await;
    let told = &stage.network.finished(3).await[2].markdown;
    assert!(told.contains("too long for the model"), "{told}");
}
