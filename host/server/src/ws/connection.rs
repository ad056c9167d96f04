//! A connection's reader: takes frames one by one and answers each.

use super::handshake::{self, Admitted, Client, Origin};
use super::outbox::{Gone, Outbox};
use super::watches::Watches;
use super::{Sockets, events, nodes, requests};
use crate::limit::Caller;
use crate::problem::wire_error;
use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt;
use futures::stream::SplitStream;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use wingman_dispatch::Event;
use wingman_message::SessionKey;
use wingman_nodes::Registration;
use wingman_protocol::{Ack, ClientFrame, ClientMessage, ErrorBody, ErrorCode, Frame, NodeMessage, ServerFrame};

/// "Going away" (RFC 6455, 7.4.1).
const GOING_AWAY: u16 = 1001;
/// "Message too big" (RFC 6455, 7.4.1).
const TOO_BIG: u16 = 1009;

/// Serves one socket to its end.
pub(crate) async fn serve(socket: WebSocket, sockets: Sockets, origin: Origin) {
    let (sink, mut frames) = socket.split();
    let dispatch = sockets.dispatch.clone();
    let (outbox, writer) = Outbox::new(sink, move || dispatch.now_ms());
    let writer = tokio::spawn(writer);
    if let Some(admitted) = handshake::greet(&mut frames, &outbox, &sockets, origin).await
        && let Ok(mut connection) = Connection::begin(admitted, &outbox, sockets, origin).await
    {
        // However it ended, nobody is left to be told.
        let Err(Gone) = connection.read(&mut frames).await;
    }
    // The last words (a refusal, a close) go out before the task ends.
    outbox.finish();
    let _ = writer.await;
}

/// One socket; it may be a client's, a node's, or both.
struct Connection {
    /// Whose messages are counted: who came first on this socket.
    caller: Caller,
    client: Option<Connected>,
    node: Option<Registration<Outbox>>,
    outbox: Outbox,
    sockets: Sockets,
    origin: Origin,
}

/// What a connection has as a client's.
struct Connected {
    client: Client,
    watches: Watches,
    /// Only for those who list sessions.
    notices: Option<Receiver<Arc<Event>>>,
}

impl Connection {
    async fn begin(admitted: Admitted, outbox: &Outbox, sockets: Sockets, origin: Origin) -> Result<Self, Gone> {
        let (caller, client, node) = match admitted {
            Admitted::Client(client) => (Caller::Client(client.id.clone()), Some(Connected::new(client, outbox, &sockets)), None),
            Admitted::Node(id, node) => {
                let node = nodes::register(node, id, outbox, &sockets).await?;
                (Caller::Node(node.id()), None, Some(node))
            }
        };
        Ok(Self { caller, client, node, outbox: outbox.clone(), sockets, origin })
    }

    async fn read(&mut self, frames: &mut SplitStream<WebSocket>) -> Result<std::convert::Infallible, Gone> {
        let (closing, outbox) = (self.sockets.closing.clone(), self.outbox.clone());
        // They are asked again after each frame, and so are made once.
        let (mut closing, mut gone) = (pin!(closing.cancelled()), pin!(outbox.gone()));
        loop {
            let notices = self.client.as_mut().and_then(|connected| connected.notices.as_mut());
            tokio::select! {
                biased;
                message = frames.next() => match message {
                    Some(Ok(Message::Text(text))) => self.take(text.as_bytes()).await?,
                    Some(Ok(Message::Binary(bytes))) => self.take(&bytes).await?,
                    // axum answers pings itself, and a pong says only that somebody is there.
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => self.outbox.heard(),
                    Some(Err(error)) => {
                        tracing::debug!(%error, caller = %self.caller, "a connection broke");
                        self.outbox.close(TOO_BIG, "the frame was too large, or broken");
                        return Err(Gone);
                    }
                    Some(Ok(Message::Close(_))) | None => return Err(Gone),
                },
                notice = next(notices) => self.notice(notice).await?,
                () = &mut closing => {
                    self.outbox.close(GOING_AWAY, "the gateway is shutting down");
                    return Err(Gone);
                }
                () = &mut gone => return Err(Gone),
            }
        }
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        self.outbox.heard();
        let now = self.sockets.dispatch.now_ms();
        let Frame { id, message } = match ClientFrame::parse(bytes) {
            Ok(frame) => frame,
            Err(error) => return self.outbox.frame(&ServerFrame::frame_error(error, now)).await,
        };
        let is_sign_of_life = matches!(message, ClientMessage::Ping | ClientMessage::Pong);
        if !is_sign_of_life && let Err(wait) = self.sockets.rate_limit.check(&self.caller) {
            let error = ErrorBody::new(ErrorCode::RateLimited, "too many messages; slow down").retry_after_ms(wait);
            return self.outbox.frame(&ServerFrame::error(id, error, now)).await;
        }
        match message {
            ClientMessage::Ping => self.outbox.frame(&ServerFrame::pong(id, now)).await,
            ClientMessage::Pong => Ok(()),
            ClientMessage::Connect(_) if self.client.is_some() => self.outbox.frame(&ServerFrame::ready(id, now)).await,
            ClientMessage::Connect(connect) => {
                let client = handshake::connected(connect, id, &self.outbox, &self.sockets, self.origin).await?;
                self.client = Some(Connected::new(client, &self.outbox, &self.sockets));
                Ok(())
            }
            ClientMessage::Register(register) => {
                let node = handshake::may_register(register, id.clone(), &self.outbox, &self.sockets, self.origin).await?;
                match &self.node {
                    Some(registration) => nodes::update(registration, node, id, &self.outbox, &self.sockets).await,
                    None => {
                        self.node = Some(nodes::register(node, id, &self.outbox, &self.sockets).await?);
                        Ok(())
                    }
                }
            }
            ClientMessage::Node(message) => self.take_as_node(id, message).await,
            message => self.take_as_client(id, message).await,
        }
    }

    async fn take_as_node(&mut self, id: Option<String>, message: NodeMessage) -> Result<(), Gone> {
        let Self { node, outbox, sockets, .. } = self;
        let Some(node) = node else {
            return outbox.frame(&nodes::not_registered(id, sockets.dispatch.now_ms())).await;
        };
        match message {
            NodeMessage::JoinGroup(request) => nodes::join(node, request, id, outbox, sockets).await,
            NodeMessage::LeaveGroup(request) => nodes::leave(node, request, id, outbox, sockets).await,
            NodeMessage::Broadcast(request) => nodes::broadcast(node, request, id, outbox, sockets).await,
            NodeMessage::Direct(request) => nodes::direct(node, request, id, outbox, sockets).await,
            NodeMessage::Unregister => Err(nodes::unregister(outbox)),
        }
    }

    async fn take_as_client(&mut self, id: Option<String>, message: ClientMessage) -> Result<(), Gone> {
        let Self { client, outbox, sockets, .. } = self;
        let now = sockets.dispatch.now_ms();
        let Some(Connected { client, watches, .. }) = client else {
            let error = ErrorBody::new(ErrorCode::AuthRequired, "that is for clients: say `connect` first");
            return outbox.frame(&ServerFrame::error(id, error, now)).await;
        };
        match message {
            ClientMessage::AgentRequest(request) => requests::take(request, client, watches, outbox, sockets).await,
            ClientMessage::Cancel(cancel) => requests::cancel(id, cancel.request_id, client, outbox, sockets).await,
            ClientMessage::Answer(answer) => requests::answer(id, answer, outbox, sockets).await,
            ClientMessage::SessionUnsubscribe(request) => {
                let seq = watches.unsubscribe(&request.session_id);
                let ack = Ack::SessionUnsubscribe { session_id: request.session_id, seq };
                outbox.frame(&ServerFrame::ack(id, ack, now)).await
            }
            ClientMessage::SessionSubscribe(request) => {
                let since = request.since.map(|since| i64::try_from(since).unwrap_or(i64::MAX));
                subscribe(id, request.session_id, since, watches, outbox, now).await
            }
            // They are answered before they come here.
            ClientMessage::Connect(_)
            | ClientMessage::Register(_)
            | ClientMessage::Node(_)
            | ClientMessage::Ping
            | ClientMessage::Pong => Ok(()),
        }
    }

    async fn notice(&self, notice: Result<Arc<Event>, RecvError>) -> Result<(), Gone> {
        // Who missed some sees them when it next reads the list.
        let (Ok(event), Some(Connected { client, watches, .. })) = (notice, &self.client) else { return Ok(()) };
        let is_own = event.client.as_ref() == Some(&client.id);
        if is_own || watches.is_subscribed(&event.session) {
            return Ok(());
        }
        match events::notice(&event, &client.id) {
            Some(frame) => self.outbox.text(frame).await,
            None => Ok(()),
        }
    }
}

impl Connected {
    fn new(client: Client, outbox: &Outbox, sockets: &Sockets) -> Self {
        let watches = Watches::new(sockets.dispatch.clone(), client.id.clone(), outbox.clone());
        let notices = client.lists_sessions.then(|| sockets.dispatch.notices());
        Self { client, watches, notices }
    }
}

/// The acknowledgement goes out before the first event: nothing is sent until the session is subscribed.
async fn subscribe(
    id: Option<String>,
    session: SessionKey,
    since: Option<i64>,
    watches: &mut Watches,
    outbox: &Outbox,
    now_ms: i64,
) -> Result<(), Gone> {
    let joined = match watches.join(&session, since).await {
        Ok(joined) => joined,
        Err(refused) => return outbox.frame(&ServerFrame::error(id, wire_error(&refused), now_ms)).await,
    };
    let ack = Ack::SessionSubscribe { session_id: session.clone(), seq: joined.seq() };
    outbox.frame(&ServerFrame::ack(id, ack, now_ms)).await?;
    watches.subscribe(&session, joined);
    Ok(())
}

/// The next notice; never for those who have none.
async fn next(notices: Option<&mut Receiver<Arc<Event>>>) -> Result<Arc<Event>, RecvError> {
    match notices {
        Some(notices) => notices.recv().await,
        None => std::future::pending().await,
    }
}
