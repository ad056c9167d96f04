//! From the gateway's conversation to rig's. Text of strangers is marked on the way; see `untrusted`.

use crate::attachment::{self, Shown, Takes};
use crate::{replay, untrusted};
use rig_core::completion::{CompletionRequest, ToolDefinition};
use rig_core::message::{
    AssistantContent, AssistantMessage, CallId, Message, ToolCall as RigCall, ToolFunction, ToolName, ToolResult,
    ToolResultContent, UserContent,
};
use wingman_message::{Entry, ModelError, ModelRequest, ToolCall, ToolSpec, UserEntry};

/// What providers take for a tool's name; a model may have made up another.
const MAX_NAME: usize = 64;

/// What `model` (as configured), which takes such files, is sent.
pub(crate) fn completion(request: ModelRequest, model: &str, takes: Takes) -> Result<CompletionRequest, ModelError> {
    let ModelRequest { run: _, instructions, surroundings, history, tools } = request;
    let mut messages = Vec::with_capacity(history.len() + 2);
    if let Some(prompt) = system_prompt(&instructions, &history) {
        messages.push(Message::system(prompt));
    }
    if !surroundings.is_empty() {
        messages.push(Message::User { content: vec![UserContent::text(surroundings)] });
    }
    let mut files = attachment::shown(&history, takes).into_iter();
    for entry in history {
        match entry {
            Entry::User(user) => messages.push(Message::User { content: user_content(user, files.next().unwrap_or_default()) }),
            Entry::Assistant { text, calls, reasoning } => {
                messages.push(match replay::restore(reasoning.as_ref(), model, &calls) {
                    Some(turn) => Message::Assistant(turn),
                    None => assistant(text, calls)?,
                })
            }
            Entry::Tool { call_id, name, output, is_error, .. } => {
                let output = if output.is_empty() { "(no output)".into() } else { output };
                let content = vec![ToolResultContent::text(output)];
                let result = ToolResult { call: CallId::from_wire(call_id), name: tool_name(&name)?, content, is_error };
                push_result(&mut messages, result);
            }
        }
    }
    let last = messages.pop().ok_or_else(|| ModelError::Rejected("the conversation is empty".into()))?;
    let mut completion = CompletionRequest::new(last);
    messages.append(&mut completion.chat_history);
    completion.chat_history = messages;
    completion.tools = tools.into_iter().map(definition).collect::<Result<_, _>>()?;
    Ok(completion)
}

fn system_prompt(instructions: &str, history: &[Entry]) -> Option<String> {
    let untrusted = history.iter().any(|entry| matches!(entry, Entry::User(user) if user.untrusted));
    let parts = [Some(instructions.trim()).filter(|text| !text.is_empty()), untrusted.then_some(untrusted::NOTICE)];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

fn user_content(user: UserEntry, files: Shown) -> Vec<UserContent> {
    let UserEntry { mut text, untrusted, attachments: _ } = user;
    let Shown { lines, mut media } = files;
    for line in lines {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    // Providers refuse an empty text.
    if text.trim().is_empty() {
        text = "(no text)".into();
    }
    if untrusted {
        text = untrusted::marked(&text);
    }
    let mut content = vec![UserContent::text(text)];
    content.append(&mut media);
    content
}

fn assistant(text: String, calls: Vec<ToolCall>) -> Result<Message, ModelError> {
    let mut content = Vec::with_capacity(calls.len() + 1);
    if !text.trim().is_empty() {
        content.push(AssistantContent::text(text));
    }
    for call in calls {
        let function = ToolFunction::new(tool_name(&call.name)?, call.input);
        content.push(AssistantContent::ToolCall(RigCall::from_wire(call.id, function)));
    }
    Ok(Message::Assistant(AssistantMessage::new(content)))
}

/// Results of one answer belong into one message.
fn push_result(messages: &mut Vec<Message>, result: ToolResult) {
    if let Some(Message::User { content }) = messages.last_mut()
        && matches!(content.last(), Some(UserContent::ToolResult(_)))
    {
        content.push(UserContent::ToolResult(result));
    } else {
        messages.push(Message::tool_results(vec![result]));
    }
}

fn definition(spec: ToolSpec) -> Result<ToolDefinition, ModelError> {
    Ok(ToolDefinition::new(tool_name(&spec.name)?, spec.description, spec.input_schema))
}

fn tool_name(name: &str) -> Result<ToolName, ModelError> {
    let legal = |character: char| if character.is_ascii_alphanumeric() || character == '-' { character } else { '_' };
    let name: String = name.chars().take(MAX_NAME).map(legal).collect();
    ToolName::new(if name.is_empty() { "unknown".into() } else { name }).map_err(|error| ModelError::Rejected(error.to_string()))
}
