//! What a provider wants back of an answer that called tools: its reasoning, signed or encrypted. It is the answer as rig
//! decoded it, kept beside the answer's text and calls, and sent again to the model that made it alone.

use crate::provider::Api;
use rig_core::completion::CompletionResponse;
use rig_core::message::{AssistantContent, AssistantMessage, CallId, Message};
use serde_json::{Value, json};
use wingman_message::{Reasoning, ToolCall};

/// Providers that refuse, or think worse, where the reasoning before a tool call is missing. Servers that speak OpenAI's
/// chat completions are not among them: many refuse a field that they do not know.
fn wants_it_back(api: Api) -> bool {
    matches!(api, Api::Anthropic | Api::Gemini | Api::Ollama | Api::OpenRouter)
}

/// What to keep of an answer of `model`; none where nothing in it has to come back.
pub(crate) fn keep(api: Api, model: &str, response: &CompletionResponse) -> Option<Value> {
    let Some(Message::Assistant(turn)) = response.message().filter(|_| wants_it_back(api)) else { return None };
    let has_calls = turn.tool_calls().next().is_some();
    if !has_calls || !turn.content.iter().any(|block| needs_keeping(api, block)) {
        return None;
    }
    let turn = serde_json::to_value(turn).ok()?;
    Some(json!({ "model": model, "turn": turn }))
}

fn needs_keeping(api: Api, block: &AssistantContent) -> bool {
    match block {
        AssistantContent::Reasoning(_) | AssistantContent::Opaque(_) => true,
        // Gemini signs the call itself.
        AssistantContent::ToolCall(call) => api == Api::Gemini && call.native.is_some(),
        _ => false,
    }
}

/// The answer of `model` as it was, where it was kept and still says what `calls` say. Their ids may have changed since.
pub(crate) fn restore(reasoning: Option<&Reasoning>, model: &str, calls: &[ToolCall]) -> Option<AssistantMessage> {
    let kept = reasoning?.replay.as_ref()?;
    if kept.get("model")?.as_str()? != model {
        return None;
    }
    let mut turn: AssistantMessage = serde_json::from_value(kept.get("turn")?.clone()).ok()?;
    let mut left = calls.iter();
    let content = std::mem::take(&mut turn.content);
    turn.content = content.into_iter().map(|block| renamed(block, &mut left)).collect::<Option<_>>()?;
    left.next().is_none().then_some(turn)
}

/// `block`, its call with the id of the next of `calls`; none where it is another call.
fn renamed<'a>(block: AssistantContent, calls: &mut impl Iterator<Item = &'a ToolCall>) -> Option<AssistantContent> {
    let item = block.native_item().cloned();
    let AssistantContent::ToolCall(mut call) = block else { return Some(block) };
    let meant = calls.next()?;
    if call.function.name.as_str() != meant.name {
        return None;
    }
    call.id = CallId::from_wire(meant.id.clone());
    let block = AssistantContent::ToolCall(call);
    Some(match item {
        // Stamped anew: an id is part of what a kept item must fit.
        Some(item) => block.with_native(item),
        None => block,
    })
}
