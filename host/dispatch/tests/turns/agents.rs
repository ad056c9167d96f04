//! The agents of these stories, and one whose session's task can be made to crash.

use crate::script::{Script, tools};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wingman_agent::{Agent, AgentSpec, ContextSettings, ToolFilter};
use wingman_dispatch::Agents;
use wingman_message::{
    AgentId, AgentInfo, AgentRuntime, Approval, Entry, Next, QueueMode, RunContext, RunError, Step, SystemClock,
};

/// What an agent's configuration says.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) queue_mode: QueueMode,
    pub(crate) approval: BTreeMap<String, Approval>,
    pub(crate) delegates: Vec<&'static str>,
    /// Ids of the agents, of all, that take nothing new.
    pub(crate) disabled: Vec<&'static str>,
}

/// An agent that panics where it is asked what it is, once, when it was told to.
pub(crate) struct Fragile {
    agent: Agent,
    pub(crate) breaks: Arc<AtomicBool>,
}

#[async_trait]
impl AgentRuntime for Fragile {
    fn info(&self) -> &AgentInfo {
        assert!(!self.breaks.swap(false, Ordering::SeqCst), "the agent was told to break");
        self.agent.info()
    }

    fn next(&self, run: &[Entry]) -> Next {
        self.agent.next(run)
    }

    async fn step(&self, context: &RunContext, history: &[Entry], run: &[Entry]) -> Result<Step, RunError> {
        self.agent.step(context, history, run).await
    }
}

/// `main`, and `planner`, which may hand tasks on to itself and to `main`.
pub(crate) fn agents(script: &Arc<Script>, settings: &Settings, breaks: &Arc<AtomicBool>) -> Agents {
    let planner = Settings { delegates: vec!["planner", "main"], disabled: settings.disabled.clone(), ..Settings::default() };
    let all = [("main", settings.clone()), ("planner", planner)];
    let agent = |(id, settings): (&str, Settings)| {
        let spec = AgentSpec {
            id: AgentId::new(id).unwrap(),
            name: id.into(),
            description: None,
            enabled: !settings.disabled.contains(&id),
            is_default: id == "main",
            instructions: String::new(),
            tools: ToolFilter::All,
            max_steps: 50,
            outputs: "/nowhere".into(),
            tool_time: Duration::from_secs(60),
            queue_mode: settings.queue_mode,
            approval: settings.approval,
            delegates: settings.delegates.into_iter().map(|id| AgentId::new(id).unwrap()).collect(),
            context: ContextSettings::default(),
        };
        let agent = Agent::new(spec, Arc::clone(script) as _, vec![Arc::new(tools(script))], Arc::new(SystemClock));
        let fragile = Fragile { agent, breaks: Arc::clone(breaks) };
        (AgentId::new(id).unwrap(), Arc::new(fragile) as Arc<dyn AgentRuntime>)
    };
    HashMap::from(all.map(agent))
}
