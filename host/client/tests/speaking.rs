//! Runs, watches and what becomes of them when the connection does not last.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Peer, SESSION, gateway, soon};
use serde_json::{Value, json};
use std::time::Duration;
use wingman_client::{Client, ClientError, Run};
use wingman_protocol::{AgentEventKind, AgentRequest, CancelStatus, ErrorCode, RequestId, SessionKey, StreamChunk};

fn session() -> SessionKey {
    SESSION.parse().unwrap()
}

/// Reads a run to its end: the text that was streamed, and the last item.
async fn read(run: &mut Run) -> (String, Result<AgentEventKind, ClientError>) {
    let mut text = String::new();
    loop {
        match soon(run.next_event()).await.expect("a run ends with a last event") {
            Ok(event) if event.kind.is_final() => return (text, Ok(event.kind)),
            Ok(event) => {
                if let AgentEventKind::AgentStream { chunk: StreamChunk::OnChatModelStream { data, .. } } = event.kind {
                    text.push_str(&data.chunk.content);
                }
            }
            Err(error) => return (text, Err(error)),
        }
    }
}

fn response(last: Result<AgentEventKind, ClientError>) -> String {
    match last.unwrap() {
        AgentEventKind::AgentComplete { result } => result.response,
        other => panic!("{other:?} is no answer"),
    }
}

#[tokio::test]
async fn a_run_streams_to_its_answer_and_ends() {
    let (options, script) = gateway(|listener| async move {
        let mut peer = Peer::welcome(&listener).await;
        let request = peer.expect("req:agent").await;
        assert_eq!(request["payload"], json!({ "content": "hello", "sessionKey": SESSION }));
        let id = &request["id"];
        peer.event(id, 1, json!({ "type": "agent-start", "agent": "Main", "prompt": "hello" })).await;
        peer.say(id, 2, "Hi ").await;
        peer.send(json!({ "type": "event:weather", "timestamp": 1 })).await;
        peer.send(json!({ "type": "ack", "timestamp": 1, "payload": { "action": "dance" } })).await;
        peer.say(id, 3, "there").await;
        peer.complete(id, 4, "Hi there").await;
        peer.complete(id, 5, "and once more").await;
        peer.gone().await;
    })
    .await;
    let client = soon(Client::connect(options)).await.unwrap();
    let request = AgentRequest { session_key: Some(session()), ..AgentRequest::new("hello") };
    let mut run = client.request_agent(request).await.unwrap();
    let (text, last) = read(&mut run).await;
    assert_eq!((text.as_str(), response(last).as_str()), ("Hi there", "Hi there"));
    assert!(soon(run.next_event()).await.is_none(), "nothing follows the answer");
    drop(run);
    drop(client);
    soon(script).await.unwrap();
}

#[tokio::test]
async fn two_runs_do_not_mix() {
    let (options, _script) = gateway(|listener| async move {
        let mut peer = Peer::welcome(&listener).await;
        let (first, second) = (peer.expect("req:agent").await, peer.expect("req:agent").await);
        peer.say(&second["id"], 1, "two").await;
        peer.say(&first["id"], 2, "one").await;
        peer.complete(&second["id"], 3, "two").await;
        peer.complete(&first["id"], 4, "one").await;
        peer.gone().await;
    })
    .await;
    let client = soon(Client::connect(options)).await.unwrap();
    let mut first = client.request_agent(AgentRequest::new("1")).await.unwrap();
    let mut second = client.request_agent(AgentRequest::new("2")).await.unwrap();
    assert_eq!(read(&mut first).await.0, "one");
    assert_eq!(read(&mut second).await.0, "two");
}

#[tokio::test]
async fn a_run_that_is_cancelled_says_so() {
    let (options, _script) = gateway(|listener| async move {
        let mut peer = Peer::welcome(&listener).await;
        let request = peer.expect("req:agent").await;
        let cancel = peer.expect("req:agent:cancel").await;
        assert_eq!(cancel["payload"]["requestId"], request["id"]);
        let status = json!({ "action": "req:agent:cancel", "requestId": request["id"], "status": "cancelled" });
        peer.ack(&cancel["id"], status).await;
        peer.event(&request["id"], 2, json!({ "type": "agent-error", "error": "The request was cancelled." })).await;
        let cancel = peer.expect("req:agent:cancel").await;
        let status = json!({ "action": "req:agent:cancel", "requestId": request["id"], "status": "not_found" });
        peer.ack(&cancel["id"], status).await;
        peer.gone().await;
    })
    .await;
    let client = soon(Client::connect(options)).await.unwrap();
    let mut run = client.request_agent_as(RequestId::new("mine").unwrap(), AgentRequest::new("sing")).await.unwrap();
    run.cancel().await.unwrap();
    let AgentEventKind::AgentError { error, .. } = read(&mut run).await.1.unwrap() else { panic!("it was answered") };
    assert_eq!(&*error, "The request was cancelled.");
    let status = soon(client.cancel(run.request_id().clone())).await.unwrap();
    assert_eq!(status, CancelStatus::NotFound);
}

#[tokio::test]
async fn a_request_that_is_refused_ends_with_the_gateways_words() {
    let (options, _script) = gateway(|listener| async move {
        let mut peer = Peer::welcome(&listener).await;
        let request = peer.expect("req:agent").await;
        let why = json!({ "code": "RATE_LIMITED", "message": "Too many messages.", "retryAfterMs": 2000 });
        peer.send(json!({ "type": "error", "id": request["id"], "payload": why, "timestamp": 1 })).await;
        peer.gone().await;
    })
    .await;
    let client = soon(Client::connect(options)).await.unwrap();
    let mut run = client.request_agent(AgentRequest::new("hello")).await.unwrap();
    let error = read(&mut run).await.1.unwrap_err();
    assert_eq!(error.to_string(), "Too many messages.");
    let ClientError::Refused(body) = error else { panic!("{error:?}") };
    assert_eq!((body.code, body.retry_after_ms), (ErrorCode::RateLimited, Some(2000)));
    assert!(soon(run.next_event()).await.is_none());
}

#[tokio::test]
async fn a_lost_connection_ends_what_was_under_way_and_can_be_made_again() {
    let (options, script) = gateway(|listener| async move {
        let mut peer = Peer::welcome(&listener).await;
        let request = peer.expect("req:agent").await;
        peer.say(&request["id"], 1, "Hi ").await;
        peer.close("the gateway is going down").await;

        let mut peer = Peer::welcome(&listener).await;
        let subscribe = peer.expect("session_subscribe").await;
        assert_eq!(subscribe["payload"], json!({ "sessionId": SESSION, "since": 1 }));
        peer.ack(&subscribe["id"], json!({ "action": "session_subscribe", "sessionId": SESSION, "seq": 2 })).await;
        peer.complete(&request["id"], 2, "Hi there").await;
        peer.gone().await;
    })
    .await;
    let mut client = soon(Client::connect(options)).await.unwrap();
    let mut run = client.request_agent(AgentRequest::new("hello")).await.unwrap();
    let (text, last) = read(&mut run).await;
    assert_eq!(text, "Hi ");
    let lost = "the connection to the gateway was lost: it was closed: the gateway is going down";
    assert_eq!(last.unwrap_err().to_string(), lost);
    assert!(soon(run.next_event()).await.is_none());
    assert_eq!(soon(client.ping()).await.unwrap_err().to_string(), lost);

    soon(client.reconnect()).await.unwrap();
    let mut watch = soon(client.subscribe(session(), Some(1))).await.unwrap();
    let frame = soon(watch.next_event()).await.unwrap().unwrap();
    assert_eq!(frame.seq, 2);
    assert!(frame.payload.kind.is_final());
    soon(client.close()).await;
    assert!(matches!(soon(watch.next_event()).await, Some(Err(ClientError::Lost(_)))));
    assert!(soon(watch.next_event()).await.is_none());
    soon(script).await.unwrap();
}

#[tokio::test]
async fn a_watch_begins_at_its_confirmation_and_ends_when_told() {
    let (options, _script) = gateway(|listener| async move {
        let mut peer = Peer::welcome(&listener).await;
        let subscribe = peer.expect("session_subscribe").await;
        peer.say(&Value::Null, 1, "before").await;
        peer.ack(&subscribe["id"], json!({ "action": "session_subscribe", "sessionId": SESSION, "seq": 1 })).await;
        peer.say(&Value::Null, 2, "after").await;
        let unsubscribe = peer.expect("session_unsubscribe").await;
        peer.say(&Value::Null, 3, "too late").await;
        peer.ack(&unsubscribe["id"], json!({ "action": "session_unsubscribe", "sessionId": SESSION, "seq": 3 })).await;
        peer.gone().await;
    })
    .await;
    let client = soon(Client::connect(options)).await.unwrap();
    let mut watch = soon(client.subscribe(session(), None)).await.unwrap();
    assert_eq!(watch.seq(), 1);
    assert_eq!(soon(watch.next_event()).await.unwrap().unwrap().seq, 2);
    soon(client.unsubscribe(session())).await.unwrap();
    assert!(soon(watch.next_event()).await.is_none());
}

#[tokio::test]
async fn a_session_that_one_may_not_see_is_not_watched() {
    let (options, _script) = gateway(|listener| async move {
        let mut peer = Peer::welcome(&listener).await;
        let subscribe = peer.expect("session_subscribe").await;
        let why = json!({ "code": "FORBIDDEN", "message": "Not yours." });
        peer.send(json!({ "type": "error", "id": subscribe["id"], "payload": why, "timestamp": 1 })).await;
        peer.gone().await;
    })
    .await;
    let client = soon(Client::connect(options)).await.unwrap();
    assert_eq!(soon(client.subscribe(session(), None)).await.unwrap_err().to_string(), "Not yours.");
}

#[tokio::test]
async fn a_slow_reader_loses_nothing() {
    const PIECES: i64 = 2000;
    let (options, script) = gateway(|listener| async move {
        let mut peer = Peer::welcome(&listener).await;
        let request = peer.expect("req:agent").await;
        for seq in 0..PIECES {
            peer.say(&request["id"], seq, &format!("{seq} ")).await;
        }
        peer.complete(&request["id"], PIECES, "done").await;
        let ping = peer.expect("ping").await;
        peer.send(json!({ "type": "pong", "id": ping["id"], "timestamp": 1 })).await;
        peer.gone().await;
    })
    .await;
    let client = soon(Client::connect(options)).await.unwrap();
    let mut run = client.request_agent(AgentRequest::new("count")).await.unwrap();
    // The pong stands behind more events than may wait: it comes once they are read, and not before.
    let asking = client.clone();
    let mut ping = std::pin::pin!(async move { asking.ping().await });
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut ping).await.is_err(), "an event was skipped");
    let (ping, (text, last)) = tokio::join!(soon(ping), read(&mut run));
    ping.unwrap();
    assert_eq!(response(last), "done");
    assert_eq!(
        text.split_whitespace().map(|piece| piece.parse::<i64>().unwrap()).collect::<Vec<_>>(),
        (0..PIECES).collect::<Vec<_>>()
    );
    drop((run, client));
    soon(script).await.unwrap();
}

#[tokio::test]
async fn a_run_that_nobody_reads_any_more_holds_nobody_up() {
    let (options, _script) = gateway(|listener| async move {
        let mut peer = Peer::welcome(&listener).await;
        let request = peer.expect("req:agent").await;
        for seq in 0..2000 {
            peer.say(&request["id"], seq, "la").await;
        }
        let ping = peer.expect("ping").await;
        peer.send(json!({ "type": "pong", "id": ping["id"], "timestamp": 1 })).await;
        peer.gone().await;
    })
    .await;
    let client = soon(Client::connect(options)).await.unwrap();
    drop(client.request_agent(AgentRequest::new("sing")).await.unwrap());
    soon(client.ping()).await.unwrap();
}
