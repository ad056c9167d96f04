//! The built-in tool by which an agent asks a person. The run waits for the answer, durably; nothing of it happens here.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use wingman_message::{Tool, ToolError, ToolInvocation, ToolKind, ToolOutput, ToolSpec, Work};

/// The most choices, and the longest question or choice in characters: what people on a chat network still read.
const MAX_CHOICES: usize = 20;
const MAX_QUESTION: usize = 4_000;
const MAX_CHOICE: usize = 200;

/// `ask_user`: asks a question, with choices or without, and gives what the person says.
pub struct AskUser {
    spec: ToolSpec,
}

impl Default for AskUser {
    fn default() -> Self {
        let spec = ToolSpec {
            name: "ask_user".into(),
            description: "Asks the user a question and waits for the answer. Use it when you cannot go on without knowing what \
                          the user wants; offer `choices` where the answer is one of a few."
                .into(),
            input_schema: json!({
                "type": "object",
                "properties": {
                    "question": { "type": "string", "minLength": 1, "maxLength": MAX_QUESTION },
                    "choices": {
                        "type": "array",
                        "maxItems": MAX_CHOICES,
                        "items": { "type": "string", "minLength": 1, "maxLength": MAX_CHOICE }
                    }
                },
                "required": ["question"],
                "additionalProperties": false
            }),
            idempotent: true,
        };
        Self { spec }
    }
}

#[async_trait]
impl Tool for AskUser {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn kind(&self) -> ToolKind {
        ToolKind::Asks
    }

    async fn call(&self, _: ToolInvocation) -> Result<ToolOutput, ToolError> {
        Err(ToolError::Failed("there is nobody here to ask".into()))
    }
}

#[derive(Deserialize)]
struct Input {
    question: String,
    #[serde(default)]
    choices: Vec<String>,
}

/// What a call asks.
pub(crate) fn work(input: &serde_json::Value) -> Work {
    match Input::deserialize(input) {
        Ok(Input { question, choices }) => Work::Question { text: question, choices },
        Err(error) => Work::Fails { output: ToolError::InvalidInput(error.to_string()).to_string() },
    }
}
