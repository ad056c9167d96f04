//! A model server that follows a script: it streams an answer of a known number of tokens in the form of OpenAI's chat completions,
//! as fast as it can or at a pace. It judges nothing that it is asked.

use crate::clock;
use crate::error::{BenchError, Result};
use crate::pace::Pace;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use futures::stream;
use memchr::memmem;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The text of each token. Whoever counts them in a stream counts this.
pub const TOKEN: &str = "~w ";

/// What a request says before the number of tokens that it wants.
pub const ASK: &str = "tokens=";

/// What every answer is.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// How many tokens, where the request does not say `tokens=N` itself.
    pub tokens: usize,
    /// How many a second; none is as fast as possible.
    pub rate: Option<f64>,
}

/// Serves `POST /chat/completions` and `GET /models`, below `/v1` and without it, on `listener` until dropped.
///
/// # Errors
/// The listener fails.
pub async fn serve(listener: TcpListener, script: Script) -> Result<(), BenchError> {
    let models = || async { Json(json!({ "object": "list", "data": [{ "id": "scripted", "object": "model" }] })) };
    let app = Router::new()
        .route("/v1/chat/completions", post(complete))
        .route("/chat/completions", post(complete))
        .route("/v1/models", get(models))
        .route("/models", get(models))
        .with_state(script);
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).await.map_err(BenchError::system("serving"))
}

async fn complete(State(script): State<Script>, body: Bytes) -> Response {
    let tokens = asked_for(&body).unwrap_or(script.tokens);
    let usage = json!({ "prompt_tokens": 1, "completion_tokens": tokens, "total_tokens": tokens + 1 });
    let is_stream = memmem::find(&body, b"\"stream\":true").is_some() || memmem::find(&body, b"\"stream\": true").is_some();
    if !is_stream {
        let message = json!({ "role": "assistant", "content": TOKEN.repeat(tokens) });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        return Json(completion("chat.completion", &choice, &usage)).into_response();
    }
    let token = event(&json!({ "index": 0, "delta": { "content": TOKEN } }), &Value::Null);
    let mut end = event(&json!({ "index": 0, "delta": {}, "finish_reason": "stop" }), &usage).to_vec();
    end.extend_from_slice(b"data: [DONE]\n\n");
    let Ok(pace) = Pace::new(script.rate, 0, 1, clock::now()) else {
        return axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let events = stream::try_unfold((pace, 0), move |(mut pace, sent)| {
        let (token, end) = (token.clone(), end.clone());
        async move {
            if sent > tokens {
                return Ok::<_, BenchError>(None);
            }
            pace.next(u64::MAX).await?;
            let piece = if sent < tokens { token } else { end.into() };
            Ok(Some((piece, (pace, sent + 1))))
        }
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

/// The number of the last `tokens=N` in a request, which is the newest message's.
fn asked_for(body: &[u8]) -> Option<usize> {
    let begin = memmem::rfind(body, ASK.as_bytes())? + ASK.len();
    let digits: Vec<u8> = body.get(begin..)?.iter().copied().take(9).take_while(u8::is_ascii_digit).collect();
    String::from_utf8(digits).ok()?.parse().ok()
}

fn event(choice: &Value, usage: &Value) -> Bytes {
    format!("data: {}\n\n", completion("chat.completion.chunk", choice, usage)).into()
}

fn completion(object: &str, choice: &Value, usage: &Value) -> Value {
    let mut completion = json!({ "id": "scripted", "object": object, "created": 0, "model": "scripted", "choices": [choice] });
    if !usage.is_null() {
        completion["usage"] = usage.clone();
    }
    completion
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_message_says_how_many() {
        assert_eq!(asked_for(br#"{"content":"tokens=7"},{"content":"tokens=12 please"}"#), Some(12));
        assert_eq!(asked_for(br#"{"content":"hello"}"#), None);
    }
}
