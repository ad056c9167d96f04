//! A connection that speaks the gateway's protocol: signing in, asking, and receiving without a look at what does not matter.

use crate::error::{BenchError, Result};
use crate::setup::{First, Setup};
use crate::socket::{self, Frame, Reader, Writer};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// How long an answer during the set-up may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection. Data frames that were read before somebody asked for them wait in `unread`, at most as many as one read gives.
pub(crate) struct Link {
    reader: Reader,
    writer: Writer,
    unread: VecDeque<Vec<u8>>,
}

/// A frame of the server, read in full: for the set-up and for what is rare.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reply {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) id: Option<String>,
    pub(crate) ok: Option<bool>,
    pub(crate) group_id: Option<String>,
    #[serde(default)]
    pub(crate) payload: Value,
}

impl Reply {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|error| BenchError::Protocol(format!("{error} in {}", excerpt(bytes))))
    }

    /// An error where the server refuses.
    pub(crate) fn accepted(self) -> Result<Self> {
        let refused = self.kind == "error" || self.ok == Some(false);
        if !refused {
            return Ok(self);
        }
        let text = |key| self.payload.get(key).and_then(Value::as_str);
        let words = self.payload.as_str().or(text("message")).unwrap_or_default();
        Err(BenchError::Refused(format!("{words} {}", text("code").unwrap_or_default()).trim().to_owned()))
    }
}

impl Link {
    /// Opens a connection and says nothing.
    pub(crate) async fn open(setup: &Setup) -> Result<Self> {
        let (reader, writer) = socket::open(&setup.url).await?;
        Ok(Self { reader, writer, unread: VecDeque::new() })
    }

    /// Opens a connection and signs in as `name`, with the first frame that `setup` says.
    pub(crate) async fn sign_in(setup: &Setup, name: &str) -> Result<Self> {
        let mut link = Self::open(setup).await?;
        let token = setup.token.as_ref().map(|token| token.expose_secret());
        match setup.first {
            First::Connect => {
                let client = json!({ "instanceId": name, "clientType": "bench" });
                let auth = token.map(|token| json!({ "token": token }));
                let frame = json!({ "type": "connect", "id": "connect", "client": client, "auth": auth, "timestamp": 0 });
                link.ask(&frame, |reply| reply.kind == "res").await?;
            }
            First::Register => {
                let payload = json!({ "name": name, "token": token });
                let frame = json!({ "type": "register", "id": "register", "payload": payload, "timestamp": 0 });
                link.ask(&frame, |reply| reply.kind == "ack").await?;
            }
        }
        Ok(link)
    }

    /// Sends a frame and waits for the answer to it. What comes before is dropped; refusals are errors.
    pub(crate) async fn ask(&mut self, frame: &Value, answers: impl Fn(&Reply) -> bool) -> Result<Reply> {
        self.send_text(&frame.to_string()).await?;
        let wait = async {
            loop {
                let reply = Reply::parse(&self.next().await?)?.accepted()?;
                if answers(&reply) {
                    return Ok(reply);
                }
            }
        };
        let late = BenchError::TimedOut { what: "signing in", seconds: PATIENCE.as_secs() };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or(Err(late))
    }

    pub(crate) async fn send_text(&self, text: &str) -> Result<()> {
        let mut frame = Vec::with_capacity(text.len() + 16);
        socket::encode(OpCode::Data(Data::Text), text.as_bytes(), &mut frame);
        self.writer.send(&frame).await
    }

    /// The way out, for a task of its own.
    pub(crate) fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// The next data frame.
    pub(crate) async fn next(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(frame) = self.unread.pop_front() {
                return Ok(frame);
            }
            let mut unread = std::mem::take(&mut self.unread);
            self.read(|payload| {
                unread.push_back(payload.to_vec());
                Ok(())
            })
            .await?;
            self.unread = unread;
        }
    }

    /// Hands what is there, or comes next, to `each`, one data frame after another. May be cancelled.
    pub(crate) async fn receive(&mut self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        for frame in std::mem::take(&mut self.unread) {
            each(&frame)?;
        }
        self.read(each).await
    }

    async fn read(&mut self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut pongs = Vec::new();
        self.reader
            .read(|frame| match frame {
                Frame { opcode: OpCode::Data(_), is_final: true, payload } => each(payload),
                Frame { opcode: OpCode::Data(_), is_final: false, .. } => {
                    Err(BenchError::Protocol("a message in several frames".to_owned()))
                }
                Frame { opcode: OpCode::Control(Control::Ping), payload, .. } => {
                    socket::encode(OpCode::Control(Control::Pong), payload, &mut pongs);
                    Ok(())
                }
                Frame { opcode: OpCode::Control(Control::Close), payload, .. } => Err(BenchError::Closed(excerpt(
                    // A code of two bytes stands before the reason.
                    payload.get(2..).unwrap_or_default(),
                ))),
                Frame { opcode: OpCode::Control(_), .. } => Ok(()),
            })
            .await?;
        if pongs.is_empty() { Ok(()) } else { self.writer.send(&pongs).await }
    }
}

/// What a person needs to see of `bytes`.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes)).into_owned()
}
