//! A tool that counts the words of a text.

use serde::Deserialize;
use wingman_sdk::{Invocation, PluginError, Result, Tool, ToolOutput, ToolSpec};

/// What the tool takes, for the model.
const SCHEMA: &str =
    r#"{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}"#;

/// The same, for us.
#[derive(Deserialize)]
struct Input {
    text: Option<String>,
}

/// The tool.
pub struct {{type}};

impl Tool for {{type}} {
    fn tools() -> Vec<ToolSpec> {
        vec![ToolSpec {
            name: "count-words".into(),
            description: "Counts the words and characters of a text.".into(),
            input_schema: SCHEMA.into(),
            read_only: true,
            idempotent: true,
        }]
    }

    fn call(invocation: Invocation) -> Result<ToolOutput> {
        let input: Input = invocation.parse_input()?;
        let text = input.text.ok_or_else(|| {
            PluginError::invalid_input("`text` is missing: send the text to count")
        })?;
        let (words, characters) = (text.split_whitespace().count(), text.chars().count());
        let mut output = ToolOutput::text(format!("{words} words, {characters} characters"));
        output.data = Some(format!(r#"{{"words":{words},"characters":{characters}}}"#));
        Ok(output)
    }
}

wingman_sdk::export_tool!({{type}});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted() {
        let invocation = Invocation {
            tool: "count-words".into(),
            input: r#"{"text":"one two"}"#.into(),
            agent: "main".into(),
            session: "s".into(),
            call_id: "c".into(),
        };
        assert_eq!(
            {{type}}::call(invocation).unwrap().text,
            "2 words, 7 characters"
        );
    }
}
