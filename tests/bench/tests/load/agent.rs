//! The modes that ask an agent, against a gateway of the test's own: it asks the scripted model, over HTTP, and streams what the
//! model says in the frames of `wingman-protocol`.

use crate::support::{Server, serve};
use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::broadcast;
use wingman_bench::Target;
use wingman_bench::model::{self, Script, TOKEN};
use wingman_bench::modes::{agent, overhead};
use wingman_protocol::AgentEvent;

#[derive(Clone)]
struct Gateway {
    model: Target,
    events: broadcast::Sender<(String, String)>,
    /// How many tokens of each answer watchers do not get.
    swallowed: usize,
}

async fn start_model() -> Server {
    serve(|listener| async move { model::serve(listener, Script { tokens: 3, rate: None }).await.unwrap() }).await
}

async fn start_gateway(model: &Server, swallowed: usize) -> Server {
    let events = broadcast::channel(10_000).0;
    let gateway = Gateway { model: completions(model), events, swallowed };
    let app = axum::Router::new().route("/ws", axum::routing::any(upgrade)).with_state(Arc::new(gateway));
    serve(|listener| async move { axum::serve(listener, app).await.unwrap() }).await
}

fn completions(model: &Server) -> Target {
    format!("http://{}/v1/chat/completions", model.setup.url.address()).parse().unwrap()
}

async fn upgrade(upgrade: WebSocketUpgrade, State(gateway): State<Arc<Gateway>>) -> axum::response::Response {
    upgrade.on_upgrade(move |mut socket| async move {
        let (mut watched, mut events) = (String::new(), gateway.events.subscribe());
        loop {
            let frames = tokio::select! {
                Some(Ok(Message::Text(text))) = socket.recv() => gateway.answer(&text, &mut watched).await,
                Ok((session, frame)) = events.recv() => if session == watched { vec![frame] } else { vec![] },
                else => return,
            };
            for frame in frames {
                if socket.send(Message::Text(frame.into())).await.is_err() {
                    return;
                }
            }
        }
    })
}

impl Gateway {
    async fn answer(&self, text: &str, watched: &mut String) -> Vec<String> {
        let frame: Value = serde_json::from_str(text).unwrap();
        let (id, payload) = (&frame["id"], &frame["payload"]);
        match frame["type"].as_str().unwrap() {
            "connect" => vec![json!({ "type": "res", "id": id, "ok": true, "payload": "gateway-ready" }).to_string()],
            "session_subscribe" => {
                *watched = payload["sessionId"].as_str().unwrap().to_owned();
                vec![json!({ "type": "ack", "id": id, "payload": { "sessionId": watched } }).to_string()]
            }
            "req:agent" => self.run(payload["sessionKey"].as_str().unwrap(), payload["content"].as_str().unwrap()).await,
            other => panic!("{other} is not spoken here"),
        }
    }

    /// Frames for the requester; watchers get theirs by the channel.
    async fn run(&self, session: &str, prompt: &str) -> Vec<String> {
        let body = json!({ "stream": true, "messages": [{ "role": "user", "content": prompt }] }).to_string();
        let said = exchange(&self.model, &body).await;
        let text =
            json!({ "chunk": { "event": "on_chat_model_stream", "run_id": "r", "data": { "chunk": { "content": TOKEN } } } });
        let mut stream = vec![event(session, "agent-stream", text); said.matches("~w").count()];
        let end =
            json!({ "result": { "response": said.len().to_string(), "messageId": "0199d3a0-0000-7000-8000-000000000001" } });
        stream.push(event(session, "agent-complete", end));
        for frame in stream.iter().skip(self.swallowed) {
            let _ = self.events.send((session.to_owned(), frame.clone()));
        }
        stream
    }
}

/// A frame of the kind `kind`, which the protocol's own types can read.
fn event(session: &str, kind: &str, mut payload: Value) -> String {
    payload["type"] = kind.into();
    payload["sessionId"] = session.into();
    payload["agentId"] = "main".into();
    payload["timestamp"] = 0.into();
    let _: AgentEvent = serde_json::from_value(payload.clone()).unwrap();
    json!({ "type": "event:agent", "payload": payload, "timestamp": 0 }).to_string()
}

/// One request to the model over a connection of its own; the answer, chunk marks included.
async fn exchange(model: &Target, body: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(model.address()).await.unwrap();
    let head =
        format!("POST {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", model.path(), body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn every_token_is_counted_at_every_watcher() {
    let model = start_model().await;
    let gateway = start_gateway(&model, 0).await;
    let options = agent::Options { tokens: 40, ..agent::Options::sessions(2, 3) };
    let report = agent::run(&gateway.setup, &options).await.unwrap();
    assert_eq!(report.all_problems().count(), 0, "{report}");
    assert!(report.count >= 40 && report.figures["turns"] >= 1.0 && report.clients == 8, "{report}");
    assert!(report.latency["first-token"].p50_us <= report.latency["turn"].max_us, "{report}");
}

#[tokio::test]
async fn a_token_that_does_not_reach_a_watcher_is_found() {
    let model = start_model().await;
    let gateway = start_gateway(&model, 1).await;
    let options = agent::Options { tokens: 10, ..agent::Options::sessions(1, 2) };
    let report = agent::run(&gateway.setup, &options).await.unwrap();
    assert!(report.all_problems().any(|problem| problem.contains("did not reach a watcher")), "{report}");
}

#[tokio::test]
async fn what_a_gateway_adds_is_told_for_a_turn_and_for_a_token() {
    let model = start_model().await;
    let gateway = start_gateway(&model, 0).await;
    let options = overhead::Options { model: completions(&model), agent: "main".to_owned(), tokens: 200 };
    let report = overhead::run(&gateway.setup, &options).await.unwrap();
    assert!(report.count > 0 && report.figures["turnAboveDirectMs"] > 0.0, "{report}");
    assert!(report.figures.contains_key("tokenAboveDirectUs") && report.latency.len() == 4, "{report}");
}
