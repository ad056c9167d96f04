//! HTTP/1.1 on one connection: a request goes, an answer comes, its head and body are capped.

use crate::connect::Wire;
use crate::error::innermost;
use crate::hop::Hop;
use crate::{EgressError, Result};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use tokio_util::task::AbortOnDropHandle;

/// Most headers of an answer.
const MAX_HEADERS: usize = 128;
/// Bytes of an answer's status line and headers.
const MAX_HEAD: usize = 32 * 1024;
/// Bytes that a connection reads ahead.
const READ_AHEAD: usize = 64 * 1024;

type HttpRequest = hyper::Request<Full<Bytes>>;
type HttpResponse = hyper::Response<Incoming>;

/// One connection. Dropping it closes it, whatever is under way.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _task: AbortOnDropHandle<()>,
}

/// Why an exchange failed.
pub(crate) enum Failure {
    /// Nothing was written; the request can go on another connection.
    Unsent(Box<HttpRequest>, hyper::Error),
    /// Something was written.
    Sent(hyper::Error),
}

impl Connection {
    pub(crate) async fn open(wire: Box<dyn Wire>) -> std::result::Result<Self, hyper::Error> {
        let mut builder = Builder::new();
        builder.max_headers(MAX_HEADERS).max_header_size(MAX_HEAD).max_buf_size(READ_AHEAD);
        let (sender, connection) = builder.handshake(TokioIo::new(wire)).await?;
        let task = tokio::spawn(async move {
            // Its error reaches whoever waits for the answer.
            let _ = connection.await;
        });
        Ok(Self { sender, _task: AbortOnDropHandle::new(task) })
    }

    /// Whether it takes another request; false once the other side closed it.
    pub(crate) async fn ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    pub(crate) async fn send(&mut self, request: HttpRequest) -> std::result::Result<HttpResponse, Failure> {
        self.sender.try_send_request(request).await.map_err(|mut failed| match failed.take_message() {
            Some(request) => Failure::Unsent(Box::new(request), failed.into_error()),
            None => Failure::Sent(failed.into_error()),
        })
    }
}

/// The hop as it goes on the wire.
pub(crate) fn wire_request(hop: &Hop) -> Result<HttpRequest> {
    let unsendable = |_| EgressError::BadRequest("the URL cannot be sent; percent-encode it".into());
    let mut request = hyper::Request::builder()
        .method(hop.method.clone())
        .uri(hop.target.path_and_query())
        .body(Full::new(hop.body.clone()))
        .map_err(unsendable)?;
    *request.headers_mut() = hop.headers.clone();
    let host = HeaderValue::from_str(&hop.target.authority());
    request.headers_mut().insert(HOST, host.map_err(|_| EgressError::BadRequest("the URL's host cannot be sent".into()))?);
    Ok(request)
}

/// Reads a body to its end, or until it is more than `limit` bytes.
pub(crate) async fn read_body(host: &str, mut body: Incoming, limit: usize) -> Result<Bytes> {
    let too_large = || EgressError::TooLarge {
        what: format!("the answer of {host}"),
        limit: format!("{} KiB (`max-response-kib` in plugin.toml)", limit / 1024),
    };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers are nobody's.
        let Ok(data) = frame.map_err(|error| broken(host, &error))?.into_data() else { continue };
        if whole.len() + data.len() > limit {
            return Err(too_large());
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// What an error of the HTTP library means once a request is under way.
pub(crate) fn broken(host: &str, error: &hyper::Error) -> EgressError {
    let host = host.to_owned();
    if error.is_parse_too_large() {
        let limit = format!("{MAX_HEADERS} headers or {MAX_HEAD} bytes");
        return EgressError::TooLarge { what: format!("the header section of {host}"), limit };
    }
    let why = innermost(error);
    if error.is_parse() { EgressError::BadResponse { host, why } } else { EgressError::Interrupted { host, why } }
}
