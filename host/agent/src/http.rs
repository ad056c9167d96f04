//! The HTTP client below every provider: time-outs, byte caps, no redirects (a key must not follow one), and errors that
//! hold no address. It knows no provider and no message format but where one event of a stream ends.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use rig_core::http_client::{BoxedStream, Error, HttpClientExt, LazyBody, MultipartForm, Request, Response, StreamingResponse};
use std::time::Duration;

/// How long to wait for a provider, and how much to take from it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the answer begins.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
    /// The largest answer, in bytes as sent.
    pub stream_bytes: usize,
    /// The largest single event of an answer, in bytes as sent.
    pub event_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            stream_bytes: 16 * 1024 * 1024,
            event_bytes: 1024 * 1024,
        }
    }
}

/// What went wrong between us and a provider, as opposed to what the provider said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpFailure {
    #[error("{0}")]
    Unreachable(String),
    #[error("it did not begin to answer within {} s", .0.as_secs_f32())]
    NoAnswer(Duration),
    #[error("nothing came for {} s", .0.as_secs_f32())]
    Idle(Duration),
    #[error("the connection was lost: {0}")]
    Lost(String),
    #[error("it is longer than {0} bytes")]
    StreamTooLong(usize),
    #[error("one event is longer than {0} bytes")]
    EventTooLong(usize),
}

impl From<HttpFailure> for Error {
    fn from(failure: HttpFailure) -> Self {
        Self::instance(failure)
    }
}

/// The client. Clones share its connections.
#[derive(Debug, Clone)]
pub(crate) struct GuardedHttp {
    client: reqwest::Client,
    limits: Limits,
}

impl GuardedHttp {
    pub(crate) fn new(limits: Limits) -> Result<Self, String> {
        // Fails only where one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(limits.connect)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("wingman/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| reason(&error))?;
        Ok(Self { client, limits })
    }

    fn open(&self, request: Request<Bytes>) -> impl Future<Output = Result<StreamingResponse, Error>> + Send + 'static {
        let Self { client, limits } = self.clone();
        async move {
            let request = reqwest::Request::try_from(request).map_err(|error| Error::instance(error.without_url()))?;
            let answer = tokio::time::timeout(limits.first_byte, client.execute(request)).await;
            let answer = answer
                .map_err(|_| HttpFailure::NoAnswer(limits.first_byte))?
                .map_err(|error| HttpFailure::Unreachable(reason(&error.without_url())))?;
            let mut response = Response::new(());
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            let meter = Meter::new(limits, is_event_stream(&answer));
            Ok(response.map(|()| guarded(answer.bytes_stream(), meter, limits.idle)))
        }
    }
}

impl HttpClientExt for GuardedHttp {
    fn send<T, U>(&self, request: Request<T>) -> impl Future<Output = Result<Response<LazyBody<U>>, Error>> + Send + 'static
    where
        T: Into<Bytes> + Send,
        U: From<Bytes> + Send + 'static,
    {
        let opening = self.open(request.map(Into::into));
        async move {
            Ok(opening.await?.map(|mut body| -> LazyBody<U> {
                Box::pin(async move {
                    let mut whole = Vec::new();
                    while let Some(chunk) = body.next().await {
                        whole.extend_from_slice(&chunk?);
                    }
                    Ok(U::from(Bytes::from(whole)))
                })
            }))
        }
    }

    fn send_multipart<U>(
        &self,
        _: Request<MultipartForm>,
    ) -> impl Future<Output = Result<Response<LazyBody<U>>, Error>> + Send + 'static
    where
        U: From<Bytes> + Send + 'static,
    {
        // Only transcription and image editing send forms; no model of ours does.
        std::future::ready(Err(HttpFailure::Unreachable("forms are not sent".into()).into()))
    }

    fn send_streaming<T>(&self, request: Request<T>) -> impl Future<Output = Result<StreamingResponse, Error>> + Send
    where
        T: Into<Bytes> + Send,
    {
        self.open(request.map(Into::into))
    }
}

fn is_event_stream(answer: &reqwest::Response) -> bool {
    let content_type = answer.headers().get(reqwest::header::CONTENT_TYPE);
    content_type.and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with("text/event-stream"))
}

/// The innermost reason of an error, which is the one that people understand ("connection refused").
fn reason(error: &dyn std::error::Error) -> String {
    let (mut told, mut source) = (error.to_string(), error.source());
    while let Some(inner) = source {
        told = inner.to_string();
        source = inner.source();
    }
    told
}

fn guarded(body: impl Stream<Item = reqwest::Result<Bytes>> + Send + 'static, meter: Meter, idle: Duration) -> BoxedStream {
    let start = Some((Box::pin(body), meter));
    Box::pin(futures::stream::unfold(start, move |state| async move {
        let (mut body, mut meter) = state?;
        let failure = match tokio::time::timeout(idle, body.next()).await {
            Ok(None) => return None,
            Ok(Some(Ok(chunk))) => match meter.count(&chunk) {
                Ok(()) => return Some((Ok(chunk), Some((body, meter)))),
                Err(failure) => failure,
            },
            Ok(Some(Err(error))) => HttpFailure::Lost(reason(&error.without_url())),
            Err(_) => HttpFailure::Idle(idle),
        };
        Some((Err(failure.into()), None))
    }))
}

/// Counts an answer's bytes, whole and by event, before anything buffers them.
struct Meter {
    limits: Limits,
    /// Events end at an empty line (`text/event-stream`), or else at each line's end.
    until_empty_line: bool,
    stream: usize,
    event: usize,
    line: usize,
}

impl Meter {
    fn new(limits: Limits, until_empty_line: bool) -> Self {
        Self { limits, until_empty_line, stream: 0, event: 0, line: 0 }
    }

    fn count(&mut self, chunk: &[u8]) -> Result<(), HttpFailure> {
        self.stream = self.stream.saturating_add(chunk.len());
        if self.stream > self.limits.stream_bytes {
            return Err(HttpFailure::StreamTooLong(self.limits.stream_bytes));
        }
        for byte in chunk {
            match byte {
                b'\n' => {
                    if !self.until_empty_line || self.line == 0 {
                        self.event = 0;
                    }
                    self.line = 0;
                }
                b'\r' => {}
                _ => {
                    self.line += 1;
                    self.event += 1;
                }
            }
            if self.event > self.limits.event_bytes {
                return Err(HttpFailure::EventTooLong(self.limits.event_bytes));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(until_empty_line: bool) -> Meter {
        Meter::new(Limits { stream_bytes: 100, event_bytes: 8, ..Limits::default() }, until_empty_line)
    }

    #[test]
    fn events_are_counted_apart_wherever_the_chunks_are_cut() {
        let mut sse = meter(true);
        for chunk in ["data:1", "2\r", "\n\r", "\ndata:34", "\n", "\n"] {
            sse.count(chunk.as_bytes()).unwrap();
        }
        let mut lines = meter(false);
        lines.count(b"12345678\n12345678\n").unwrap();
        assert_eq!(lines.count(b"123456789"), Err(HttpFailure::EventTooLong(8)));
    }

    #[test]
    fn lines_of_one_event_add_up() {
        assert_eq!(meter(true).count(b"data:12\ndata:34\n"), Err(HttpFailure::EventTooLong(8)));
    }

    #[test]
    fn many_small_events_are_too_much_in_the_end() {
        let mut sse = meter(true);
        let result: Result<Vec<()>, _> = (0..30).map(|_| sse.count(b"1234\n\n")).collect();
        assert_eq!(result, Err(HttpFailure::StreamTooLong(100)));
    }
}
