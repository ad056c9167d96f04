//! The tools of one agent, and one call of one of them. A call always ends in an entry: what goes wrong in a tool is for the
//! model to read, and never fails the run.

use crate::agent::ToolFilter;
use crate::input_check::InputChecks;
use crate::{ask_user, delegate, react};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wingman_message::{
    Approval, Clock, Entry, NextCall, Progress, RunContext, Tool, ToolCall, ToolError, ToolInvocation, ToolKind, ToolOutput,
    ToolProgress, ToolSource, ToolSpec, Work,
};

/// The most that a model reads of a tool's output, in bytes.
const MAX_OUTPUT: usize = 256 * 1024;

/// Where an agent's tools come from. They may come and go: each step asks anew.
pub(crate) struct Toolbox {
    sources: Vec<Arc<dyn ToolSource>>,
    filter: ToolFilter,
    time: Duration,
    checks: InputChecks,
    clock: Arc<dyn Clock>,
    /// The agent's own, which no filter takes away and no other tool of the name replaces.
    own: Option<Arc<dyn Tool>>,
    approvals: Approvals,
}

/// When a person is asked before a tool is called, by the name of the tool or of its family.
#[derive(Debug, Default)]
pub(crate) struct Approvals(pub(crate) BTreeMap<String, Approval>);

impl Approvals {
    fn of(&self, tool: &dyn Tool) -> Approval {
        let by_family = || tool.family().and_then(|family| self.0.get(family));
        self.0.get(&tool.spec().name).or_else(by_family).copied().unwrap_or_default()
    }
}

/// The tools that there are now.
pub(crate) struct Tools<'a> {
    // Sorted, so that a request to a provider is the same bytes each time and its prompt cache holds.
    tools: BTreeMap<String, Arc<dyn Tool>>,
    toolbox: &'a Toolbox,
}

impl Toolbox {
    pub(crate) fn new(sources: Vec<Arc<dyn ToolSource>>, filter: ToolFilter, time: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { sources, filter, time, checks: InputChecks::default(), clock, own: None, approvals: Approvals::default() }
    }

    /// With a tool of the agent's own.
    pub(crate) fn own(self, own: Option<Arc<dyn Tool>>) -> Self {
        Self { own, ..self }
    }

    /// With the operator's wishes to be asked.
    pub(crate) fn approvals(self, approvals: Approvals) -> Self {
        Self { approvals, ..self }
    }

    /// Those that the agent may call, and whose inputs can be checked.
    pub(crate) fn now(&self) -> Tools<'_> {
        let mut tools: BTreeMap<String, Arc<dyn Tool>> =
            self.own.iter().map(|own| (own.spec().name.clone(), Arc::clone(own))).collect();
        for tool in self.sources.iter().flat_map(|source| source.tools()) {
            let spec = tool.spec();
            if !self.filter.admits(tool.as_ref()) || self.checks.of(spec).is_none() {
                continue;
            }
            if tools.contains_key(&spec.name) {
                tracing::debug!(tool = spec.name, family = tool.family(), "a second tool has the name; the first is used");
                continue;
            }
            tools.insert(spec.name.clone(), tool);
        }
        Tools { tools, toolbox: self }
    }
}

impl Tools<'_> {
    pub(crate) fn names(&self) -> Vec<String> {
        self.tools.keys().cloned().collect()
    }

    /// Those that are of use in the run of `context`.
    pub(crate) fn specs(&self, context: &RunContext) -> Vec<ToolSpec> {
        let useful = self.tools.values().filter(|tool| context.reacts || tool.kind() != ToolKind::Reacts);
        useful.map(|tool| tool.spec().clone()).collect()
    }

    /// What it takes to answer `call`. A call that cannot be done is known as such here, before anybody is asked about it.
    pub(crate) fn plan(&self, call: &ToolCall) -> NextCall {
        let (approval, work) = match self.checked(call) {
            Err(error) => (Approval::Never, Work::Fails { output: error.to_string() }),
            Ok(tool) => {
                let work = match tool.kind() {
                    ToolKind::Runs => Work::Tool { repeatable: tool.spec().idempotent },
                    ToolKind::Asks => ask_user::work(&call.input),
                    ToolKind::Delegates => delegate::work(&call.input),
                    ToolKind::Reacts => react::work(&call.input),
                };
                (self.toolbox.approvals.of(tool.as_ref()), work)
            }
        };
        NextCall { call: call.clone(), approval, work }
    }

    /// The tool that `call` names, if its input fits.
    fn checked(&self, call: &ToolCall) -> Result<&Arc<dyn Tool>, ToolError> {
        let Some(tool) = self.tools.get(&call.name) else {
            return Err(ToolError::Failed(self.unknown(&call.name)));
        };
        if !call.input.is_object() {
            return Err(ToolError::InvalidInput("it must be a JSON object".into()));
        }
        if let Some(check) = self.toolbox.checks.of(tool.spec()) {
            check.check(&call.input).map_err(ToolError::InvalidInput)?;
        }
        Ok(tool)
    }

    /// Answers `call`.
    pub(crate) async fn run(&self, context: &RunContext, call: &ToolCall) -> Entry {
        let clock = &self.toolbox.clock;
        let started_at = clock.now_ms();
        context.emit.send(Progress::ToolStarted(call.clone()));
        let (output, is_error) = match self.call(context, call).await {
            Ok(output) => (output.text, false),
            Err(error) => (error.to_string(), true),
        };
        let output = capped(output);
        context.emit.send(Progress::ToolEnded { call: call.clone(), output: output.clone(), is_error });
        let ended_at = clock.now_ms();
        Entry::Tool { call_id: call.id.clone(), name: call.name.clone(), output, is_error, started_at, ended_at }
    }

    async fn call(&self, context: &RunContext, call: &ToolCall) -> Result<ToolOutput, ToolError> {
        let tool = self.checked(call)?;
        let (emit, of) = (context.emit.clone(), call.clone());
        let cancel = context.cancel.child_token();
        // Whatever the tool has left running when its time is up, or when the run is dropped, is told to stop.
        let _stop = cancel.clone().drop_guard();
        let invocation = ToolInvocation {
            input: call.input.clone(),
            session: context.session.clone(),
            run: context.run,
            call_id: call.id.clone(),
            folder: Arc::clone(&context.folder),
            cancel,
            progress: ToolProgress::new(move |chunk| emit.send(Progress::ToolOutput { call: of.clone(), chunk })),
        };
        let time = self.toolbox.time;
        let in_time = tokio::time::timeout(time, tool.call(invocation)).await;
        in_time.unwrap_or_else(|_| {
            Err(ToolError::Failed(format!("the tool was stopped after {} s without a result", time.as_secs_f64())))
        })
    }

    fn unknown(&self, name: &str) -> String {
        let name: String = name.chars().take(80).collect();
        if self.tools.is_empty() {
            return format!("there is no tool `{name}`; there are no tools at all");
        }
        format!("there is no tool `{name}`; the tools are: {}", self.names().join(", "))
    }
}

/// Cuts what is too long at a character boundary, and says so.
fn capped(mut output: String) -> String {
    let whole = output.len();
    if whole > MAX_OUTPUT {
        output.truncate(output.floor_char_boundary(MAX_OUTPUT));
        output.push_str(&format!("\n[cut here: the tool's output has {whole} bytes]"));
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_output_is_cut_between_characters_and_says_so() {
        let short = "fits".to_owned();
        assert_eq!(capped(short.clone()), short);

        let cut = capped("x".to_owned() + &"\u{1f600}".repeat(MAX_OUTPUT / 4));
        assert!(cut.len() < MAX_OUTPUT + 100);
        let (kept, note) = cut.rsplit_once('\n').unwrap();
        assert!(kept.ends_with('\u{1f600}'), "cut inside a character");
        assert_eq!(note, format!("[cut here: the tool's output has {} bytes]", MAX_OUTPUT + 1));
    }
}
