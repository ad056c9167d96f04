//! A connection of HTTP/1.1 that is kept: one request at a time.

use crate::error::{BenchError, Result};
use crate::link::excerpt;
use crate::setup::Setup;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// The largest answer that is taken.
const MAX_BODY: usize = 32 << 20;

/// A kept connection. Closed when dropped.
pub(crate) struct HttpConnection {
    sender: SendRequest<Full<Bytes>>,
    task: JoinHandle<()>,
    authority: String,
    authorization: Option<String>,
}

impl HttpConnection {
    /// Connects to host and port of the setup's address.
    pub(crate) async fn open(setup: &Setup) -> Result<Self> {
        let address = setup.url.address();
        let unreachable = |source| BenchError::Unreachable { address, source };
        let stream = TcpStream::connect(address).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| BenchError::Closed(error.to_string()))?;
        // How it ended is told to whoever waits for an answer.
        let task = tokio::spawn(async move { drop(connection.await) });
        let authorization = setup.token.as_ref().map(|token| format!("Bearer {}", token.expose_secret()));
        Ok(Self { sender, task, authority: setup.url.authority().to_owned(), authorization })
    }

    /// Gets `path`; the answer's body.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Bytes> {
        let (_, body) = self.exchange(Method::GET, path, &[], Bytes::new()).await?;
        Ok(body)
    }

    /// Posts JSON to `path`; the answer's status and body. A status that is no success is an error.
    pub(crate) async fn post(&mut self, path: &str, headers: &[(&str, &str)], body: Bytes) -> Result<(StatusCode, Bytes)> {
        self.exchange(Method::POST, path, headers, body).await
    }

    async fn exchange(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<(StatusCode, Bytes)> {
        let response = self.begin(method, path, headers, body).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
        let body = body.map_err(|error| BenchError::Closed(error.to_string()))?.to_bytes();
        if status.is_success() {
            Ok((status, body))
        } else {
            Err(BenchError::Refused(format!("{path} answered {status}: {}", excerpt(&body))))
        }
    }

    /// Sends a request and returns the answer's head, its body still to be read.
    pub(crate) async fn begin(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response<Incoming>> {
        let mut request = Request::builder().method(method).uri(path).header("host", &self.authority);
        request = request.header("content-type", "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).map_err(|error| BenchError::InvalidOption(error.to_string()))?;
        let closed = |error: hyper::Error| BenchError::Closed(error.to_string());
        self.sender.ready().await.map_err(closed)?;
        self.sender.send_request(request).await.map_err(closed)
    }
}

impl Drop for HttpConnection {
    fn drop(&mut self) {
        self.task.abort();
    }
}
