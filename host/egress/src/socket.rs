//! WebSockets: opened under the same checks as a request, then a stream and a sink of frames. Reconnecting is the caller's.

use crate::connect::Wire;
use crate::error::innermost;
use crate::hop::Hop;
use crate::secret::{fill, scrubbed};
use crate::target::Target;
use crate::{Egress, EgressError, Frame, Host, Injection, Policy, Result, headers};
use bytes::Bytes;
use futures::{Sink, SinkExt, Stream, StreamExt};
use hyper::Method;
use hyper::header::{CONNECTION, HOST, HeaderValue, UPGRADE};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, http};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Bytes of one message, in and out.
const MAX_MESSAGE: usize = 1024 * 1024;
/// Bytes that a socket buffers before it writes.
const WRITE_BUFFER: usize = 16 * 1024;

/// Where to connect. Its `Debug` shows no secret.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// `wss://...`; its path may hold `{secret}` once.
    pub url: String,
    /// As for a request; `sec-websocket-protocol` is the guest's.
    pub headers: Vec<(String, String)>,
    /// What is filled into URL and headers.
    pub secrets: Vec<Injection>,
    /// For lookup, connection and handshake; none: the host's default, or less if the grant has less.
    pub timeout: Option<Duration>,
}

/// An open WebSocket: a stream of what comes in, a sink for what goes out. The stream ends after a [`Frame::Close`] or an error.
/// It is polled to answer pings; whoever stops reading looks dead to the other side.
pub struct Socket {
    host: Host,
    stream: Box<WebSocketStream<Box<dyn Wire>>>,
    ended: bool,
}

impl Egress {
    /// Opens a WebSocket. Redirects are not followed.
    ///
    /// # Errors
    ///
    /// As [`Egress::send`], and [`EgressError::HandshakeRefused`] when the other side answers with an ordinary response.
    pub async fn connect_ws(&self, policy: &Policy, opening: &Opening) -> Result<Socket> {
        let opened = Box::pin(self.checked_open(policy, opening)).await;
        opened.map_err(|error| error.map_texts(|text| scrubbed(text, &opening.secrets)))
    }

    async fn checked_open(&self, policy: &Policy, opening: &Opening) -> Result<Socket> {
        let target = Target::parse(&opening.url)?.expect_socket(true)?;
        let time = self.time(policy.grant(None, &target)?, opening.timeout)?;
        let headers = headers::checked(&opening.headers)?;
        let body = Bytes::new();
        let mut hop = Hop { method: Method::GET, target, headers, body, secret_headers: Vec::new(), secret_body: false };
        fill(&mut hop, &opening.secrets)?;
        let opened = timeout(time, self.handshake(policy, &hop)).await;
        opened.unwrap_or_else(|_| Err(EgressError::Timeout { host: hop.target.host.to_string(), after: time }))
    }

    async fn handshake(&self, policy: &Policy, hop: &Hop) -> Result<Socket> {
        let addresses = self.connector().addresses(policy, &hop.target).await?;
        let (wire, _) = self.connector().dial(&hop.target, &addresses).await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(WRITE_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(WRITE_BUFFER + 2 * MAX_MESSAGE)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let opened = client_async_with_config(upgrade_request(hop)?, wire, Some(config)).await;
        let (stream, _) = opened.map_err(|error| failure(&hop.target.host, error))?;
        Ok(Socket { host: hop.target.host.clone(), stream: Box::new(stream), ended: false })
    }
}

/// RFC 6455, 4.1.
fn upgrade_request(hop: &Hop) -> Result<http::Request<()>> {
    let unsendable = |_| EgressError::BadRequest("the URL cannot be sent; percent-encode it".into());
    let mut request = http::Request::builder().uri(hop.target.request_url()).body(()).map_err(unsendable)?;
    *request.headers_mut() = hop.headers.clone();
    let unusable = |_| EgressError::BadRequest("the URL's host cannot be sent".into());
    let host = HeaderValue::from_str(&hop.target.authority()).map_err(unusable)?;
    let key = HeaderValue::from_str(&generate_key()).map_err(unusable)?;
    let headers = request.headers_mut();
    headers.insert(HOST, host);
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert("sec-websocket-version", HeaderValue::from_static("13"));
    headers.insert("sec-websocket-key", key);
    Ok(request)
}

impl fmt::Debug for Socket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Socket").field("host", &self.host).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Socket {
    /// The host at the other end, for [`fill_frame`](crate::fill_frame).
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    fn failed(&self, error: WsError) -> EgressError {
        failure(&self.host, error)
    }
}

impl Stream for Socket {
    type Item = Result<Frame>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.ended {
            let item = match ready!(self.stream.poll_next_unpin(cx)) {
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Text(text))) => Ok(Frame::Text(text.as_str().to_owned())),
                Some(Ok(Message::Binary(bytes))) => Ok(Frame::Binary(bytes)),
                Some(Ok(Message::Close(end))) => {
                    self.ended = true;
                    Ok(Frame::Close(end.map(|end| (end.code.into(), end.reason.as_str().to_owned()))))
                }
                Some(Err(error)) => {
                    self.ended = true;
                    Err(self.failed(error))
                }
                None => break,
            };
            return Poll::Ready(Some(item));
        }
        Poll::Ready(None)
    }
}

impl Sink<Frame> for Socket {
    type Error = EgressError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let ready = ready!(self.stream.poll_ready_unpin(cx));
        Poll::Ready(ready.map_err(|error| self.failed(error)))
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<()> {
        let message = match frame {
            Frame::Text(text) => Message::text(text),
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Close(end) => {
                Message::Close(end.map(|(code, reason)| CloseFrame { code: code.into(), reason: reason.into() }))
            }
        };
        if message.len() > MAX_MESSAGE {
            return Err(EgressError::TooLarge { what: "the message".into(), limit: format!("{MAX_MESSAGE} bytes") });
        }
        self.stream.start_send_unpin(message).map_err(|error| self.failed(error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = ready!(self.stream.poll_flush_unpin(cx));
        Poll::Ready(flushed.map_err(|error| self.failed(error)))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let closed = ready!(self.stream.poll_close_unpin(cx));
        Poll::Ready(closed.map_err(|error| self.failed(error)))
    }
}

fn failure(host: &Host, error: WsError) -> EgressError {
    let host = host.to_string();
    match error {
        WsError::Http(response) => EgressError::HandshakeRefused { host, status: response.status().as_u16() },
        WsError::Capacity(_) => {
            EgressError::TooLarge { what: format!("a message of {host}"), limit: format!("{MAX_MESSAGE} bytes") }
        }
        WsError::Protocol(_) | WsError::Utf8(_) | WsError::HttpFormat(_) => {
            EgressError::BadResponse { host, why: error.to_string() }
        }
        error => EgressError::Interrupted { host, why: innermost(&error) },
    }
}
