//! WebSockets, against a real server of the protocol.

use crate::server::Server;
use crate::world::{World, grant, policy, secret};
use futures::{SinkExt, StreamExt};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use wingman_egress::{EgressError, Frame, GrantSpec, Opening, Place, Policy, Scheme};

/// Echoes text; `flood` gets a message over the cap, `bye` a close. Remembers the openings.
async fn echo() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let openings: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&openings);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                #[expect(clippy::result_large_err, reason = "the library's own callback type")]
                let note = |request: &Request, response: Response| {
                    seen.lock().unwrap().push(format!("{} {:?}", request.uri(), request.headers()));
                    Ok(response)
                };
                let mut socket = tokio_tungstenite::accept_hdr_async(stream, note).await.unwrap();
                while let Some(Ok(message)) = socket.next().await {
                    let reply = match message {
                        Message::Text(text) if text.as_str() == "flood" => Message::text("x".repeat(1024 * 1024 + 1)),
                        Message::Text(text) if text.as_str() == "bye" => Message::Close(None),
                        Message::Text(_) | Message::Binary(_) => message,
                        _ => continue,
                    };
                    let _ = socket.send(Message::Ping("still there?".into())).await;
                    let _ = socket.send(reply).await;
                }
            });
        }
    });
    (port, openings)
}

fn sockets(port: u16, networks: &[&str]) -> Policy {
    let spec = GrantSpec { scheme: Scheme::Ws, methods: vec![], paths: vec!["/chat".into()], ..grant("api.test", port) };
    policy(&[spec], networks)
}

fn opening(port: u16) -> Opening {
    Opening { url: format!("ws://api.test:{port}/chat?v=1"), ..Opening::default() }
}

#[tokio::test]
async fn frames_go_both_ways_and_secrets_into_the_opening() {
    let (world, (port, openings)) = (World::new(), echo().await);
    let secrets = vec![secret("abc", Place::Header("authorization".into())), secret("def", Place::Query("key".into()))];
    let headers = vec![("x-guest".into(), "1".into())];
    let opening = Opening { secrets, headers, ..opening(port) };
    let mut socket = world.egress.connect_ws(&sockets(port, &["127.0.0.1/32"]), &opening).await.unwrap();
    for frame in [Frame::Text("hello".into()), Frame::Binary(vec![1, 2].into()), Frame::Text("x".repeat(1024 * 1024))] {
        socket.send(frame.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), frame);
    }
    let seen = openings.lock().unwrap().join("");
    assert!(seen.contains("/chat?v=1&key=def") && seen.contains("abc") && seen.contains("x-guest"), "{seen}");
    socket.send(Frame::Text("bye".into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Frame::Close(None));
    assert!(socket.next().await.is_none());
    assert!(!format!("{opening:?}{socket:?}").contains("abc"));
}

#[tokio::test]
async fn a_message_over_the_cap_ends_the_socket() {
    let (world, (port, _)) = (World::new(), echo().await);
    let mut socket = world.egress.connect_ws(&sockets(port, &["127.0.0.1/32"]), &opening(port)).await.unwrap();
    let own = socket.send(Frame::Text("x".repeat(1024 * 1024 + 1))).await;
    assert!(matches!(own, Err(EgressError::TooLarge { .. })), "{own:?}");
    socket.send(Frame::Text("flood".into())).await.unwrap();
    let theirs = socket.next().await.unwrap();
    assert!(matches!(theirs, Err(EgressError::TooLarge { .. })), "{theirs:?}");
    assert!(socket.next().await.is_none());
}

#[tokio::test]
async fn a_socket_is_opened_under_the_same_checks() {
    let (world, (port, openings)) = (World::new(), echo().await);
    let url = |url: String| Opening { url, ..Opening::default() };
    let stranger = Opening {
        secrets: vec![wingman_egress::Injection {
            hosts: vec!["else.test".parse().unwrap()],
            ..secret("abc", Place::Header("authorization".into()))
        }],
        ..opening(port)
    };
    let reserved = Opening { headers: vec![("sec-websocket-key".into(), "x".into())], ..opening(port) };
    for (kind, opening, networks) in [
        ("PrivateAddress", opening(port), vec![]),
        ("NotGranted", url(format!("ws://api.test:{port}/other")), vec!["127.0.0.1/32"]),
        ("NotGranted", url(format!("ws://other.test:{port}/chat")), vec!["127.0.0.1/32"]),
        ("NotGranted", url(format!("wss://api.test:{port}/chat")), vec!["127.0.0.1/32"]),
        ("BadRequest", url(format!("http://api.test:{port}/chat")), vec!["127.0.0.1/32"]),
        ("SecretNotAllowed", stranger, vec!["127.0.0.1/32"]),
        ("BadRequest", reserved, vec!["127.0.0.1/32"]),
    ] {
        let error = world.egress.connect_ws(&sockets(port, &networks), &opening).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(kind), "{opening:?}: {error:?}");
    }
    assert!(openings.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_ordinary_answer_is_a_refusal_with_its_status() {
    let world = World::new();
    for (answer, temporary) in [("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n", false), ("HTTP/1.1 503 Busy\r\n\r\n", true)] {
        let server = Server::start(move |_| crate::server::Answer::Last(answer.into())).await;
        let port = server.address.port();
        let error = world.egress.connect_ws(&sockets(port, &["127.0.0.1/32"]), &opening(port)).await.unwrap_err();
        assert!(matches!(error, EgressError::HandshakeRefused { .. }), "{error:?}");
        assert_eq!(error.is_temporary(), temporary);
    }
}
