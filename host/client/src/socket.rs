//! One WebSocket to a gateway, frame by frame: dialling, the handshake, sending, receiving. Nobody else reads it, so a test can
//! be as slow or as rude as it likes.

use crate::{ClientError, ConnectOptions};
use futures::{SinkExt, StreamExt};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::Error as WsError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use wingman_protocol::{ClientFrame, ServerFrame};

/// The largest frame that is taken from a gateway, in bytes.
const MAX_FRAME: usize = 32 << 20;

/// A WebSocket to a gateway.
#[derive(Debug)]
pub struct Socket {
    inner: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Opens a socket and says nothing.
    ///
    /// # Errors
    /// The address cannot be used, nobody listens, what listens is no gateway, or it took longer than the time-out.
    pub async fn open(options: &ConnectOptions) -> Result<Self, ClientError> {
        within(options.timeout, dial(options)).await
    }

    /// Opens a socket and connects: the gateway has let this client in.
    ///
    /// # Errors
    /// As for [`Socket::open`]; [`ClientError::Rejected`] holds the gateway's own words.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, ClientError> {
        within(options.timeout, async {
            let mut socket = dial(options).await?;
            socket.handshake(options).await?;
            Ok(socket)
        })
        .await
    }

    async fn handshake(&mut self, options: &ConnectOptions) -> Result<(), ClientError> {
        let id = "connect";
        self.send(&options.connect_frame(id, now_ms())?).await?;
        let stranger = |reason: String| ClientError::NotAGateway { url: options.url.clone(), reason };
        loop {
            let text = match self.next_text().await {
                Ok(Some(text)) => text,
                Ok(None) => return Err(stranger("it closed the connection without an answer".to_owned())),
                Err(error) => return Err(stranger(error.to_string())),
            };
            match ServerFrame::parse(text.as_bytes()) {
                Ok(ServerFrame::Res(res)) if res.ok => return Ok(()),
                Ok(ServerFrame::Res(res)) => return Err(ClientError::Rejected(res.payload)),
                Ok(ServerFrame::Error(error)) => return Err(ClientError::Rejected(error.payload.message)),
                Ok(_) => {}
                Err(error) => return Err(stranger(format!("it answered with something else ({error})"))),
            }
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// [`ClientError::Lost`]
    pub async fn send(&mut self, frame: &ClientFrame) -> Result<(), ClientError> {
        self.send_text(frame.to_json()).await
    }

    /// Sends a text, whatever it is.
    ///
    /// # Errors
    /// [`ClientError::Lost`]
    pub async fn send_text(&mut self, text: impl Into<String>) -> Result<(), ClientError> {
        self.inner.send(Message::text(text.into())).await.map_err(|error| lost(&error))
    }

    /// Sends bytes, whatever they are.
    ///
    /// # Errors
    /// [`ClientError::Lost`]
    pub async fn send_bytes(&mut self, bytes: impl Into<Vec<u8>>) -> Result<(), ClientError> {
        self.inner.send(Message::binary(bytes.into())).await.map_err(|error| lost(&error))
    }

    /// The next frame; none once the gateway has closed the socket.
    ///
    /// # Errors
    /// [`ClientError::Lost`], or [`ClientError::Protocol`] for what is no frame.
    pub async fn next(&mut self) -> Result<Option<ServerFrame>, ClientError> {
        let Some(text) = self.next_text().await? else { return Ok(None) };
        ServerFrame::parse(text.as_bytes()).map(Some).map_err(|error| ClientError::Protocol(error.to_string()))
    }

    /// The next text or binary frame, as it is; none once the gateway has closed the socket.
    ///
    /// # Errors
    /// [`ClientError::Lost`]; the gateway's reason is in it where it gave one.
    pub async fn next_text(&mut self) -> Result<Option<String>, ClientError> {
        loop {
            return match self.inner.next().await {
                Some(Ok(Message::Text(text))) => Ok(Some(text.as_str().to_owned())),
                Some(Ok(Message::Binary(bytes))) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
                Some(Ok(Message::Close(frame))) => {
                    // The library has an answer ready; it goes out now, since nobody may read again. The end is the end anyway.
                    let _ = self.inner.flush().await;
                    match frame.filter(|frame| !frame.reason.is_empty()) {
                        Some(frame) => Err(ClientError::Lost(format!("it was closed: {}", frame.reason))),
                        None => Ok(None),
                    }
                }
                None | Some(Err(WsError::ConnectionClosed | WsError::AlreadyClosed)) => Ok(None),
                // Answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(error)) => Err(lost(&error)),
            };
        }
    }

    /// Closes the socket in good order.
    ///
    /// # Errors
    /// [`ClientError::Lost`] where it was gone already.
    pub async fn close(&mut self) -> Result<(), ClientError> {
        self.inner.close(None).await.map_err(|error| lost(&error))
    }
}

async fn dial(options: &ConnectOptions) -> Result<Socket, ClientError> {
    let url = options.dialled()?;
    let invalid = |reason: String| ClientError::InvalidUrl { url: options.url.clone(), reason };
    let mut request = url.as_str().into_client_request().map_err(|error| invalid(error.to_string()))?;
    if let Some(origin) = &options.origin {
        let origin = origin.parse().map_err(|_| ClientError::InvalidOption(format!("{origin:?} is no origin")))?;
        request.headers_mut().insert("origin", origin);
    }
    let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
    // Boxed: the library's future is large, and callers would all carry it.
    match Box::pin(tokio_tungstenite::connect_async_with_config(request, Some(config), true)).await {
        Ok((inner, _)) => Ok(Socket { inner }),
        Err(error) => Err(dial_error(options, error)),
    }
}

fn dial_error(options: &ConnectOptions, error: tungstenite::Error) -> ClientError {
    let url = options.url.clone();
    match error {
        WsError::Io(error) => ClientError::Unreachable { url, reason: error.to_string() },
        WsError::Url(error) => ClientError::InvalidUrl { url, reason: error.to_string() },
        // A gateway answers an upgrade with these only where it means this client.
        WsError::Http(response) if matches!(response.status().as_u16(), 401 | 403 | 429 | 503) => {
            ClientError::Rejected(format!("it answered with the status {}", response.status()))
        }
        WsError::Http(response) => {
            ClientError::NotAGateway { url, reason: format!("it answered with the status {}", response.status()) }
        }
        error => ClientError::NotAGateway { url, reason: error.to_string() },
    }
}

fn lost(error: &tungstenite::Error) -> ClientError {
    ClientError::Lost(error.to_string())
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(ClientError::TimedOut { after: limit }))
}

/// Milliseconds since the Unix epoch; the gateway takes any number.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
