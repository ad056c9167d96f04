//! A connection's reader: takes frames one by one and answers each.

use super::handshake::{self, Client};
use super::outbox::{Gone, Outbox};
use super::watches::Watches;
use super::{Sockets, events, requests};
use crate::problem::wire_error;
use axum::extract::ws::{Message, WebSocket};
use futures::StreamExt;
use futures::stream::SplitStream;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::timeout;
use wingman_dispatch::Event;
use wingman_protocol::{Ack, ClientFrame, ClientMessage, ErrorBody, ErrorCode, Frame, ServerFrame};

/// Two unanswered pings and a little: after that the client is gone.
const SILENCE: Duration = Duration::from_secs(75);
/// "Going away" (RFC 6455, 7.4.1).
const GOING_AWAY: u16 = 1001;

/// Serves one socket to its end.
pub(crate) async fn serve(socket: WebSocket, sockets: Sockets, peer: IpAddr, signed_in: bool) {
    let (sink, mut frames) = socket.split();
    let (outbox, writer) = Outbox::new(sink);
    let writer = tokio::spawn(writer);
    if let Some(client) = handshake::greet(&mut frames, &outbox, &sockets, peer, signed_in).await {
        let watches = Watches::new(sockets.dispatch.clone(), client.id.clone(), outbox.clone());
        let mut connection = Connection { notices: sockets.dispatch.notices(), client, watches, outbox: outbox.clone(), sockets };
        // However it ended, nobody is left to be told.
        let Err(Gone) = connection.read(&mut frames).await;
    }
    drop(outbox);
    // The last words (a refusal, a close) go out before the task ends.
    let _ = writer.await;
}

struct Connection {
    client: Client,
    watches: Watches,
    notices: Receiver<Arc<Event>>,
    outbox: Outbox,
    sockets: Sockets,
}

impl Connection {
    async fn read(&mut self, frames: &mut SplitStream<WebSocket>) -> Result<std::convert::Infallible, Gone> {
        let closing = self.sockets.closing.clone();
        loop {
            let lists_sessions = self.client.lists_sessions;
            tokio::select! {
                () = closing.cancelled() => {
                    self.outbox.close(GOING_AWAY, "the gateway is shutting down").await;
                    return Err(Gone);
                }
                notice = self.notices.recv(), if lists_sessions => self.notice(notice).await?,
                message = timeout(SILENCE, frames.next()) => match message {
                    Ok(Some(Ok(Message::Text(text)))) => self.take(text.as_bytes()).await?,
                    Ok(Some(Ok(Message::Binary(bytes)))) => self.take(&bytes).await?,
                    // axum answers pings itself, and a pong says only that somebody is there.
                    Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                    Ok(Some(Err(error))) => {
                        tracing::debug!(%error, client = %self.client.id, "a connection broke");
                        self.outbox.close(1009, "the frame was too large, or broken").await;
                        return Err(Gone);
                    }
                    Ok(Some(Ok(Message::Close(_))) | None) => return Err(Gone),
                    Err(_) => {
                        self.outbox.close(GOING_AWAY, "nothing was heard for 75 seconds").await;
                        return Err(Gone);
                    }
                },
            }
        }
    }

    async fn take(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        let now = self.sockets.dispatch.now_ms();
        let frame = match ClientFrame::parse(bytes) {
            Ok(frame) => frame,
            Err(error) => return self.outbox.frame(&ServerFrame::frame_error(error, now)).await,
        };
        let Frame { id, message } = frame;
        if matches!(message, ClientMessage::Ping) {
            return self.outbox.frame(&ServerFrame::pong(id, now)).await;
        }
        if let Err(wait) = self.sockets.rate_limit.check(&self.client.id) {
            let error = ErrorBody::new(ErrorCode::RateLimited, "too many messages; slow down").retry_after_ms(wait);
            return self.outbox.frame(&ServerFrame::error(id, error, now)).await;
        }
        let Self { client, watches, outbox, sockets, .. } = self;
        match message {
            ClientMessage::Ping => Ok(()),
            ClientMessage::Connect(_) => outbox.frame(&ServerFrame::ready(id, now)).await,
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
                self.subscribe(id, request.session_id, since).await
            }
        }
    }

    /// The acknowledgement goes out before the first event: nothing is sent until the session is subscribed.
    async fn subscribe(
        &mut self,
        id: Option<String>,
        session: wingman_message::SessionKey,
        since: Option<i64>,
    ) -> Result<(), Gone> {
        let now = self.sockets.dispatch.now_ms();
        let joined = match self.watches.join(&session, since).await {
            Ok(joined) => joined,
            Err(refused) => return self.outbox.frame(&ServerFrame::error(id, wire_error(&refused), now)).await,
        };
        let ack = Ack::SessionSubscribe { session_id: session.clone(), seq: joined.seq() };
        self.outbox.frame(&ServerFrame::ack(id, ack, now)).await?;
        self.watches.subscribe(&session, joined);
        Ok(())
    }

    async fn notice(&self, notice: Result<Arc<Event>, RecvError>) -> Result<(), Gone> {
        // Who missed some sees them when it next reads the list.
        let Ok(event) = notice else { return Ok(()) };
        let is_own = event.client.as_ref() == Some(&self.client.id);
        if is_own || self.watches.is_subscribed(&event.session) {
            return Ok(());
        }
        match events::notice(&event, &self.client.id) {
            Some(frame) => self.outbox.text(frame).await,
            None => Ok(()),
        }
    }
}
