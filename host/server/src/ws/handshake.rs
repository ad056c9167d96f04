//! From a fresh socket to somebody who is known: the first frame is `connect` or `register`, within ten seconds.

use super::Sockets;
use super::outbox::{Gone, Outbox};
use crate::auth::AuthError;
use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt;
use futures::stream::SplitStream;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::timeout;
use wingman_message::ClientId;
use wingman_protocol::{
    ClientFrame, ClientMessage, ConnectRequest, ErrorBody, ErrorCode, Frame, Register, RegisterRequest, Secret, ServerFrame,
};

/// How long a socket may be open before somebody says who is there.
const DEADLINE: Duration = Duration::from_secs(10);
/// "Normal closure" (RFC 6455, 7.4.1): what clients of this protocol expect after a refusal.
pub(crate) const NORMAL: u16 = 1000;

/// A client that said who it is and may be here.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    /// It shows a list of sessions, so that it hears of new messages in all of them.
    pub(crate) lists_sessions: bool,
}

/// Who may be here.
pub(crate) enum Admitted {
    /// A client; it has been told.
    Client(Client),
    /// Somebody who wants to be a node, by the frame of this id.
    Node(Option<String>, RegisterRequest),
}

/// Where a socket comes from, for those who check credentials.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) peer: IpAddr,
    /// The upgrade came with the page's cookie, or the gateway asks for nothing.
    pub(crate) signed_in: bool,
}

/// Waits for the first word and answers it. None when the socket ends here, with its reason told.
pub(crate) async fn greet(
    frames: &mut SplitStream<WebSocket>,
    outbox: &Outbox,
    sockets: &Sockets,
    origin: Origin,
) -> Option<Admitted> {
    match timeout(DEADLINE, first_word(frames, outbox, sockets, origin)).await {
        Ok(admitted) => admitted.ok(),
        Err(_) => {
            outbox.close(NORMAL, "no connect or register frame within 10 seconds");
            None
        }
    }
}

async fn first_word(
    frames: &mut SplitStream<WebSocket>,
    outbox: &Outbox,
    sockets: &Sockets,
    origin: Origin,
) -> Result<Admitted, Gone> {
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
                return connected(connect, id, outbox, sockets, origin).await.map(Admitted::Client);
            }
            Ok(Frame { id, message: ClientMessage::Register(register) }) => {
                let node = may_register(register, id.clone(), outbox, sockets, origin).await?;
                return Ok(Admitted::Node(id, node));
            }
            Ok(Frame { id, message: ClientMessage::Ping }) => ServerFrame::pong(id, now),
            Ok(Frame { id, .. }) => {
                ServerFrame::error(id, ErrorBody::new(ErrorCode::AuthRequired, "say `connect` or `register` first"), now)
            }
            Err(error) => ServerFrame::frame_error(error, now),
        };
        outbox.frame(&reply).await?;
    }
    Err(Gone)
}

/// Lets a client in, or says why not and closes.
pub(crate) async fn connected(
    connect: ConnectRequest,
    id: Option<String>,
    outbox: &Outbox,
    sockets: &Sockets,
    origin: Origin,
) -> Result<Client, Gone> {
    let now = sockets.dispatch.now_ms();
    let ConnectRequest { client, auth } = connect;
    let secret = auth.as_ref().and_then(|auth| auth.token.as_ref().or(auth.password.as_ref()));
    if let Err(refused) = check(secret, sockets, origin) {
        outbox.frame(&ServerFrame::refused(id, refused.to_string(), now)).await?;
        outbox.close(NORMAL, "authentication failed");
        return Err(Gone);
    }
    outbox.frame(&ServerFrame::ready(id, now)).await?;
    let lists_sessions = matches!(client.client_type.as_str(), "webui" | "desktop");
    Ok(Client { id: client.instance_id, lists_sessions })
}

/// Says whether somebody may be a node; closes where not.
pub(crate) async fn may_register(
    register: Register,
    id: Option<String>,
    outbox: &Outbox,
    sockets: &Sockets,
    origin: Origin,
) -> Result<RegisterRequest, Gone> {
    if let Err(refused) = check(register.secret(), sockets, origin) {
        let error = ErrorBody::new(ErrorCode::AuthFailed, refused.to_string());
        outbox.frame(&ServerFrame::error(id, error, sockets.dispatch.now_ms())).await?;
        outbox.close(NORMAL, "authentication failed");
        return Err(Gone);
    }
    Ok(register.node)
}

/// Credentials that are given are checked, whatever else there is: no path skips the check because another field is there.
fn check(secret: Option<&Secret>, sockets: &Sockets, origin: Origin) -> Result<(), AuthError> {
    match secret {
        None if origin.signed_in => Ok(()),
        secret => sockets.auth.check_secret(secret.map(Secret::expose), origin.peer),
    }
}
