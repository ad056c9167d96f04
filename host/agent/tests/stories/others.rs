//! Gemini and Ollama: one good stream each, and broken ones.

use crate::model_server::{ModelServer, Reply};
use crate::support::{asking, assistant, call, hear, hear_reply, model_at, patient, result, usage, user};
use serde_json::{Value, json};
use wingman_message::{ModelError, StopReason};

fn gemini(parts: &Value, more: &Value) -> String {
    let mut candidate = json!({ "index": 0, "content": { "role": "model", "parts": parts } });
    if let Some(reason) = more.get("finishReason") {
        candidate["finishReason"] = reason.clone();
    }
    json!({ "candidates": [candidate], "usageMetadata": { "promptTokenCount": 6, "candidatesTokenCount": 3, "totalTokenCount": 9 } })
        .to_string()
}

#[tokio::test]
async fn gemini_speaks_calls_tools_and_keeps_its_key_out_of_the_address() {
    let call_part = json!([{ "functionCall": { "name": "weather", "args": { "city": "Rome" } } }]);
    let reply = Reply::events()
        .data(gemini(&json!([{ "text": "Look" }]), &json!({})))
        .data(gemini(&json!([{ "text": "ing." }]), &json!({})))
        .data(gemini(&call_part, &json!({ "finishReason": "STOP" })))
        .end();
    let server = ModelServer::start(vec![reply]).await.unwrap();
    let model = model_at(server.url(), "gemini:gemini-test", patient());
    let earlier = call("c1", "weather", json!({ "city": "Bonn" }));
    let history = vec![user("Bonn?"), assistant("", &[earlier]), result("c1", "weather", "fog"), user("Rome?")];
    let heard = hear(&model, asking(history)).await;
    assert_eq!(heard.text, "Looking.");
    assert_eq!((heard.calls[0].name.as_str(), &heard.calls[0].input), ("weather", &json!({ "city": "Rome" })));
    assert!(!heard.calls[0].id.is_empty(), "the host makes an id where the provider gives none");
    assert_eq!(heard.end.unwrap(), (StopReason::ToolUse, usage(6, 3)));

    let asked = &server.asked()[0];
    assert!(asked.path.contains("gemini-test:streamGenerateContent?alt=sse"), "{}", asked.path);
    assert!(!asked.path.contains("sk-test"), "the key is in the address: {}", asked.path);
    assert_eq!(asked.header("x-goog-api-key"), Some("sk-test-0123456789"));
    let body = asked.body.to_string();
    for part in ["Be brief.", "Bonn?", "fog", "functionResponse", "functionDeclarations"] {
        assert!(body.contains(part), "{part} is missing in {body}");
    }
}

#[tokio::test]
async fn gemini_streams_that_break_are_interrupted() {
    let half = Reply::events().data(gemini(&json!([{ "text": "Hel" }]), &json!({})));
    for (how, reply) in [("cut", half.clone()), ("closed", half.clone().end()), ("empty", Reply::events().end())] {
        let heard = hear_reply("gemini:gemini-test", "", reply, patient()).await;
        assert!(matches!(heard.end, Err(ModelError::Interrupted(_))), "{how}: {:?}", heard.end);
    }
    let cut = half.data(gemini(&json!([{ "text": "lo" }]), &json!({ "finishReason": "MAX_TOKENS" }))).end();
    assert_eq!(hear_reply("gemini:gemini-test", "", cut, patient()).await.end.unwrap().0, StopReason::Truncated);
    let blocked = Reply::events().data(gemini(&json!([]), &json!({ "finishReason": "SAFETY" }))).end();
    assert!(matches!(hear_reply("gemini:gemini-test", "", blocked, patient()).await.failure(), ModelError::Rejected(_)));
}

fn ollama(content: &str) -> String {
    format!("{}\n", json!({ "model": "m", "message": { "role": "assistant", "content": content }, "done": false }))
}

fn ollama_done(reason: &str) -> String {
    let message = json!({ "role": "assistant", "content": "" });
    let done =
        json!({ "model": "m", "message": message, "done": true, "done_reason": reason, "prompt_eval_count": 5, "eval_count": 2 });
    format!("{done}\n")
}

#[tokio::test]
async fn ollama_speaks_and_calls_tools_without_a_key() {
    let asks = json!({ "function": { "name": "weather", "arguments": { "city": "Rome" } } });
    let message = json!({ "role": "assistant", "content": "", "tool_calls": [asks] });
    let calling = json!({ "model": "m", "message": message, "done": false });
    let reply =
        Reply::lines().piece(ollama("Hel")).piece(ollama("lo")).piece(format!("{calling}\n")).piece(ollama_done("stop")).end();
    let server = ModelServer::start(vec![reply]).await.unwrap();
    let settings = wingman_agent::ProviderSettings { base_url: Some(format!("{}/v1", server.url())), ..Default::default() };
    let model = wingman_agent::ModelFactory::new(patient()).unwrap().connect("ollama:llama3.2:3b", &settings).unwrap();
    let heard = hear(&model, asking(vec![user("Rome?")])).await;
    assert_eq!((heard.text.as_str(), &heard.calls[0].input), ("Hello", &json!({ "city": "Rome" })));
    assert_eq!(heard.end.unwrap(), (StopReason::ToolUse, usage(5, 2)));

    let asked = &server.asked()[0];
    assert_eq!((asked.path.as_str(), asked.header("authorization")), ("/api/chat", None));
    assert_eq!(asked.body["model"], "llama3.2:3b");
    assert_eq!(asked.body["messages"][0]["content"], "Be brief.");
    assert_eq!(asked.body["tools"][0]["function"]["name"], "weather");
}

#[tokio::test]
async fn ollama_streams_that_break_are_interrupted() {
    let half = Reply::lines().piece(ollama("Hel"));
    for (how, reply) in [("cut", half.clone()), ("closed", half.clone().end()), ("empty", Reply::lines().end())] {
        let heard = hear_reply("ollama:m", "", reply, patient()).await;
        assert!(matches!(heard.end, Err(ModelError::Interrupted(_))), "{how}: {:?}", heard.end);
    }
    let truncated = hear_reply("ollama:m", "", half.clone().piece(ollama_done("length")).end(), patient()).await;
    assert_eq!(truncated.end.unwrap().0, StopReason::Truncated);
    let failed = hear_reply("ollama:m", "", half.piece("{\"error\":\"model runner has stopped\"}\n").end(), patient()).await;
    assert_eq!(failed.end, Err(ModelError::Unavailable("model runner has stopped".into())));
    let missing = Reply::status("404 Not Found", "", "{\"error\":\"model 'm' not found, try pulling it first\"}");
    let words = "model 'm' not found, try pulling it first (HTTP status 404)".into();
    assert_eq!(hear_reply("ollama:m", "", missing, patient()).await.end, Err(ModelError::NotFound(words)));
}
