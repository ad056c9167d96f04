//! Connecting: who is let in, who is not, and what a person is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Peer, gateway, soon};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wingman_client::{Client, ClientError, ConnectOptions, Socket};
use wingman_protocol::ServerFrame;

async fn refused(options: ConnectOptions) -> ClientError {
    soon(Client::connect(options)).await.expect_err("the client was let in")
}

#[tokio::test]
async fn a_client_says_who_it_is_and_with_what_right() {
    let (mut options, script) = gateway(|listener| async move {
        let mut peer = Peer::accept(&listener).await;
        assert_eq!(peer.origin.as_deref(), Some("http://localhost:18790"));
        let connect = peer.expect("connect").await;
        assert_eq!(connect["client"]["instanceId"], "me");
        assert_eq!(connect["client"]["clientType"], "cli");
        assert_eq!(connect["auth"], json!({ "token": "right" }));
        peer.send(json!({ "type": "res", "id": connect["id"], "ok": true, "payload": "gateway-ready", "timestamp": 1 })).await;
        peer.gone().await;
    })
    .await;
    options.origin = Some("http://localhost:18790".to_owned());
    let client = soon(Client::connect(options.with_token("right"))).await.unwrap();
    soon(client.close()).await;
    soon(script).await.unwrap();
}

#[tokio::test]
async fn a_wrong_token_is_told_in_the_gateways_words() {
    let (options, _script) = gateway(|listener| async move {
        let mut peer = Peer::accept(&listener).await;
        let connect = peer.expect("connect").await;
        let no = json!({ "type": "res", "id": connect["id"], "ok": false, "payload": "The token is wrong.", "timestamp": 1 });
        peer.send(no).await;
        peer.close("").await;
    })
    .await;
    let error = refused(options.with_token("wrong")).await;
    assert!(matches!(error, ClientError::Rejected(_)), "{error:?}");
    assert_eq!(error.to_string(), "the gateway refused the connection: The token is wrong.");
}

#[tokio::test]
async fn nobody_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    drop(listener);
    let error = refused(ConnectOptions::new(&url, "me", "cli")).await;
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().starts_with(&format!("no gateway can be reached at {url}: ")), "{error}");
}

#[tokio::test]
async fn someone_else_is_there() {
    let (options, _script) = gateway(|listener| async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        let _ = stream.read(&mut request).await;
    })
    .await;
    let error = refused(options).await;
    assert!(matches!(error, ClientError::NotAGateway { .. }), "{error:?}");
    assert!(error.to_string().contains("404"), "{error}");
}

#[tokio::test]
async fn someone_else_is_there_who_speaks_websocket() {
    for answer in ["hello", "[1]", r#"{"type":"res"}"#] {
        let (options, _script) = gateway(move |listener| async move {
            let mut peer = Peer::accept(&listener).await;
            peer.expect("connect").await;
            peer.send_text(answer).await;
            peer.gone().await;
        })
        .await;
        let error = refused(options).await;
        assert!(matches!(error, ClientError::NotAGateway { .. }), "{answer}: {error:?}");
    }
}

#[tokio::test]
async fn someone_hangs_up() {
    let (options, _script) = gateway(|listener| async move {
        let mut peer = Peer::accept(&listener).await;
        peer.expect("connect").await;
        peer.close("").await;
    })
    .await;
    let error = refused(options).await;
    assert!(error.to_string().contains("closed the connection without an answer"), "{error}");
}

#[tokio::test]
async fn someone_is_there_who_never_answers() {
    let (mut options, _script) = gateway(|listener| async move {
        let (_stream, _) = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    options.timeout = Duration::from_millis(50);
    assert_eq!(refused(options).await.to_string(), "the gateway did not answer within 50 ms");
}

#[tokio::test]
async fn a_bare_socket_says_what_it_is_told() {
    let (options, script) = gateway(|listener| async move {
        let mut peer = Peer::accept(&listener).await;
        peer.expect("nonsense").await;
        peer.send_text(r#"{"type":"pong","timestamp":1}"#).await;
        peer.send_text("not json").await;
        peer.close("enough").await;
    })
    .await;
    let mut socket = soon(Socket::open(&options)).await.unwrap();
    socket.send_text(r#"{"type":"nonsense"}"#).await.unwrap();
    assert!(matches!(soon(socket.next()).await.unwrap(), Some(ServerFrame::Pong(_))));
    assert_eq!(soon(socket.next_text()).await.unwrap().as_deref(), Some("not json"));
    let end = soon(socket.next()).await.expect_err("the reason is told");
    assert_eq!(end.to_string(), "the connection to the gateway was lost: it was closed: enough");
    soon(script).await.unwrap();
}
