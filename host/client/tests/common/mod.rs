//! A gateway that follows a script: it plays one side of one conversation, and the test fails where the client leaves it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::result_large_err, reason = "the library's callback has this shape")]
#![allow(dead_code, reason = "not every test file needs every helper")]

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use wingman_client::ConnectOptions;

pub(crate) const SESSION: &str = "agent:main:chat:thread:7";

/// One client, as the gateway sees it.
pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
    pub(crate) origin: Option<String>,
}

impl Peer {
    /// Takes the next client from `listener`.
    pub(crate) async fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().await.unwrap();
        let mut origin = None;
        let read_origin = |request: &Request, response: Response| {
            origin = request.headers().get("origin").map(|value| value.to_str().unwrap().to_owned());
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, read_origin).await.unwrap();
        Self { socket, origin }
    }

    /// Takes the next client and lets it in.
    pub(crate) async fn welcome(listener: &TcpListener) -> Self {
        let mut peer = Self::accept(listener).await;
        let connect = peer.expect("connect").await;
        peer.send(json!({ "type": "res", "id": connect["id"], "ok": true, "payload": "gateway-ready", "timestamp": 1 })).await;
        peer
    }

    /// The client's next frame, which has to be of type `kind`.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(frame["type"], kind, "{frame}");
                    return frame;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{kind} was expected, and came {other:?}"),
            }
        }
    }

    pub(crate) async fn send(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text.to_owned())).await.unwrap();
    }

    /// An event of [`SESSION`] for the request `id`; `body` has its type.
    pub(crate) async fn event(&mut self, id: &Value, seq: i64, mut body: Value) {
        let common = json!({ "sessionId": SESSION, "agentId": "main", "timestamp": 1 });
        body.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
        self.send(json!({ "type": "event:agent", "id": id, "clientId": "me", "seq": seq, "payload": body, "timestamp": 1 }))
            .await;
    }

    pub(crate) async fn say(&mut self, id: &Value, seq: i64, text: &str) {
        let chunk = json!({ "event": "on_chat_model_stream", "run_id": "r", "data": { "chunk": { "content": text } } });
        self.event(id, seq, json!({ "type": "agent-stream", "chunk": chunk })).await;
    }

    pub(crate) async fn complete(&mut self, id: &Value, seq: i64, text: &str) {
        let result = json!({ "response": text, "messageId": "0190c8a0-5b7e-7a10-8000-0000000000a2" });
        self.event(id, seq, json!({ "type": "agent-complete", "result": result })).await;
    }

    pub(crate) async fn ack(&mut self, id: &Value, payload: Value) {
        self.send(json!({ "type": "ack", "id": id, "payload": payload, "timestamp": 1 })).await;
    }

    pub(crate) async fn close(mut self, reason: &'static str) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: reason.into() };
        self.socket.close(Some(frame)).await.unwrap();
        // The client answers the close; only then may the connection go.
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// Waits until the client is gone.
    pub(crate) async fn gone(mut self) {
        while let Some(Ok(message)) = self.socket.next().await {
            assert!(!message.is_text(), "the client still speaks: {message}");
        }
    }
}

/// A gateway that plays `script`, and options that lead to it.
pub(crate) async fn gateway<F>(script: impl FnOnce(TcpListener) -> F) -> (ConnectOptions, JoinHandle<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    (ConnectOptions::new(url, "me", "cli"), tokio::spawn(script(listener)))
}

/// Fails where `work` takes for ever.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("this takes for ever")
}
