//! What models think: people see it, and the provider that wants it back gets it back, signed as it was.

use crate::model_server::{ModelServer, Reply};
use crate::support::{asking, call, context, hear, model_at, patient, result, user};
use serde_json::{Value, json};
use wingman_agent::ToolFilter;
use wingman_message::{AgentRuntime, Entry, Progress, Reasoning, StopReason};

fn event(reply: Reply, data: &Value) -> Reply {
    reply.piece(format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap()))
}

/// An answer of the Messages API that thinks, says a word and calls a tool.
fn thinking_call() -> Reply {
    let usage = json!({ "input_tokens": 9, "output_tokens": 1 });
    let message = json!({ "id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "usage": usage });
    let mut reply = event(Reply::events(), &json!({ "type": "message_start", "message": message }));
    let blocks = [
        (
            json!({ "type": "thinking", "thinking": "" }),
            vec![
                json!({ "type": "thinking_delta", "thinking": "Which " }),
                json!({ "type": "thinking_delta", "thinking": "city?" }),
                json!({ "type": "signature_delta", "signature": "c2lnbmVk" }),
            ],
        ),
        (json!({ "type": "text", "text": "" }), vec![json!({ "type": "text_delta", "text": "Looking." })]),
        (
            json!({ "type": "tool_use", "id": "toolu_a", "name": "weather", "input": {} }),
            vec![json!({ "type": "input_json_delta", "partial_json": "{\"city\":\"Rome\"}" })],
        ),
    ];
    for (index, (block, deltas)) in blocks.iter().enumerate() {
        reply = event(reply, &json!({ "type": "content_block_start", "index": index, "content_block": block }));
        for delta in deltas {
            reply = event(reply, &json!({ "type": "content_block_delta", "index": index, "delta": delta }));
        }
        reply = event(reply, &json!({ "type": "content_block_stop", "index": index }));
    }
    let delta = json!({ "stop_reason": "tool_use" });
    reply = event(reply, &json!({ "type": "message_delta", "delta": delta, "usage": { "output_tokens": 4 } }));
    event(reply, &json!({ "type": "message_stop" })).end()
}

#[tokio::test]
async fn thinking_is_seen_and_goes_back_signed_with_the_result_of_the_call() {
    let server = ModelServer::start(vec![thinking_call()]).await.unwrap();
    let agent = crate::agent::agent(
        model_at(server.url(), "anthropic:claude-test", patient()),
        vec![crate::agent::tool("weather", None)],
        ToolFilter::All,
    );
    let (context, reported) = context();
    let step = agent.step(&context, &[], &[user("Weather?")]).await.unwrap();
    assert_eq!(
        reported.lock().unwrap()[..3],
        [Progress::Reasoning("Which ".into()), Progress::Reasoning("city?".into()), Progress::Text("Looking.".into())]
    );
    assert_eq!(step.model.as_deref(), Some("anthropic:claude-test"));

    // As the journal keeps it.
    let kept: Entry = serde_json::from_value(serde_json::to_value(&step.entry).unwrap()).unwrap();
    assert_eq!(kept, step.entry);
    let run = [user("Weather?"), kept, result("toolu_a", "weather", "sun")];
    agent.step(&context, &[], &run).await.unwrap();
    let messages = server.asked()[1].body["messages"].clone();
    let blocks = messages[1]["content"].as_array().unwrap();
    let kinds: Vec<&str> = blocks.iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["thinking", "text", "tool_use"], "{messages}");
    assert_eq!((&blocks[0]["thinking"], &blocks[0]["signature"]), (&json!("Which city?"), &json!("c2lnbmVk")));
    assert_eq!(blocks[2]["id"], "toolu_a");
    assert_eq!(messages[2]["content"][0]["tool_use_id"], "toolu_a");
}

#[tokio::test]
async fn another_model_is_not_shown_what_the_first_one_thought() {
    let server = ModelServer::start(vec![thinking_call(), Reply::openai_text(&["ok"])]).await.unwrap();
    let first = model_at(server.url(), "anthropic:claude-test", patient());
    let heard = hear(&first, asking(vec![user("Weather?")])).await;
    assert!(heard.replay.is_some());
    let reasoning = Some(Reasoning { text: heard.reasoning, replay: heard.replay });
    let history = vec![
        user("Weather?"),
        Entry::Assistant { text: heard.text, calls: heard.calls, reasoning },
        result("toolu_a", "weather", "sun"),
    ];
    let other = model_at(format!("{}/v1", server.url()), "my-server:m", patient());
    hear(&other, asking(history)).await.end.unwrap();
    let body = server.asked()[1].body.to_string();
    assert!(body.contains("Looking.") && body.contains("Rome"), "{body}");
    assert!(!body.contains("Which city?") && !body.contains("c2lnbmVk"), "{body}");
}

#[tokio::test]
async fn an_id_that_was_made_distinct_stays_so_in_what_goes_back() {
    let server = ModelServer::start(vec![thinking_call()]).await.unwrap();
    let model = model_at(server.url(), "anthropic:claude-test", patient());
    let agent = crate::agent::agent(model, vec![crate::agent::tool("weather", None)], ToolFilter::All);
    let (context, _) = context();
    let taken = Entry::assistant("", vec![call("toolu_a", "weather", json!({}))]);
    let mut run = vec![user("Weather?"), taken, result("toolu_a", "weather", "fog")];
    let step = agent.step(&context, &[], &run).await.unwrap();
    run.extend([step.entry, result("toolu_a-2", "weather", "sun")]);
    agent.step(&context, &[], &run).await.unwrap();
    let messages = server.asked()[1].body["messages"].clone();
    let blocks = messages[3]["content"].as_array().unwrap();
    assert_eq!((&blocks[0]["signature"], &blocks[2]["id"]), (&json!("c2lnbmVk"), &json!("toolu_a-2")), "{messages}");
    assert_eq!(messages[4]["content"][0]["tool_use_id"], "toolu_a-2");
}

#[tokio::test]
async fn gemini_gets_the_signature_of_its_call_back() {
    let parts = json!([
        { "text": "Which city?", "thought": true },
        { "functionCall": { "name": "weather", "args": { "city": "Rome" } }, "thoughtSignature": "c2lnbmVk" }
    ]);
    let candidate = json!({ "index": 0, "content": { "role": "model", "parts": parts }, "finishReason": "STOP" });
    let counts = json!({ "promptTokenCount": 6, "candidatesTokenCount": 3, "thoughtsTokenCount": 5, "totalTokenCount": 14 });
    let reply = Reply::events().data(json!({ "candidates": [candidate], "usageMetadata": counts })).end();
    let server = ModelServer::start(vec![reply]).await.unwrap();
    let agent = crate::agent::agent(
        model_at(server.url(), "gemini:gemini-3-test", patient()),
        vec![crate::agent::tool("weather", None)],
        ToolFilter::All,
    );
    let (context, reported) = context();
    let step = agent.step(&context, &[], &[user("Weather?")]).await.unwrap();
    assert_eq!(reported.lock().unwrap()[0], Progress::Reasoning("Which city?".into()));
    assert_eq!((step.usage.output_tokens, step.usage.reasoning_tokens), (8, 5));
    let Entry::Assistant { calls, .. } = &step.entry else { panic!("no answer") };
    let id = calls[0].id.clone();
    agent.step(&context, &[], &[user("Weather?"), step.entry, result(&id, "weather", "sun")]).await.unwrap();
    let body = server.asked()[1].body.clone();
    let parts = body["contents"][1]["parts"].to_string();
    assert!(parts.contains("functionCall") && parts.contains("c2lnbmVk"), "{body}");
    assert!(body["contents"][2]["parts"].to_string().contains("functionResponse"), "{body}");
}

#[tokio::test]
async fn a_compatible_server_shows_its_reasoning_and_is_not_sent_it() {
    let chunk = |delta: Value, finish: Option<&str>| json!({ "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
    let function = json!({ "name": "weather", "arguments": "{}" });
    let reply = Reply::events()
        .data(chunk(json!({ "reasoning_content": "Hm" }), None))
        .data(chunk(json!({ "reasoning_content": "m." }), None))
        .data(chunk(json!({ "tool_calls": [{ "index": 0, "id": "a", "type": "function", "function": function }] }), None))
        .data(chunk(json!({}), Some("tool_calls")))
        .data("[DONE]")
        .end();
    let server = ModelServer::start(vec![reply]).await.unwrap();
    let model = model_at(format!("{}/v1", server.url()), "my-server:m", patient());
    let heard = hear(&model, asking(vec![user("Weather?")])).await;
    assert_eq!((heard.reasoning.as_str(), &heard.replay), ("Hmm.", &None));
    assert_eq!(heard.end.unwrap().0, StopReason::ToolUse);
    let reasoning = Some(Reasoning { text: heard.reasoning, replay: heard.replay });
    let answer = Entry::Assistant { text: heard.text, calls: heard.calls, reasoning };
    hear(&model, asking(vec![user("Weather?"), answer, result("a", "weather", "sun")])).await.end.unwrap();
    assert!(!server.asked()[1].body.to_string().contains("Hmm."));
}

#[test]
fn journals_of_earlier_versions_are_still_read() {
    let old = json!({ "kind": "assistant", "text": "Hi", "calls": [{ "id": "1", "name": "t", "input": {} }] });
    let entry: Entry = serde_json::from_value(old.clone()).unwrap();
    assert_eq!(entry, Entry::assistant("Hi", vec![call("1", "t", json!({}))]));
    assert_eq!(serde_json::to_value(entry).unwrap(), old, "nothing is written where nothing was thought");
    // What cannot be read any more is left out of the request.
    let replay = Some(json!({ "model": "anthropic:claude-test", "turn": { "content": "of another version" } }));
    let entry = Entry::Assistant { text: "Hi".into(), calls: vec![], reasoning: Some(Reasoning { text: String::new(), replay }) };
    let again: Entry = serde_json::from_value(serde_json::to_value(&entry).unwrap()).unwrap();
    assert_eq!(again, entry);
}
