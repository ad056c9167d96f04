//! The built-in tool by which an agent hands a task to another one. The other agent's run is the business of whoever owns runs;
//! nothing of it happens here.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use wingman_message::{AgentId, Tool, ToolError, ToolInvocation, ToolKind, ToolOutput, ToolSpec, Work};

/// `delegate`: has one of certain agents do a task, and gives what it says in the end.
pub(crate) struct Delegate {
    spec: ToolSpec,
}

impl Delegate {
    /// The tool, for an agent that may hand tasks to `agents`.
    pub(crate) fn new(agents: &[AgentId]) -> Self {
        let agents: Vec<&str> = agents.iter().map(AgentId::as_str).collect();
        let spec = ToolSpec {
            name: "delegate".into(),
            description:
                "Hands a task to another agent and gives its answer. The other agent sees nothing of this conversation: \
                          the task must say all that it needs to know."
                    .into(),
            input_schema: json!({
                "type": "object",
                "properties": {
                    "agent": { "enum": agents },
                    "task": { "type": "string", "minLength": 1 }
                },
                "required": ["agent", "task"],
                "additionalProperties": false
            }),
            // The same call again waits for the same run.
            idempotent: true,
        };
        Self { spec }
    }
}

#[async_trait]
impl Tool for Delegate {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn kind(&self) -> ToolKind {
        ToolKind::Delegates
    }

    async fn call(&self, _: ToolInvocation) -> Result<ToolOutput, ToolError> {
        Err(ToolError::Failed("no other agent can be reached from here".into()))
    }
}

#[derive(Deserialize)]
struct Input {
    agent: AgentId,
    task: String,
}

/// What a call hands over, and to whom.
pub(crate) fn work(input: &serde_json::Value) -> Work {
    match Input::deserialize(input) {
        Ok(Input { agent, task }) => Work::Delegate { agent, task },
        Err(error) => Work::Fails { output: ToolError::InvalidInput(error.to_string()).to_string() },
    }
}
