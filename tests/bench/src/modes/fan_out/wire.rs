//! The two protocols of the fan-out: the gateway's, and that of a NATS server (<https://docs.nats.io/reference/reference-protocols/nats-protocol>).

use crate::error::{BenchError, Result};
use crate::link::{Link, Reply, excerpt};
use crate::{First, Setup, socket};
use memchr::{memchr, memmem};
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// Which protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// The gateway's node plane: `register`, `join_group`, `broadcast`.
    Gateway,
    /// NATS over WebSocket, without TLS: `SUB`, `PUB`, `MSG`; publishers do not hear themselves.
    Nats,
}

impl Wire {
    pub(super) fn mode(self) -> &'static str {
        match self {
            Self::Gateway => "fan-out",
            Self::Nats => "nats",
        }
    }

    /// Connects a member to a room. Returns the connection, and the room's name for those who publish.
    pub(super) async fn join(self, setup: &Setup, run: &str, room: usize, member: usize) -> Result<(Link, String)> {
        match self {
            Self::Gateway => join_group(setup, run, room, member).await,
            Self::Nats => subscribe(setup, &format!("bench.{run}.{room}")).await,
        }
    }

    /// One message as a WebSocket frame, ready to be stamped.
    pub(super) fn frame(self, group: &str, message: &str) -> Vec<u8> {
        let mut frame = Vec::with_capacity(message.len() + 200);
        match self {
            Self::Gateway => {
                let payload = json!({ "groupId": group, "message": message });
                let text = json!({ "type": "broadcast", "payload": payload, "timestamp": 0 }).to_string();
                socket::encode(OpCode::Data(Data::Text), text.as_bytes(), &mut frame);
            }
            Self::Nats => {
                let text = format!("PUB {group} {}\r\n{message}\r\n", message.len());
                socket::encode(OpCode::Data(Data::Binary), text.as_bytes(), &mut frame);
            }
        }
        frame
    }
}

async fn join_group(setup: &Setup, run: &str, room: usize, member: usize) -> Result<(Link, String)> {
    let setup = Setup { first: First::Register, ..setup.clone() };
    let mut link = Link::sign_in(&setup, &format!("member-{room}-{member}")).await?;
    let payload = json!({ "groupName": format!("bench-{run}-{room}"), "createIfNotExists": true });
    let frame = json!({ "type": "join_group", "id": "join", "payload": payload, "timestamp": 0 });
    let joined = link.ask(&frame, |reply| reply.id.as_deref() == Some("join")).await?;
    let group = joined.group_id.ok_or_else(|| BenchError::Protocol("an ack of join_group without groupId".to_owned()))?;
    Ok((link, group))
}

async fn subscribe(setup: &Setup, subject: &str) -> Result<(Link, String)> {
    let mut link = Link::open(setup).await?;
    let options = r#"{"verbose":false,"pedantic":false,"echo":false,"lang":"bench","version":"0"}"#;
    let hello = format!("CONNECT {options}\r\nSUB {subject} 1\r\nPING\r\n");
    link.send_text(&hello).await?;
    loop {
        let answer = link.next().await?;
        if memmem::find(&answer, b"-ERR").is_some() {
            return Err(BenchError::Refused(excerpt(&answer)));
        }
        if memmem::find(&answer, b"PONG").is_some() {
            return Ok((link, subject.to_owned()));
        }
    }
}

/// Finds the messages in what a member receives.
pub(super) enum Decoder {
    /// Each frame is one.
    Gateway,
    /// Frames are pieces of a stream: what is not whole yet is kept.
    Nats { partial: Vec<u8> },
}

/// What was received.
pub(super) enum Received<'a> {
    /// Something with a message in it.
    Message(&'a [u8]),
    /// The server asks whether the member is there, and shall be sent this.
    Ping(&'static str),
}

impl Decoder {
    pub(super) fn new(wire: Wire) -> Self {
        match wire {
            Wire::Gateway => Self::Gateway,
            Wire::Nats => Self::Nats { partial: Vec::new() },
        }
    }

    /// Hands what `payload`, the content of one frame, completes to `each`.
    pub(super) fn feed(&mut self, payload: &[u8], mut each: impl FnMut(Received<'_>) -> Result<()>) -> Result<()> {
        match self {
            Self::Gateway => each(Received::Message(payload)),
            Self::Nats { partial } if partial.is_empty() => {
                let used = nats_messages(payload, &mut each)?;
                partial.extend_from_slice(payload.get(used..).unwrap_or_default());
                Ok(())
            }
            Self::Nats { partial } => {
                partial.extend_from_slice(payload);
                let used = nats_messages(partial, &mut each)?;
                partial.drain(..used);
                Ok(())
            }
        }
    }
}

/// A frame of the gateway that is no delivery: its ping, an ack, a refusal.
pub(super) fn notice(frame: &[u8]) -> Result<Option<&'static str>> {
    let reply = Reply::parse(frame)?.accepted()?;
    Ok((reply.kind == "ping").then_some(r#"{"type":"pong","timestamp":0}"#))
}

/// Hands each whole message of `stream` to `each`, and returns how many bytes are done with.
fn nats_messages(stream: &[u8], each: &mut impl FnMut(Received<'_>) -> Result<()>) -> Result<usize> {
    let mut used = 0;
    while let Some(rest) = stream.get(used..)
        && let Some(end) = memchr(b'\n', rest)
    {
        let line = rest.get(..end).unwrap_or_default();
        if line.starts_with(b"MSG ") {
            let digits = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next().unwrap_or_default();
            let length = digits.iter().fold(0usize, |sum, digit| sum * 10 + usize::from(digit.wrapping_sub(b'0')));
            let begin = end + 1;
            // Behind the message stands one more line's end.
            if rest.len() < begin + length + 2 {
                break;
            }
            each(Received::Message(rest.get(begin..begin + length).unwrap_or_default()))?;
            used += begin + length + 2;
            continue;
        }
        if line.starts_with(b"PING") {
            each(Received::Ping("PONG\r\n"))?;
        } else if line.starts_with(b"-ERR") {
            return Err(BenchError::Refused(excerpt(line)));
        }
        used += end + 1;
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_nats_are_found_wherever_frames_are_cut() {
        let stream = b"INFO {}\r\nMSG a.b 1 5\r\nhello\r\nPING\r\nMSG a.b 1 3\r\nyou\r\nMSG a.b 1 0\r\n\r\n";
        for cut in 0..stream.len() {
            let mut decoder = Decoder::new(Wire::Nats);
            let mut seen = Vec::new();
            for piece in [&stream[..cut], &stream[cut..]] {
                let mut take = |received: Received<'_>| {
                    seen.push(match received {
                        Received::Message(message) => String::from_utf8_lossy(message).into_owned(),
                        Received::Ping(answer) => answer.to_owned(),
                    });
                    Ok(())
                };
                decoder.feed(piece, &mut take).unwrap();
            }
            assert_eq!(seen, ["hello", "PONG\r\n", "you", ""], "cut at {cut}");
        }
    }
}
