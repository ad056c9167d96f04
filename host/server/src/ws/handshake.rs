//! From a fresh socket to a client that is known: the first frame is `connect`, within ten seconds.

use super::Sockets;
use super::outbox::{Gone, Outbox};
use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt;
use futures::stream::SplitStream;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::timeout;
use wingman_message::ClientId;
use wingman_protocol::{ClientFrame, ClientMessage, ConnectRequest, ErrorBody, ErrorCode, Frame, ServerFrame};

/// How long a socket may be open before its client says who it is.
const DEADLINE: Duration = Duration::from_secs(10);
/// "Normal closure" (RFC 6455, 7.4.1): what clients of this protocol expect after a refusal.
const NORMAL: u16 = 1000;

/// A client that said who it is and may be here.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    /// It shows a list of sessions, so that it hears of new messages in all of them.
    pub(crate) lists_sessions: bool,
}

/// Waits for `connect` and answers it. None when the socket ends here, with its reason told.
pub(crate) async fn greet(
    frames: &mut SplitStream<WebSocket>,
    outbox: &Outbox,
    sockets: &Sockets,
    peer: IpAddr,
    signed_in: bool,
) -> Option<Client> {
    match timeout(DEADLINE, wait_for_connect(frames, outbox, sockets, peer, signed_in)).await {
        Ok(Ok(client)) => client,
        Ok(Err(Gone)) => None,
        Err(_) => {
            outbox.close(NORMAL, "no connect frame within 10 seconds").await;
            None
        }
    }
}

async fn wait_for_connect(
    frames: &mut SplitStream<WebSocket>,
    outbox: &Outbox,
    sockets: &Sockets,
    peer: IpAddr,
    signed_in: bool,
) -> Result<Option<Client>, Gone> {
    while let Some(Ok(message)) = frames.next().await {
        let bytes = match &message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes.as_ref(),
            Message::Close(_) => return Err(Gone),
            Message::Ping(_) | Message::Pong(_) => continue,
        };
        let now = sockets.dispatch.now_ms();
        let reply = match ClientFrame::parse(bytes) {
            Ok(Frame { id, message: ClientMessage::Connect(connect) }) => {
                return admit(connect, id, outbox, sockets, peer, signed_in).await;
            }
            Ok(Frame { id, message: ClientMessage::Ping }) => ServerFrame::pong(id, now),
            Ok(Frame { id, .. }) => ServerFrame::error(id, ErrorBody::new(ErrorCode::AuthRequired, "say `connect` first"), now),
            Err(error) => ServerFrame::frame_error(error, now),
        };
        outbox.frame(&reply).await?;
    }
    Err(Gone)
}

async fn admit(
    connect: ConnectRequest,
    id: Option<String>,
    outbox: &Outbox,
    sockets: &Sockets,
    peer: IpAddr,
    signed_in: bool,
) -> Result<Option<Client>, Gone> {
    let now = sockets.dispatch.now_ms();
    let ConnectRequest { client, auth } = connect;
    // Credentials that are given are checked, whatever else there is: no path skips the check because another field is there.
    let secret = auth.as_ref().and_then(|auth| auth.token.as_ref().or(auth.password.as_ref()));
    let admitted = match secret {
        None if signed_in => Ok(()),
        secret => sockets.auth.check_secret(secret.map(wingman_protocol::Secret::expose), peer),
    };
    if let Err(refused) = admitted {
        outbox.frame(&ServerFrame::refused(id, refused.to_string(), now)).await?;
        outbox.close(NORMAL, "authentication failed").await;
        return Ok(None);
    }
    outbox.frame(&ServerFrame::ready(id, now)).await?;
    let lists_sessions = matches!(client.client_type.as_str(), "webui" | "desktop");
    Ok(Some(Client { id: client.instance_id, lists_sessions }))
}
