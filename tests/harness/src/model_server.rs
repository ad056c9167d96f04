//! A model provider that follows a script, over raw TCP: no HTTP library stands between a test and the bytes, so every way
//! in which a stream can break can be played. One request a connection. Nothing here judges what a client asks.

use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A request that the server was sent.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The path, with its query.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: serde_json::Value,
}

impl Asked {
    /// The header called `name` (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug, Clone)]
enum Act {
    Send(Vec<u8>),
    WaitForClientToLeave,
}

/// What is sent for one request. The connection is closed behind the last act.
#[derive(Debug, Clone, Default)]
pub struct Reply(Vec<Act>);

impl Reply {
    /// Nothing yet; `raw` and `hang` go from here.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// A whole answer with a status such as `429 Too Many Requests`, headers that end in `\r\n` each, and a body.
    #[must_use]
    pub fn status(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::nothing().raw(format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n{body}"
        ))
    }

    /// The head of a stream of server-sent events; `piece`s follow.
    #[must_use]
    pub fn events() -> Self {
        Self::chunked("text/event-stream")
    }

    /// The head of a stream of JSON lines; `piece`s follow.
    #[must_use]
    pub fn lines() -> Self {
        Self::chunked("application/x-ndjson")
    }

    fn chunked(content_type: &str) -> Self {
        Self::nothing().raw(format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        ))
    }

    /// Bytes as they are.
    #[must_use]
    pub fn raw(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.push(Act::Send(bytes.into()));
        self
    }

    /// One piece of a stream; the client sees it apart from the next.
    #[must_use]
    pub fn piece(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
        framed.extend_from_slice(bytes);
        framed.extend_from_slice(b"\r\n");
        self.raw(framed)
    }

    /// One server-sent event with `data`.
    #[must_use]
    pub fn data(self, data: impl std::fmt::Display) -> Self {
        self.piece(format!("data: {data}\n\n"))
    }

    /// The proper end of a stream; without it the connection is cut.
    #[must_use]
    pub fn end(self) -> Self {
        self.raw("0\r\n\r\n")
    }

    /// Sends nothing more until the client closes the connection.
    #[must_use]
    pub fn hang(mut self) -> Self {
        self.0.push(Act::WaitForClientToLeave);
        self
    }

    /// A good OpenAI-style answer that says `words`.
    #[must_use]
    pub fn openai_text(words: &[&str]) -> Self {
        let mut reply = Self::events();
        for word in words {
            let delta = serde_json::json!({ "content": word });
            reply =
                reply.data(serde_json::json!({ "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": delta }] }));
        }
        let last = serde_json::json!({ "index": 0, "delta": {}, "finish_reason": "stop" });
        reply.data(serde_json::json!({ "object": "chat.completion.chunk", "choices": [last] })).data("[DONE]").end()
    }
}

/// The server. Stops when dropped.
pub struct ModelServer {
    address: std::net::SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    left: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl ModelServer {
    /// A server on a free loopback port that gives its replies in order, and the last one ever after.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn start(replies: Vec<Reply>) -> std::io::Result<Self> {
        Self::answering(move |number, _| replies.get(number).or(replies.last()).cloned().unwrap_or_default()).await
    }

    /// A server that makes each reply from the request's number (from 0) and the request.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn answering(script: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (leaving, left) = watch::channel(0);
        let shared = Arc::new(Shared { script: Box::new(script), asked: Arc::clone(&asked), leaving });
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { shared.serve(connection).await });
            }
        });
        Ok(Self { address, asked, left, task })
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, oldest first.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a client has left a reply that hangs.
    pub async fn client_left(&self) {
        let mut left = self.left.clone();
        // The sender lives as long as the server.
        let _ = left.wait_for(|left| *left > 0).await;
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Script = dyn Fn(usize, &Asked) -> Reply + Send + Sync;

struct Shared {
    script: Box<Script>,
    asked: Arc<Mutex<Vec<Asked>>>,
    leaving: watch::Sender<usize>,
}

impl Shared {
    async fn serve(&self, mut connection: TcpStream) {
        let _ = connection.set_nodelay(true);
        let Some(asked) = read_request(&mut connection).await else { return };
        let number = {
            let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(asked.clone());
            all.len() - 1
        };
        for act in (self.script)(number, &asked).0 {
            match act {
                // A client that has left does not want the rest.
                Act::Send(bytes) => {
                    if connection.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Act::WaitForClientToLeave => {
                    let mut rest = [0; 256];
                    while matches!(connection.read(&mut rest).await, Ok(read) if read > 0) {}
                    self.leaving.send_modify(|left| *left += 1);
                }
            }
        }
        let _ = connection.shutdown().await;
    }
}

async fn read_request(connection: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        if let Some(asked) = parse(&bytes) {
            return Some(asked);
        }
        match connection.read(&mut buffer).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(buffer.get(..read)?),
            _ => return None,
        }
    }
}

/// The request in `bytes`, once it is whole.
fn parse(bytes: &[u8]) -> Option<Asked> {
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..split)?).into_owned();
    let body = bytes.get(split + 4..)?;
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize =
        headers.iter().find(|(name, _)| name == "content-length").map_or(Ok(0), |(_, length)| length.parse()).ok()?;
    let body = body.get(..length)?;
    Some(Asked { path, headers, body: serde_json::from_slice(body).unwrap_or(serde_json::Value::Null) })
}
