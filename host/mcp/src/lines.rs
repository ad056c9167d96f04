//! What a process writes, in bounds: how long a line may be, and how many come.

use crate::guard::{Budget, Wire};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

/// A process's standard output. Passes all bytes on, and ends the connection at a line that is too long or at too many lines.
pub(crate) struct BoundedLines<R> {
    inner: R,
    longest: usize,
    /// Bytes of the line so far.
    length: usize,
    budget: Budget,
    wire: Arc<Wire>,
}

impl<R> BoundedLines<R> {
    pub(crate) fn new(inner: R, longest: usize, budget: Budget, wire: Arc<Wire>) -> Self {
        Self { inner, longest, length: 0, budget, wire }
    }

    fn admit(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.grow(end)?;
            self.length = 0;
            bytes = &bytes[end + 1..];
            if !self.budget.spend() {
                return Err("it wrote lines faster than anybody asked for them".to_owned());
            }
        }
        self.grow(bytes.len())
    }

    fn grow(&mut self, by: usize) -> Result<(), String> {
        self.length += by;
        if self.length > self.longest {
            return Err(format!("it wrote a line of more than {} bytes", self.longest));
        }
        Ok(())
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for BoundedLines<R> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        let admitted = this.admit(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(admitted.map_err(|why| {
            this.wire.end(&why);
            // By the contract of `AsyncRead`, nothing was read where there is an error.
            buffer.set_filled(before);
            io::Error::new(io::ErrorKind::InvalidData, why)
        }))
    }
}

/// Reads `from` to its end and hands each line to `heard`, cut to `longest` bytes. Empty lines are skipped.
pub(crate) async fn each(mut from: impl AsyncRead + Unpin, longest: usize, mut heard: impl FnMut(&str)) {
    let (mut line, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let read = match from.read(&mut chunk).await {
            Ok(read) if read > 0 => read,
            _ => break,
        };
        for byte in chunk.iter().take(read) {
            if *byte == b'\n' {
                tell(&line, &mut heard);
                line.clear();
            } else if line.len() < longest {
                line.push(*byte);
            }
        }
    }
    tell(&line, &mut heard);
}

fn tell(line: &[u8], heard: &mut impl FnMut(&str)) {
    let text = String::from_utf8_lossy(line);
    let text: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if !text.is_empty() {
        heard(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    async fn passed(bytes: &[u8], longest: usize, per_second: u32) -> (Vec<u8>, Option<String>) {
        let wire = Arc::new(Wire::default());
        let mut reader = BoundedLines::new(bytes, longest, Budget::new(per_second), Arc::clone(&wire));
        let mut read = Vec::new();
        let _ = reader.read_to_end(&mut read).await;
        (read, wire.why())
    }

    #[tokio::test]
    async fn a_line_may_be_as_long_as_the_limit_and_not_longer() {
        let fits = [b"x".repeat(100), b"\n".to_vec(), b"y".repeat(100)].concat();
        assert_eq!(passed(&fits, 100, 10).await, (fits.clone(), None));
        let (_, why) = passed(&b"x".repeat(101), 100, 10).await;
        assert_eq!(why.unwrap(), "it wrote a line of more than 100 bytes");
    }

    #[tokio::test]
    async fn more_lines_than_anybody_asked_for_end_the_connection() {
        let (_, why) = passed(&b"\n".repeat(1000), 100, 10).await;
        assert!(why.unwrap().contains("faster"));
    }

    #[tokio::test]
    async fn lines_for_the_log_are_cut_and_harmless() {
        let mut heard = Vec::new();
        let text = b"one\r\n\n\x1b[31mred\xff\n".iter().chain(&b"x".repeat(9000)).copied().collect::<Vec<u8>>();
        each(text.as_slice(), 20, |line| heard.push(line.to_owned())).await;
        assert_eq!(heard, ["one", " [31mred\u{fffd}", &"x".repeat(20)]);
    }

    proptest! {
        #[test]
        fn the_limit_does_not_hang_on_how_the_bytes_come(lines in proptest::collection::vec(0_usize..30, 1..20), cut in 1_usize..7) {
            let wire = Arc::new(Wire::default());
            let mut reader = BoundedLines::new(tokio::io::empty(), 20, Budget::new(1000), wire);
            let bytes: Vec<u8> = lines.iter().flat_map(|length| [b"x".repeat(*length), b"\n".to_vec()].concat()).collect();
            let admitted = bytes.chunks(cut).try_for_each(|chunk| reader.admit(chunk));
            prop_assert_eq!(admitted.is_ok(), lines.iter().all(|length| *length <= 20));
        }
    }
}
