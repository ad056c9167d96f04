//! Nodes: programs that register, are in groups and speak to each other through the gateway, with sockets and JSON alone, as the
//! clients that are out there do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use wingman_harness::{Gateway, Home, TOKEN};

/// One socket.
struct Wire(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Wire {
    async fn open(gateway: &Gateway) -> Self {
        let url = format!("{}/ws", gateway.url.replace("http", "ws"));
        Self(connect_async(url).await.unwrap().0)
    }

    /// A registered node, and its id.
    async fn node(gateway: &Gateway, name: &str) -> (Self, String) {
        let mut wire = Self::open(gateway).await;
        let ack = wire.ask("register", json!({"payload": {"name": name, "token": TOKEN}})).await;
        (wire, ack["nodeId"].as_str().unwrap_or_else(|| panic!("{ack}")).to_owned())
    }

    async fn say(&mut self, kind: &str, mut frame: Value) {
        frame["type"] = kind.into();
        frame["timestamp"] = 1.into();
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame; WebSocket pings are answered on the way.
    async fn hear(&mut self) -> Value {
        loop {
            match timeout(Duration::from_secs(20), self.0.next()).await.unwrap().unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn ask(&mut self, kind: &str, frame: Value) -> Value {
        self.say(kind, frame).await;
        self.hear().await
    }

    async fn join(&mut self, group: &str) -> String {
        let ack = self.ask("join_group", json!({"payload": {"groupName": group}})).await;
        ack["groupId"].as_str().unwrap_or_else(|| panic!("{ack}")).to_owned()
    }

    /// What is still said before the end, and the end.
    async fn end(&mut self) -> (Vec<Value>, Option<CloseFrame>) {
        let mut heard = Vec::new();
        loop {
            match timeout(Duration::from_secs(20), self.0.next()).await.unwrap() {
                Some(Ok(Message::Text(text))) => heard.push(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(close))) => return (heard, close),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (heard, None),
            }
        }
    }
}

fn code(frame: &Value) -> &str {
    frame["payload"]["code"].as_str().unwrap_or_else(|| panic!("{frame}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_registers_with_its_first_frame_if_it_has_the_token() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let mut wire = Wire::open(&gateway).await;
    let about =
        json!({"name": "laptop", "token": TOKEN, "sessionId": "agent:main:main", "agentName": "main", "capabilities": ["shell"]});
    let ack = wire.ask("register", json!({"id": "r1", "payload": about})).await;
    assert_eq!((ack["type"].as_str(), ack["id"].as_str()), (Some("ack"), Some("r1")));
    let id = ack["nodeId"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    let payload = &ack["payload"];
    assert_eq!((&payload["nodeId"], payload["name"].as_str()), (&ack["nodeId"], Some("laptop")));
    assert_eq!((payload["sessionId"].as_str(), payload["agentName"].as_str()), (Some("agent:main:main"), Some("main")));
    assert!(ack.get("groupId").is_none(), "clients read that as `left`");
    let stats = gateway.get("/stats").await.body;
    assert_eq!((&stats["nodes"]["totalNodes"], &stats["gateway"]["totalNodes"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&stats["nodes"]["nodes"][0]["name"], &stats["nodes"]["nodes"][0]["capabilities"]),
        (&json!("laptop"), &json!(["shell"]))
    );

    for payload in [json!({"name": "spy"}), json!({"name": "spy", "token": "wm-guess"})] {
        let mut wire = Wire::open(&gateway).await;
        let refused = wire.ask("register", json!({"payload": payload})).await;
        assert_eq!(code(&refused), "AUTH_FAILED");
        assert_eq!(u16::from(wire.end().await.1.unwrap().code), 1000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_gateway_asks_for_nothing_a_name_is_enough() {
    let home = Home::new(|config| config["gateway"]["auth"] = json!({"mode": "none"}));
    let gateway = home.start().await;
    let mut wire = Wire::open(&gateway).await;
    let nameless = wire.ask("register", json!({"payload": {}})).await;
    assert_eq!(code(&nameless), "INVALID_REQUEST");
    let ack = wire.ask("register", json!({"payload": {"name": "lamp"}})).await;
    assert_eq!(ack["payload"]["name"], "lamp", "a bad frame did not close the socket");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_says_reaches_each_other_member_once() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let (mut ada, ada_id) = Wire::node(&gateway, "ada").await;
    let (mut ben, ben_id) = Wire::node(&gateway, "ben").await;
    let (mut eve, _) = Wire::node(&gateway, "eve").await;
    let group = ada.join("reviewers").await;
    let again = ben.ask("join_group", json!({"id": "j", "payload": {"groupName": "reviewers"}})).await;
    assert_eq!((again["groupId"].as_str(), again["payload"]["groupName"].as_str()), (Some(group.as_str()), Some("reviewers")));
    assert_eq!(eve.join("others").await.len(), 32);

    ada.say("broadcast", json!({"payload": {"groupId": group, "message": {"text": "who?", "n": 1.50}}})).await;
    ada.say("broadcast", json!({"groupId": group, "payload": {"message": "the id in the envelope"}})).await;
    let heard = ben.hear().await;
    assert_eq!((&heard["type"], &heard["nodeId"], &heard["groupId"]), (&json!("broadcast"), &json!(ada_id), &json!(group)));
    assert_eq!(heard["payload"], json!({"text": "who?", "n": 1.5}));
    assert_eq!(ben.hear().await["payload"], "the id in the envelope");
    ben.say("direct", json!({"payload": {"targetNodeId": ada_id, "message": "me"}})).await;
    let heard = ada.hear().await;
    assert_eq!((&heard["type"], &heard["nodeId"], &heard["targetNodeId"]), (&json!("direct"), &json!(ben_id), &json!(ada_id)));
    assert_eq!(heard["payload"], "me", "and nothing before it: the one who speaks does not hear itself");

    let foreign = eve.ask("broadcast", json!({"id": "x", "payload": {"groupId": group, "message": 1}})).await;
    assert_eq!((code(&foreign), foreign["id"].as_str()), ("FORBIDDEN", Some("x")));
    let left = ben.ask("leave_group", json!({"id": "l", "payload": {"groupId": group}})).await;
    assert_eq!((&left["type"], &left["nodeId"], &left["groupId"]), (&json!("ack"), &json!(ben_id), &json!(group)));
    assert!(left["payload"].is_object());
    ada.say("broadcast", json!({"payload": {"groupId": group, "message": "anybody?"}})).await;
    assert_eq!(ada.ask("ping", json!({})).await["type"], "pong");
    assert_eq!(ben.ask("ping", json!({})).await["type"], "pong", "who has left hears nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_and_the_socket_stays() {
    let home = Home::new(|config| config["limits"]["nodes"] = json!(2));
    let gateway = home.start().await;
    let (mut ada, _) = Wire::node(&gateway, "ada").await;
    let nowhere = "00000000000000000000000000000000";
    for (kind, frame, expected) in [
        ("broadcast", json!({"payload": {"groupId": nowhere, "message": 1}}), "GROUP_NOT_FOUND"),
        ("leave_group", json!({"payload": {"groupId": "nope"}}), "GROUP_NOT_FOUND"),
        ("join_group", json!({"payload": {"groupId": nowhere}}), "GROUP_NOT_FOUND"),
        ("join_group", json!({"payload": {"groupName": "g", "createIfNotExists": false}}), "GROUP_NOT_FOUND"),
        ("direct", json!({"payload": {"targetNodeId": nowhere, "message": 1}}), "NODE_NOT_FOUND"),
        ("direct", json!({"payload": {"targetNodeId": nowhere}}), "INVALID_REQUEST"),
        ("session_subscribe", json!({"payload": {"sessionId": "agent:main:main"}}), "AUTH_REQUIRED"),
    ] {
        let mut named = frame.clone();
        named["id"] = "x".into();
        let refused = ada.ask(kind, named).await;
        assert_eq!((code(&refused), refused["id"].as_str()), (expected, Some("x")), "{kind} {frame}");
    }
    let (_ben, _) = Wire::node(&gateway, "ben").await;
    let mut eve = Wire::open(&gateway).await;
    let full = eve.ask("register", json!({"payload": {"name": "eve", "token": TOKEN}})).await;
    assert_eq!((code(&full), &full["payload"]["retryable"]), ("MAX_NODES_REACHED", &json!(true)));

    let mut client = Wire::open(&gateway).await;
    let connect = json!({"id": "c", "client": {"instanceId": "cli-1", "clientType": "cli"}, "auth": {"token": TOKEN}});
    assert_eq!(client.ask("connect", connect).await["ok"], true);
    assert_eq!(code(&client.ask("join_group", json!({"payload": {"groupName": "g"}})).await), "NOT_REGISTERED");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_socket_is_one_node_and_counts_on_however_often_it_registers() {
    let home = Home::new(|config| config["limits"]["messagesPerMinute"] = json!(6));
    let gateway = home.start().await;
    let (mut ada, id) = Wire::node(&gateway, "ada").await;
    let group = ada.join("g").await;
    for name in ["lovelace", "countess", "byron"] {
        let ack = ada.ask("register", json!({"payload": {"name": name, "token": TOKEN}})).await;
        assert_eq!((ack["nodeId"].as_str(), ack["payload"]["name"].as_str()), (Some(id.as_str()), Some(name)));
    }
    let stats = gateway.get("/stats").await.body;
    assert_eq!(stats["nodes"]["totalNodes"], 1);
    assert_eq!((&stats["nodes"]["nodes"][0]["name"], &stats["nodes"]["nodes"][0]["groups"]), (&json!("byron"), &json!([group])));
    let mut refused = 0;
    for _ in 0..4 {
        ada.say("broadcast", json!({"payload": {"groupId": group, "message": 1}})).await;
    }
    ada.say("ping", json!({})).await;
    while let frame = ada.hear().await
        && frame["type"] == "error"
    {
        assert_eq!(code(&frame), "RATE_LIMITED");
        refused += 1;
    }
    assert_eq!(refused, 2, "to register again does not begin the count anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_is_gone_from_the_list_and_the_last_one_takes_the_group_along() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let (mut ada, _) = Wire::node(&gateway, "ada").await;
    let (mut ben, ben_id) = Wire::node(&gateway, "ben").await;
    ada.join("g").await;
    ben.join("g").await;
    drop(ben);
    let until = async |nodes: u64, groups: u64| {
        timeout(Duration::from_secs(20), async {
            loop {
                let stats = gateway.get("/stats").await.body;
                if stats["nodes"]["totalNodes"] == nodes && stats["groups"]["totalGroups"] == groups {
                    return;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
    };
    until(1, 1).await;
    let gone = ada.ask("direct", json!({"payload": {"targetNodeId": ben_id, "message": 1}})).await;
    assert_eq!(code(&gone), "NODE_NOT_FOUND");
    ada.say("unregister", json!({})).await;
    assert_eq!(u16::from(ada.end().await.1.unwrap().code), 1000);
    until(0, 0).await;
}

/// A slow reader costs the others a moment, and nobody a message: it is cut and told so.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_reads_nothing_is_cut_and_the_others_miss_nothing() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let (mut ada, _) = Wire::node(&gateway, "ada").await;
    let (mut ben, _) = Wire::node(&gateway, "ben").await;
    let (mut eve, _) = Wire::node(&gateway, "eve").await;
    let group = ada.join("g").await;
    ben.join("g").await;
    eve.join("g").await;
    // Far more than the sockets' buffers and the gateway's queue hold together.
    let (count, filler) = (400, "x".repeat(64 * 1024));
    let speak = tokio::spawn(async move {
        for n in 0..count {
            ada.say("broadcast", json!({"payload": {"groupId": group, "message": {"n": n, "filler": filler}}})).await;
        }
        ada
    });
    for n in 0..count {
        assert_eq!(ben.hear().await["payload"]["n"], n);
    }
    let _ada = speak.await.unwrap();
    let (heard, close) = eve.end().await;
    let numbers = heard.iter().map(|frame| frame["payload"]["n"].as_i64().unwrap()).collect::<Vec<_>>();
    assert!(numbers.len() < count as usize, "it was to be cut");
    assert_eq!(numbers, (0..).take(numbers.len()).collect::<Vec<_>>(), "up to the cut it missed nothing, either");
    let close = close.unwrap();
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1008, "frames were read too slowly"));
    assert_eq!(gateway.get("/stats").await.body["nodes"]["totalNodes"], 2);
}
