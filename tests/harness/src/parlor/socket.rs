//! Parlor's socket: hello, identify or resume, events with sequence numbers, acknowledgements, beats.

use super::Network;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde_json::{Value, json};

/// Often enough for a test to see some.
const HEARTBEAT_MS: u32 = 200;
const SESSION: &str = "parlor-session";

pub(super) async fn upgrade(State(network): State<Network>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| async move {
        // A client that leaves ends it.
        let _ = serve(network, socket).await;
    })
}

/// None when the connection is over.
async fn serve(network: Network, mut socket: WebSocket) -> Option<()> {
    send(&mut socket, json!({ "op": "hello", "heartbeat_ms": HEARTBEAT_MS })).await?;
    let mut changed = network.changed.subscribe();
    // How many events the client has; none before it has signed in.
    let mut sent: Option<usize> = None;
    loop {
        if let Some(sent) = &mut sent {
            let said = network.lock().said.clone();
            for (index, message) in said.iter().enumerate().skip(*sent) {
                send(&mut socket, json!({ "op": "event", "sequence": index + 1, "message": message })).await?;
            }
            *sent = said.len().max(*sent);
        }
        tokio::select! {
            change = changed.changed() => change.ok()?,
            frame = socket.recv() => {
                let Message::Text(text) = frame?.ok()? else { continue };
                let frame: Value = serde_json::from_str(&text).ok()?;
                match frame["op"].as_str()? {
                    "beat" => send(&mut socket, json!({ "op": "beat_ack" })).await?,
                    "ack" => network.change(|record| record.acknowledged.extend(frame["sequence"].as_u64())),
                    "identify" => {
                        network.change(|record| record.signed_in.push(frame));
                        send(&mut socket, json!({ "op": "ready", "session": SESSION })).await?;
                        sent = Some(0);
                    }
                    "resume" => {
                        sent = Some(frame["after"].as_str()?.parse().ok()?);
                        network.change(|record| record.signed_in.push(frame));
                    }
                    _ => return None,
                }
            }
        }
    }
}

async fn send(socket: &mut WebSocket, frame: Value) -> Option<()> {
    socket.send(Message::Text(frame.to_string().into())).await.ok()
}
