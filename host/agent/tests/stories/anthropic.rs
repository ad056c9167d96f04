//! The Messages API: good streams, and the broken ones that differ from chat completions.

use crate::model_server::{ModelServer, Reply};
use crate::support::{asking, assistant, call, hear, hear_reply, model_at, patient, result, usage, user};
use serde_json::{Value, json};
use wingman_message::{ModelError, StopReason};

fn event(reply: Reply, data: &Value) -> Reply {
    let kind = data["type"].as_str().unwrap();
    reply.piece(format!("event: {kind}\ndata: {data}\n\n"))
}

fn start() -> Reply {
    let usage = json!({ "input_tokens": 9, "output_tokens": 1 });
    let message =
        json!({ "id": "m1", "type": "message", "role": "assistant", "content": [], "model": "claude-test", "usage": usage });
    event(Reply::events(), &json!({ "type": "message_start", "message": message }))
}

fn text(reply: Reply, index: u64, words: &str) -> Reply {
    let block = json!({ "type": "text", "text": "" });
    let reply = event(reply, &json!({ "type": "content_block_start", "index": index, "content_block": block }));
    let delta = json!({ "type": "text_delta", "text": words });
    let reply = event(reply, &json!({ "type": "content_block_delta", "index": index, "delta": delta }));
    event(reply, &json!({ "type": "content_block_stop", "index": index }))
}

fn call_start(reply: Reply, index: u64, id: &str) -> Reply {
    let block = json!({ "type": "tool_use", "id": id, "name": "weather", "input": {} });
    event(reply, &json!({ "type": "content_block_start", "index": index, "content_block": block }))
}

fn call_piece(reply: Reply, index: u64, json: &str) -> Reply {
    let delta = json!({ "type": "input_json_delta", "partial_json": json });
    event(reply, &json!({ "type": "content_block_delta", "index": index, "delta": delta }))
}

fn stopping(reply: Reply, reason: &str) -> Reply {
    let delta = json!({ "stop_reason": reason, "stop_sequence": null });
    event(reply, &json!({ "type": "message_delta", "delta": delta, "usage": { "output_tokens": 4 } }))
}

fn stop(reply: Reply) -> Reply {
    event(reply, &json!({ "type": "message_stop" })).end()
}

#[tokio::test]
async fn words_and_calls_come_with_an_end_and_a_price() {
    let mut reply = text(start(), 0, "Looking.");
    reply = call_start(call_start(reply, 1, "toolu_a"), 2, "toolu_b");
    for (index, json) in [(1, "{\"city\":"), (2, "{\"city\":\"Ro"), (1, "\"Berlin\"}"), (2, "me\"}")] {
        reply = call_piece(reply, index, json);
    }
    for index in [1, 2] {
        reply = event(reply, &json!({ "type": "content_block_stop", "index": index }));
    }
    let reply = stop(stopping(event(reply, &json!({ "type": "ping" })), "tool_use"));
    let heard = hear_reply("anthropic:claude-test", "", reply, patient()).await;
    assert_eq!(heard.text, "Looking.");
    assert_eq!(
        heard.calls,
        [call("toolu_a", "weather", json!({ "city": "Berlin" })), call("toolu_b", "weather", json!({ "city": "Rome" }))]
    );
    assert_eq!(heard.end.unwrap(), (StopReason::ToolUse, usage(9, 4)));
}

#[tokio::test]
async fn the_request_holds_the_prompt_the_history_the_tools_and_the_key() {
    let server = ModelServer::start(vec![stop(stopping(text(start(), 0, "ok"), "end_turn"))]).await.unwrap();
    let model = model_at(server.url(), "anthropic:claude-test", patient());
    let calls = [call("a", "weather", json!({ "city": "Berlin" })), call("b", "weather", json!({ "city": "Rome" }))];
    let history = vec![
        user("Weather?"),
        assistant("", &calls),
        result("a", "weather", "rain"),
        result("b", "weather", "sun"),
        user("And?"),
    ];
    hear(&model, asking(history)).await.end.unwrap();

    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/v1/messages");
    assert_eq!(asked.header("x-api-key"), Some("sk-test-0123456789"));
    let body = &asked.body;
    assert!(body["system"].to_string().contains("Be brief."), "{body}");
    assert_eq!((&body["tools"][0]["name"], &body["stream"]), (&json!("weather"), &json!(true)));
    assert!(body["max_tokens"].as_u64().unwrap() >= 1024);
    let messages = body["messages"].as_array().unwrap();
    let used: Vec<&Value> = messages[1]["content"].as_array().unwrap().iter().collect();
    assert_eq!((used.len(), &used[0]["type"], &used[1]["id"]), (2, &json!("tool_use"), &json!("b")));
    // Both results in the one message behind the calls, or the API refuses the request.
    let results: Vec<&Value> =
        messages[2]["content"].as_array().unwrap().iter().filter(|part| part["type"] == "tool_result").collect();
    assert_eq!(results.iter().map(|part| part["tool_use_id"].as_str().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn a_stream_without_message_stop_is_interrupted() {
    let half = text(start(), 0, "Hel");
    let calling = call_piece(call_start(start(), 0, "toolu_a"), 0, "{\"city\":\"Be");
    let broken = [
        ("cut behind a word", half.clone()),
        ("closed behind a word", half.clone().end()),
        ("cut in the middle of a tool call", calling.clone()),
        ("closed in the middle of a tool call", calling.end()),
        ("cut before message_stop", stopping(half.clone(), "end_turn")),
        ("closed before message_stop", stopping(half, "end_turn").end()),
        ("empty", Reply::events().end()),
    ];
    for (how, reply) in broken {
        let heard = hear_reply("anthropic:claude-test", "", reply, patient()).await;
        assert!(heard.calls.is_empty(), "{how}: a broken answer asked for a tool");
        assert!(matches!(heard.end, Err(ModelError::Interrupted(_))), "{how}: {:?}", heard.end);
    }
}

#[tokio::test]
async fn an_answer_at_the_output_limit_is_truncated() {
    let reply = call_piece(call_start(text(start(), 0, "So"), 1, "toolu_a"), 1, "{\"city\":\"Be");
    let reply = event(reply, &json!({ "type": "content_block_stop", "index": 1 }));
    let heard = hear_reply("anthropic:claude-test", "", stop(stopping(reply, "max_tokens")), patient()).await;
    assert_eq!((heard.text.as_str(), heard.calls.len(), heard.end.unwrap().0), ("So", 0, StopReason::Truncated));
}

#[tokio::test]
async fn errors_say_whose_turn_it_is_before_and_within_the_stream() {
    let error = |kind: &str, message: &str| json!({ "type": "error", "error": { "type": kind, "message": message } });
    let cases = [
        ("overloaded_error", ModelError::Unavailable("Overloaded".into())),
        ("rate_limit_error", ModelError::RateLimited { retry_after_ms: None }),
        ("authentication_error", ModelError::Unauthorized("Overloaded".into())),
        ("invalid_request_error", ModelError::Rejected("Overloaded".into())),
    ];
    for (kind, expected) in cases {
        let reply = event(text(start(), 0, "Hel"), &error(kind, "Overloaded")).end();
        let heard = hear_reply("anthropic:claude-test", "", reply, patient()).await;
        assert_eq!((heard.text.as_str(), heard.end), ("Hel", Err(expected)), "{kind}");
    }
    let late = event(stopping(text(start(), 0, "Hel"), "end_turn"), &error("api_error", "Lost")).end();
    let heard = hear_reply("anthropic:claude-test", "", late, patient()).await;
    assert_eq!(heard.end, Err(ModelError::Unavailable("Lost".into())));

    let body = error("overloaded_error", "Overloaded").to_string();
    let heard = hear_reply("anthropic:claude-test", "", Reply::status("529 Overloaded", "", &body), patient()).await;
    assert_eq!(heard.end, Err(ModelError::Unavailable("Overloaded (HTTP status 529)".into())));
}

#[tokio::test]
async fn hostile_streams_are_refused() {
    // Each index is room that someone downstream would make.
    for index in [1024, u64::from(u32::MAX), u64::MAX] {
        let reply = stop(stopping(text(start(), index, "Hi"), "end_turn"));
        let failure = hear_reply("anthropic:claude-test", "", reply, patient()).await.failure();
        assert_eq!(failure, ModelError::Malformed(format!("it numbers a part {index}")));
    }
    let calls = (0..200).fold(start(), |reply, index| {
        let reply = call_piece(call_start(reply, index, &format!("toolu_{index}")), index, "{}");
        event(reply, &json!({ "type": "content_block_stop", "index": index }))
    });
    let failure = hear_reply("anthropic:claude-test", "", stop(stopping(calls, "tool_use")), patient()).await.failure();
    assert_eq!(failure, ModelError::Malformed("it has more than 128 parts of one kind".into()));
    let junk = Reply::events().piece("event: content_block_delta\ndata: {\"type\": \"content_bl\n\n").end();
    assert!(matches!(hear_reply("anthropic:m", "", junk, patient()).await.failure(), ModelError::Malformed(_)));
}
