//! The built-in tool by which an agent reacts to the message that it answers. It goes out as replies do; nothing of it happens here.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use wingman_message::{Tool, ToolError, ToolInvocation, ToolKind, ToolOutput, ToolSpec, Work};

/// The longest emoji, in characters: some networks have names for them, and some emoji are many characters.
const MAX_EMOJI: usize = 64;

/// `react`: puts an emoji on the message that is being answered.
pub struct React {
    spec: ToolSpec,
}

impl Default for React {
    fn default() -> Self {
        let spec = ToolSpec {
            name: "react".into(),
            description: "Puts an emoji on the message that you are answering, on the chat network where it was written. Use it \
                          where a reaction says enough, or beside an answer."
                .into(),
            input_schema: json!({
                "type": "object",
                "properties": { "emoji": { "type": "string", "minLength": 1, "maxLength": MAX_EMOJI } },
                "required": ["emoji"],
                "additionalProperties": false
            }),
            idempotent: true,
        };
        Self { spec }
    }
}

#[async_trait]
impl Tool for React {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn kind(&self) -> ToolKind {
        ToolKind::Reacts
    }

    async fn call(&self, _: ToolInvocation) -> Result<ToolOutput, ToolError> {
        Err(ToolError::Failed("there is no message here to react to".into()))
    }
}

#[derive(Deserialize)]
struct Input {
    emoji: String,
}

/// What a call asks.
pub(crate) fn work(input: &serde_json::Value) -> Work {
    match Input::deserialize(input) {
        Ok(Input { emoji }) => Work::Reaction { emoji },
        Err(error) => Work::Fails { output: ToolError::InvalidInput(error.to_string()).to_string() },
    }
}
