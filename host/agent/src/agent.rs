//! One agent: what it is, and how it finds and does the next step of a run. Tools are called in `toolbox`; what a history
//! must look like before a model reads it is decided in `conversation`.

use crate::context::{Context, ContextSettings, Fitted};
use crate::conversation::next_call;
use crate::delegate::Delegate;
use crate::toolbox::{Approvals, Toolbox};
use async_trait::async_trait;
use futures::StreamExt;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wingman_message::{
    AgentId, AgentInfo, AgentRuntime, Approval, Clock, Compaction, Entry, Model, ModelError, ModelEvent, Next, Progress,
    QueueMode, Reasoning, RunContext, RunError, Step, StopReason, Tool, ToolCall, ToolSource, Usage,
};

/// Which tools an agent may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolFilter {
    /// All that there are.
    All,
    /// Those with these names, and those of the families with these names; a name that neither has is ignored.
    Only(Vec<String>),
}

impl ToolFilter {
    pub(crate) fn admits(&self, tool: &dyn Tool) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => {
                names.iter().any(|admitted| *admitted == tool.spec().name || tool.family() == Some(admitted.as_str()))
            }
        }
    }
}

/// What an agent is made from.
#[derive(Debug, Clone)]
pub struct AgentSpec {
    /// Its id.
    pub id: AgentId,
    /// Its display name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// It takes new messages.
    pub enabled: bool,
    /// It answers where no binding matches.
    pub is_default: bool,
    /// Its system prompt; may be empty.
    pub instructions: String,
    /// The tools it may call.
    pub tools: ToolFilter,
    /// The most model requests that one run may make.
    pub max_steps: usize,
    /// The working folder of sessions that have none of their own: an absolute path.
    pub outputs: PathBuf,
    /// How long one call of a tool may take. A tool may have a shorter deadline of its own.
    pub tool_time: Duration,
    /// What its sessions do with a message that comes while they are busy.
    pub queue_mode: QueueMode,
    /// When a person is asked before a tool is called, by the tool's name or its family's; the tool's own name counts more.
    pub approval: BTreeMap<String, Approval>,
    /// The agents that it may hand tasks to; with any, it has the tool for that, whatever its filter says.
    pub delegates: Vec<AgentId>,
    /// How much its model is shown.
    pub context: ContextSettings,
}

/// An agent over a model and tools. Cheap to share; serves all its sessions at once and keeps nothing of them between steps.
pub struct Agent {
    info: AgentInfo,
    instructions: String,
    max_steps: usize,
    model: Arc<dyn Model>,
    toolbox: Toolbox,
    context: Context,
}

impl Agent {
    /// An agent that asks `model` and may call those tools that its filter admits. `sources` are asked at each step; of two tools
    /// of one name, the first source's is used. `clock` stamps tool results. Its [`AgentInfo`] names the tools there are now.
    #[must_use]
    pub fn new(spec: AgentSpec, model: Arc<dyn Model>, sources: Vec<Arc<dyn ToolSource>>, clock: Arc<dyn Clock>) -> Self {
        let AgentSpec { id, name, description, enabled, is_default, instructions, tools, max_steps, outputs, tool_time, .. } =
            spec;
        let delegate = (!spec.delegates.is_empty()).then(|| Arc::new(Delegate::new(&spec.delegates)) as Arc<dyn Tool>);
        let toolbox = Toolbox::new(sources, tools, tool_time, clock).own(delegate).approvals(Approvals(spec.approval));
        let info = AgentInfo {
            id,
            name,
            description,
            enabled,
            is_default,
            model: model.info().clone(),
            tools: toolbox.now().names(),
            outputs: outputs.into(),
            queue_mode: spec.queue_mode,
        };
        Self { info, instructions, max_steps, model, toolbox, context: Context::new(spec.context) }
    }

    async fn next_step(&self, context: &RunContext, history: &[Entry], run: &[Entry]) -> Result<Step, RunError> {
        if let Some(call) = next_call(run) {
            let entry = self.toolbox.now().run(context, call).await;
            return Ok(Step { entry, usage: Usage::default(), model: None, finished: None });
        }
        let asked = run.iter().filter(|entry| matches!(entry, Entry::Assistant { .. })).count();
        if asked >= self.max_steps {
            return Err(RunError::TooManySteps(self.max_steps));
        }
        self.ask(context, history, run).await
    }

    async fn ask(&self, context: &RunContext, history: &[Entry], run: &[Entry]) -> Result<Step, RunError> {
        let tools = self.toolbox.now().specs(context);
        let Fitted { request, estimate } = self.context.request(context, &self.instructions, tools, history, run).await;
        let mut stream = self.model.stream(request).await.map_err(|error| self.failed(error))?;
        let (mut text, mut calls, mut reasoning) = (String::new(), Vec::new(), Reasoning::default());
        while let Some(event) = stream.next().await {
            match event.map_err(|error| self.failed(error))? {
                ModelEvent::Text(piece) => {
                    text.push_str(&piece);
                    context.emit.send(Progress::Text(piece));
                }
                ModelEvent::Reasoning(piece) => {
                    reasoning.text.push_str(&piece);
                    context.emit.send(Progress::Reasoning(piece));
                }
                ModelEvent::Retrying { after_ms, reason } => context.emit.send(Progress::Retrying { after_ms, reason }),
                ModelEvent::Call(call) => calls.push(call),
                ModelEvent::Finished { stop, usage, model, replay } => {
                    self.context.learn(estimate, usage);
                    let calls = distinct(calls, history.iter().chain(run));
                    reasoning.replay = replay;
                    let (entry, finished) = answered(text, calls, reasoning, stop);
                    return Ok(Step { entry, usage, model: Some(model), finished });
                }
            }
        }
        Err(ModelError::Interrupted("the model's stream ended without an end".into()).into())
    }

    fn failed(&self, error: ModelError) -> RunError {
        match self.context.overflow(&error) {
            Some(words) => RunError::ContextFull(words),
            None => error.into(),
        }
    }
}

/// The entry that an answer makes, and the run's end if it is one. A truncated answer ends the run: a call in it may be half of what the model meant.
fn answered(text: String, mut calls: Vec<ToolCall>, mut reasoning: Reasoning, stop: StopReason) -> (Entry, Option<StopReason>) {
    if stop == StopReason::Truncated {
        calls.clear();
    }
    if calls.is_empty() {
        // Providers want it back with the results of calls alone.
        reasoning.replay = None;
    }
    let finished = match stop {
        StopReason::Truncated => Some(StopReason::Truncated),
        _ if calls.is_empty() => Some(StopReason::EndTurn),
        _ => None,
    };
    let reasoning = Some(reasoning).filter(|reasoning| !reasoning.is_empty());
    (Entry::Assistant { text, calls, reasoning }, finished)
}

/// Gives each call an id that no other call of the conversation has: some providers count from zero in every answer, and a
/// result must not be taken for the answer to another call.
fn distinct<'a>(calls: Vec<ToolCall>, earlier: impl Iterator<Item = &'a Entry>) -> Vec<ToolCall> {
    if calls.is_empty() {
        return calls;
    }
    let mut taken: HashSet<String> = earlier
        .filter_map(|entry| match entry {
            Entry::Assistant { calls, .. } => Some(calls),
            _ => None,
        })
        .flatten()
        .map(|call| call.id.clone())
        .collect();
    calls
        .into_iter()
        .map(|mut call| {
            let base = if call.id.is_empty() { "call".to_owned() } else { call.id };
            call.id = base.clone();
            let mut number = 2_u32;
            while !taken.insert(call.id.clone()) {
                call.id = format!("{base}-{number}");
                number += 1;
            }
            call
        })
        .collect()
}

#[async_trait]
impl AgentRuntime for Agent {
    fn info(&self) -> &AgentInfo {
        &self.info
    }

    fn next(&self, run: &[Entry]) -> Next {
        next_call(run).map_or(Next::Model, |call| Next::Call(self.toolbox.now().plan(call)))
    }

    async fn step(&self, context: &RunContext, history: &[Entry], run: &[Entry]) -> Result<Step, RunError> {
        // Dropping the step drops the model's stream, which closes its connection, and the tool's future.
        let step = context.cancel.run_until_cancelled(self.next_step(context, history, run));
        step.await.unwrap_or(Err(RunError::Cancelled))
    }

    async fn compact(&self, context: &RunContext, history: &[Entry], run: &[Entry]) -> Option<Compaction> {
        let tools = self.toolbox.now().specs(context);
        self.context.compact(context, self.model.as_ref(), &self.instructions, &tools, history, run).await
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("info", &self.info).finish_non_exhaustive()
    }
}
