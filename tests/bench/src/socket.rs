//! A WebSocket from the client's side (RFC 6455), as cheap as it can be: one read takes as many frames as the kernel has, into one
//! buffer that all connections of a thread share, and no frame is copied. The generator runs on the cores that it measures.

use crate::Target;
use crate::error::{BenchError, Result};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io::Cursor;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Mutex;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::frame::{FrameHeader, coding::OpCode};

/// What one read takes at most.
const SCRATCH: usize = 256 << 10;
/// The largest frame that is taken.
const MAX_FRAME: u64 = 32 << 20;
/// The largest answer to the upgrade that is taken.
const MAX_HEAD: usize = 16 << 10;

thread_local! {
    /// Bytes just read. Nothing is kept in it from one read to the next.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH]);
}

/// A frame as it lies in the buffer.
pub(crate) struct Frame<'a> {
    pub(crate) opcode: OpCode,
    pub(crate) is_final: bool,
    pub(crate) payload: &'a [u8],
}

/// Opens a WebSocket at `target`.
pub(crate) async fn open(target: &Target) -> Result<(Reader, Writer)> {
    let unreachable = |source| BenchError::Unreachable { address: target.address(), source };
    let mut stream = TcpStream::connect(target.address()).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    let rest = upgrade(&mut stream, target).await?;
    let (read, write) = stream.into_split();
    Ok((Reader { half: read, partial: rest }, Writer(Arc::new(Mutex::new(write)))))
}

/// The opening handshake (section 4.1). Returns what came behind the server's answer.
async fn upgrade(stream: &mut TcpStream, target: &Target) -> Result<Vec<u8>> {
    let unreachable = |source| BenchError::Unreachable { address: target.address(), source };
    let key = generate_key();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {key}\r\n\r\n",
        target.path(),
        target.authority()
    );
    stream.write_all(request.as_bytes()).await.map_err(unreachable)?;
    let mut answer = Vec::with_capacity(512);
    let end = loop {
        if let Some(end) = memchr::memmem::find(&answer, b"\r\n\r\n") {
            break end + 4;
        }
        if answer.len() > MAX_HEAD || stream.read_buf(&mut answer).await.map_err(unreachable)? == 0 {
            return Err(BenchError::Refused("the upgrade to a WebSocket had no answer".to_owned()));
        }
    };
    let rest = answer.split_off(end);
    let head = String::from_utf8_lossy(&answer);
    if !head.starts_with("HTTP/1.1 101") {
        return Err(BenchError::Refused(head.lines().next().unwrap_or_default().to_owned()));
    }
    if !head.contains(&derive_accept_key(key.as_bytes())) {
        return Err(BenchError::Protocol("the upgrade was answered for another key".to_owned()));
    }
    Ok(rest)
}

/// The way in.
pub(crate) struct Reader {
    half: OwnedReadHalf,
    /// The beginning of a frame whose rest is still to come, or what came with the handshake: it is seen with the next bytes.
    partial: Vec<u8>,
}

impl Reader {
    /// Waits until something is there, and hands every whole frame of it to `each`. Bytes of an unfinished frame are kept, so
    /// this may be cancelled and may hand over nothing.
    pub(crate) async fn read(&mut self, mut each: impl FnMut(Frame<'_>) -> Result<()>) -> Result<()> {
        poll_fn(|context| self.poll_read(context, &mut each)).await
    }

    fn poll_read(&mut self, context: &mut Context<'_>, each: &mut impl FnMut(Frame<'_>) -> Result<()>) -> Poll<Result<()>> {
        BUFFER.with_borrow_mut(|buffer| {
            let Self { half, partial } = self;
            let kept = partial.len();
            // A large frame makes the buffer larger: at least half of it is free.
            if buffer.len() < 2 * kept {
                buffer.resize(2 * kept, 0);
            }
            let (begin, free) = buffer.split_at_mut(kept);
            let mut free = ReadBuf::new(free);
            ready!(Pin::new(half).poll_read(context, &mut free))
                .map_err(|error| BenchError::Closed(format!("it was cut: {error}")))?;
            let read = free.filled().len();
            if read == 0 {
                return Poll::Ready(Err(BenchError::Closed("without a reason".to_owned())));
            }
            begin.copy_from_slice(partial);
            let bytes = buffer.get(..kept + read).unwrap_or_default();
            let used = frames(bytes, each)?;
            partial.clear();
            partial.extend_from_slice(bytes.get(used..).unwrap_or_default());
            Poll::Ready(Ok(()))
        })
    }
}

/// Hands the whole frames at the beginning of `bytes` to `each`, and returns how many bytes they are.
fn frames(bytes: &[u8], each: &mut impl FnMut(Frame<'_>) -> Result<()>) -> Result<usize> {
    let broken = |reason: String| BenchError::Protocol(format!("a WebSocket frame: {reason}"));
    let mut used = 0;
    while let Some(rest) = bytes.get(used..) {
        let mut cursor = Cursor::new(rest);
        let Some((header, length)) = FrameHeader::parse(&mut cursor).map_err(|error| broken(error.to_string()))? else {
            break;
        };
        if length > MAX_FRAME {
            return Err(broken(format!("{length} bytes")));
        }
        let begin = cursor.position() as usize;
        let end = begin + length as usize;
        let Some(payload) = rest.get(begin..end) else { break };
        each(Frame { opcode: header.opcode, is_final: header.is_final, payload })?;
        used += end;
    }
    Ok(used)
}

/// The way out. Cheap to clone; the frames of all clones stay whole.
#[derive(Clone)]
pub(crate) struct Writer(Arc<Mutex<OwnedWriteHalf>>);

impl Writer {
    /// Sends bytes that are whole frames, made by [`encode`].
    pub(crate) async fn send(&self, frames: &[u8]) -> Result<()> {
        let mut half = self.0.lock().await;
        half.write_all(frames).await.map_err(|error| BenchError::Closed(format!("it was cut: {error}")))
    }
}

/// Appends one frame to `frames`. Its mask is zero: the server has the work of unmasking all the same, and the generator none.
pub(crate) fn encode(opcode: OpCode, payload: &[u8], frames: &mut Vec<u8>) {
    let header = FrameHeader { opcode, mask: Some([0; 4]), ..FrameHeader::default() };
    // Writing to memory does not fail.
    let _ = header.format(payload.len() as u64, frames);
    frames.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;

    #[test]
    fn frames_are_found_whole_and_the_rest_is_left() {
        let mut bytes = Vec::new();
        for payload in ["a".repeat(3), "b".repeat(300), "c".repeat(70_000)] {
            let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
            header.format(payload.len() as u64, &mut bytes).unwrap();
            bytes.extend_from_slice(payload.as_bytes());
        }
        for (cut, whole) in [(bytes.len(), 3), (bytes.len() - 1, 2), (6, 1), (4, 0), (1, 0), (0, 0)] {
            let mut seen = Vec::new();
            let used = frames(&bytes[..cut], &mut |frame| {
                seen.push(frame.payload.len());
                Ok(())
            })
            .unwrap();
            assert_eq!(seen, [3, 300, 70_000][..whole], "cut at {cut}");
            assert!(used <= cut);
        }
    }
}
