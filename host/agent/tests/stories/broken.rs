//! Every way in which a stream can break, for every kind of API that providers have.

use crate::model_server::{ModelServer, Reply};
use crate::support::{Heard, asking, call, hear, hear_reply, impatient, model_at, patient, user};
use serde_json::{Value, json};
use wingman_message::{ModelError, StopReason};

/// One kind of API, and how a provider says things in it.
struct Api {
    model: &'static str,
    path: &'static str,
    head: fn() -> Reply,
    /// Some words, as they stand on the wire.
    words: fn(&str) -> String,
    /// A whole call of the tool `weather`.
    call: fn(index: u64, id: &str, input: &Value) -> String,
    /// The end of an answer that is whole.
    end: fn(calls: bool) -> String,
    /// An error in the middle of a stream.
    error: fn(message: &str) -> String,
}

fn sse(data: &Value) -> String {
    match data["type"].as_str().filter(|_| data.get("choices").is_none()) {
        Some(kind) => format!("event: {kind}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    }
}

fn openai_chunk(delta: &Value, finish: Option<&str>) -> String {
    sse(&json!({ "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] }))
}

fn openai(model: &'static str, path: &'static str) -> Api {
    Api {
        model,
        path,
        head: Reply::events,
        words: |words| openai_chunk(&json!({ "content": words }), None),
        call: |index, id, input| {
            let function = json!({ "name": "weather", "arguments": input.to_string() });
            let call = json!({ "index": index, "id": id, "type": "function", "function": function });
            openai_chunk(&json!({ "tool_calls": [call] }), None)
        },
        end: |calls| {
            let finish = openai_chunk(&json!({}), Some(if calls { "tool_calls" } else { "stop" }));
            format!("{finish}data: [DONE]\n\n")
        },
        error: |message| sse(&json!({ "error": { "message": message, "type": "server_error" } })),
    }
}

fn anthropic() -> Api {
    fn block(index: u64, block: &Value, delta: &Value) -> String {
        let start = sse(&json!({ "type": "content_block_start", "index": index, "content_block": block }));
        let delta = sse(&json!({ "type": "content_block_delta", "index": index, "delta": delta }));
        start + &delta + &sse(&json!({ "type": "content_block_stop", "index": index }))
    }
    Api {
        model: "anthropic:claude-test",
        path: "",
        head: || {
            let usage = json!({ "input_tokens": 9, "output_tokens": 1 });
            let message =
                json!({ "id": "m", "type": "message", "role": "assistant", "content": [], "model": "m", "usage": usage });
            Reply::events().piece(sse(&json!({ "type": "message_start", "message": message })))
        },
        words: |words| block(0, &json!({ "type": "text", "text": "" }), &json!({ "type": "text_delta", "text": words })),
        call: |index, id, input| {
            let start = json!({ "type": "tool_use", "id": id, "name": "weather", "input": {} });
            block(index + 1, &start, &json!({ "type": "input_json_delta", "partial_json": input.to_string() }))
        },
        end: |calls| {
            let delta = json!({ "stop_reason": if calls { "tool_use" } else { "end_turn" } });
            let last = sse(&json!({ "type": "message_delta", "delta": delta, "usage": { "output_tokens": 4 } }));
            last + &sse(&json!({ "type": "message_stop" }))
        },
        error: |message| sse(&json!({ "type": "error", "error": { "type": "api_error", "message": message } })),
    }
}

fn gemini() -> Api {
    fn parts(parts: &Value, finish: Option<&str>) -> String {
        let mut candidate = json!({ "index": 0, "content": { "role": "model", "parts": parts } });
        if let Some(finish) = finish {
            candidate["finishReason"] = json!(finish);
        }
        sse(&json!({ "candidates": [candidate] }))
    }
    Api {
        model: "gemini:gemini-test",
        path: "",
        head: Reply::events,
        words: |words| parts(&json!([{ "text": words }]), None),
        call: |_, id, input| parts(&json!([{ "functionCall": { "id": id, "name": "weather", "args": input } }]), None),
        end: |_| parts(&json!([]), Some("STOP")),
        error: |message| sse(&json!({ "error": { "code": 500, "message": message, "status": "INTERNAL" } })),
    }
}

fn ollama() -> Api {
    fn line(message: &Value, done: bool) -> String {
        let mut line = json!({ "model": "m", "message": message, "done": done });
        if done {
            line["done_reason"] = json!("stop");
        }
        format!("{line}\n")
    }
    Api {
        model: "ollama:m",
        path: "",
        head: Reply::lines,
        words: |words| line(&json!({ "role": "assistant", "content": words }), false),
        call: |_, _, input| {
            let call = json!({ "function": { "name": "weather", "arguments": input } });
            line(&json!({ "role": "assistant", "content": "", "tool_calls": [call] }), false)
        },
        end: |_| line(&json!({ "role": "assistant", "content": "" }), true),
        error: |message| format!("{}\n", json!({ "error": message })),
    }
}

fn all() -> [Api; 7] {
    [
        openai("openai:gpt-test", "/v1"),
        openai("my-server:m", "/v1"),
        openai("openrouter:a/b", "/api/v1"),
        openai("xai:grok-test", "/v1"),
        anthropic(),
        gemini(),
        ollama(),
    ]
}

impl Api {
    async fn hear(&self, reply: Reply) -> Heard {
        hear_reply(self.model, self.path, reply, patient()).await
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_anywhere_is_interrupted_and_asks_for_no_tool() {
    for api in all() {
        let half = (api.head)().piece((api.words)("Hel"));
        let calling = (api.call)(0, "a", &json!({ "city": "Berlin" }));
        let in_call = calling.len() / 2;
        let broken = [
            ("before the first word", (api.head)()),
            ("behind a word", half.clone()),
            ("in the middle of a word", half.clone().piece(&(api.words)("lo there")[..30])),
            ("in the middle of a call", half.clone().piece(&calling[..in_call])),
            ("behind a call", half.clone().piece(&calling)),
        ];
        for (how, reply) in broken {
            for (end, reply) in [("cut", reply.clone()), ("closed", reply.end())] {
                let heard = api.hear(reply).await;
                let place = format!("{}, {end} {how}", api.model);
                assert!(heard.calls.is_empty(), "{place}: a broken answer asked for a tool");
                assert!(
                    matches!(heard.end, Err(ModelError::Interrupted(_) | ModelError::Malformed(_))),
                    "{place}: {:?}",
                    heard.end
                );
                assert_eq!(heard.text, if how == "before the first word" { "" } else { "Hel" }, "{place}");
            }
        }
    }
}

#[tokio::test]
async fn line_ends_of_two_characters_may_fall_into_two_packets() {
    for api in all() {
        let wire = (api.words)("Hel") + &(api.words)("lo") + &(api.end)(false);
        let wire = wire.replace('\n', "\r\n");
        // Each packet ends between the two characters of a line's end.
        let reply = wire.split_inclusive('\r').fold((api.head)(), |reply, packet| reply.piece(packet));
        let heard = api.hear(reply.end()).await;
        assert_eq!((heard.text.as_str(), heard.end.unwrap().0), ("Hello", StopReason::EndTurn), "{}", api.model);
    }
}

#[tokio::test]
async fn several_calls_of_one_answer_are_told_apart() {
    for api in all() {
        let (berlin, rome) = (json!({ "city": "Berlin" }), json!({ "city": "Rome" }));
        let reply = (api.head)()
            .piece((api.words)("Looking."))
            .piece((api.call)(0, "a", &berlin) + &(api.call)(1, "b", &rome))
            .piece((api.end)(true));
        let heard = api.hear(reply.end()).await;
        let inputs: Vec<&Value> = heard.calls.iter().map(|call| &call.input).collect();
        assert_eq!(inputs, [&berlin, &rome], "{}", api.model);
        assert_eq!(heard.end.unwrap().0, StopReason::ToolUse, "{}", api.model);
    }
}

#[tokio::test]
async fn what_follows_the_end_is_ignored() {
    for api in all() {
        let end = (api.end)(false);
        let again = end.rsplit_once("data: [DONE]").map_or(String::new(), |_| "data: [DONE]\n\n".to_owned());
        let reply = (api.head)().piece((api.words)("Hello")).piece(end + &again + &again);
        let heard = api.hear(reply.end()).await;
        assert_eq!((heard.text.as_str(), heard.end.unwrap().0), ("Hello", StopReason::EndTurn), "{}", api.model);
    }
}

#[tokio::test]
async fn an_error_inside_a_stream_is_an_error_with_its_words() {
    for api in all() {
        let reply = (api.head)().piece((api.words)("Hel")).piece((api.error)("Engine on fire"));
        let heard = api.hear(reply.end()).await;
        assert_eq!(heard.text, "Hel", "{}", api.model);
        let Err(ModelError::Unavailable(words)) = heard.end else { panic!("{}: {:?}", api.model, heard.end) };
        assert!(words.starts_with("Engine on fire"), "{}: {words}", api.model);
    }
}

#[tokio::test]
async fn busy_and_failing_providers_are_told_apart() {
    for api in all() {
        let refused = |status: &str, headers: &str| api.hear(Reply::status(status, headers, "{}"));
        let busy = refused("429 Too Many Requests", "retry-after: 7\r\n").await.failure();
        assert_eq!(busy, ModelError::RateLimited { retry_after_ms: Some(7_000) }, "{}", api.model);
        let busy = refused("429 Too Many Requests", "retry-after: Wed, 21 Oct 2015 07:28:00 GMT\r\n").await.failure();
        assert_eq!(busy, ModelError::RateLimited { retry_after_ms: Some(0) }, "{}", api.model);
        let busy = refused("429 Too Many Requests", "").await.failure();
        assert_eq!(busy, ModelError::RateLimited { retry_after_ms: None }, "{}", api.model);
        for status in ["500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable"] {
            let failure = refused(status, "").await.failure();
            assert!(matches!(failure, ModelError::Unavailable(_)), "{} {status}: {failure:?}", api.model);
        }
        let failure = refused("404 Not Found", "").await.failure();
        assert!(matches!(failure, ModelError::NotFound(_)), "{}: {failure:?}", api.model);
        let failure = refused("402 Payment Required", "").await.failure();
        assert!(matches!(failure, ModelError::NoCredit(_)), "{}: {failure:?}", api.model);
    }
}

#[tokio::test]
async fn a_provider_that_hangs_is_left_wherever_it_hangs() {
    for api in all() {
        let silent = [
            ("before its headers", Reply::nothing().hang()),
            ("behind its headers", (api.head)().hang()),
            ("in the middle", (api.head)().piece((api.words)("Hel")).hang()),
        ];
        for (where_, reply) in silent {
            let server = ModelServer::start(vec![reply]).await.unwrap();
            let model = model_at(format!("{}{}", server.url(), api.path), api.model, impatient());
            let failure = hear(&model, asking(vec![user("Hello?")])).await.failure();
            let expected = match where_ {
                "before its headers" => ModelError::Unavailable("it did not begin to answer within 0.2 s".into()),
                _ => ModelError::Interrupted("nothing came for 0.2 s".into()),
            };
            assert_eq!(failure, expected, "{} {where_}", api.model);
            server.client_left().await;
        }
    }
}

#[tokio::test]
async fn an_event_of_eight_megabytes_is_refused_before_it_is_kept() {
    for api in all() {
        let reply = (api.head)().piece((api.words)("Hel")).piece((api.words)(&"x".repeat(8 * 1024 * 1024))).hang();
        let failure = api.hear(reply).await.failure();
        assert_eq!(failure, ModelError::Malformed("one event is longer than 1048576 bytes".into()), "{}", api.model);
    }
}

#[tokio::test]
async fn a_call_with_a_huge_number_costs_nothing() {
    for api in all().into_iter().filter(|api| !matches!(api.model, "gemini:gemini-test" | "ollama:m")) {
        let reply = (api.head)().piece((api.call)(1_000_000_000, "a", &json!({}))).piece((api.end)(true));
        let failure = api.hear(reply.end()).await.failure();
        assert!(matches!(&failure, ModelError::Malformed(words) if words.contains("it numbers")), "{}: {failure:?}", api.model);
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_end_nothing_but_the_answer() {
    for api in all() {
        let mut wire = (api.words)("Hel@lo").into_bytes();
        let at = wire.iter().position(|byte| *byte == b'@').unwrap();
        wire[at] = 0xff;
        let heard = api.hear((api.head)().piece(wire).piece((api.end)(false)).end()).await;
        match heard.end {
            // Taken for the character that stands for what is none.
            Ok((stop, _)) => assert_eq!((stop, heard.text.as_str()), (StopReason::EndTurn, "Hel\u{fffd}lo"), "{}", api.model),
            Err(failure) => assert!(
                matches!(failure, ModelError::Malformed(_) | ModelError::Interrupted(_) | ModelError::Unavailable(_)),
                "{}: {failure:?}",
                api.model
            ),
        }
    }
}

#[tokio::test]
async fn a_whole_answer_is_heard_from_each_and_tells_which_model_gave_it() {
    for api in all() {
        let asked = json!({ "city": "Rome" });
        let reply = (api.head)().piece((api.words)("Hi")).piece((api.call)(0, "a", &asked)).piece((api.end)(true));
        let heard = api.hear(reply.end()).await;
        assert_eq!((heard.text.as_str(), heard.model.as_deref()), ("Hi", Some(api.model)));
        assert_eq!(heard.calls[0].input, call("a", "weather", asked).input, "{}", api.model);
    }
}
