//! A scripted HTTP server: it remembers what it heard, and answers as badly as the script says.

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// What it does with a request.
pub(crate) enum Answer {
    /// Writes this and waits for the next request.
    Whole(Vec<u8>),
    /// Writes this and closes.
    Last(Vec<u8>),
    /// Writes the first, and then the second for ever.
    Endless(Vec<u8>, Vec<u8>),
    /// Writes this, and nothing more.
    Stall(Vec<u8>),
}

/// What happened so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) opened: usize,
    pub(crate) closed: usize,
    /// Bytes that an endless answer got rid of.
    pub(crate) written: usize,
    /// Heads and bodies, as they came.
    pub(crate) requests: Vec<String>,
}

type Script = dyn Fn(&str) -> Answer + Send + Sync;

/// Listens on a port of its own until the test ends.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: watch::Receiver<Seen>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_with(None, script).await
    }

    pub(crate) async fn start_with(
        tls: Option<tokio_rustls::TlsAcceptor>,
        script: impl Fn(&str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, seen) = watch::channel(Seen::default());
        let (tell, script): (_, Arc<Script>) = (Arc::new(tell), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tell, script, tls) = (Arc::clone(&tell), Arc::clone(&script), tls.clone());
                tokio::spawn(async move {
                    tell.send_modify(|seen| seen.opened += 1);
                    match tls {
                        None => serve(stream, &tell, &*script).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &tell, &*script).await;
                            }
                        }
                    }
                    tell.send_modify(|seen| seen.closed += 1);
                });
            }
        });
        Self { address, seen }
    }

    /// Answers 200 with `ok`.
    pub(crate) async fn ok() -> Self {
        Self::start(|_| Answer::Whole(response("200 OK", "", "ok"))).await
    }

    /// Answers what depends on the request's first line.
    pub(crate) async fn routes(routes: &'static [(&'static str, &'static str)]) -> Self {
        Self::start(|request| {
            let path = request.split(' ').nth(1).unwrap_or_default();
            let found = routes.iter().find(|(own, _)| *own == path);
            Answer::Whole(found.map_or_else(|| response("404 Not Found", "", ""), |(_, answer)| answer.as_bytes().to_vec()))
        })
        .await
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// The one request that it got.
    pub(crate) fn request(&self) -> String {
        let seen = self.seen();
        assert_eq!(seen.requests.len(), 1, "{seen:?}");
        seen.requests[0].clone()
    }

    /// Waits until it has seen this.
    pub(crate) async fn until(&mut self, condition: impl Fn(&Seen) -> bool) {
        self.seen.wait_for(|seen| condition(seen)).await.unwrap();
    }
}

pub(crate) fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, tell: &watch::Sender<Seen>, script: &Script) {
    while let Some(request) = read_request(&mut stream).await {
        let answer = script(&request);
        tell.send_modify(|seen| seen.requests.push(request));
        match answer {
            Answer::Whole(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Answer::Last(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Answer::Endless(head, chunk) => {
                let _ = stream.write_all(&head).await;
                while stream.write_all(&chunk).await.is_ok() {
                    tell.send_modify(|seen| seen.written += chunk.len());
                }
                return;
            }
            Answer::Stall(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.read(&mut [0; 1]).await;
                return;
            }
        }
    }
}

/// Head and body of one request; none when the other side is gone.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
