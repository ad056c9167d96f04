//! The same network by its socket: hello, identify or resume, heartbeats, events with sequence numbers.

use serde::Deserialize;
use serde_json::json;
use wingman_sdk::host::config;
use wingman_sdk::{Action, Channel, Frame, Inbound, Opening, Peer, Place, PluginError, Result, SecretUse, Sender, Socket, log};

/// Waits before a new connection, in milliseconds.
const RECONNECT_MS: u32 = 1_000;

/// The channel. It only listens.
pub struct ParlorSocket;

impl Channel for ParlorSocket {}

/// One connection after the other, with what has to be known across frames.
#[derive(Default)]
pub struct Connection {
    /// `session:sequence` of the last event that was handed over.
    checkpoint: Option<String>,
    session: String,
    heartbeat_ms: u32,
    /// A beat was sent and not acknowledged.
    is_waiting: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Settings {
    socket_url: String,
}

/// What the server says.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Said {
    Hello {
        heartbeat_ms: u32,
    },
    Ready {
        session: String,
    },
    Event {
        sequence: u64,
        message: Message,
    },
    BeatAck,
    /// The session cannot be resumed.
    Forgotten,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    room: String,
    author: String,
    text: String,
}

impl Socket for Connection {
    fn open(&mut self, checkpoint: Option<String>) -> Result<Opening> {
        let settings: Settings = config::settings()?;
        *self = Self { checkpoint, ..Self::default() };
        Ok(Opening::to(settings.socket_url))
    }

    fn on_frame(&mut self, frame: Frame) -> Vec<Action> {
        match frame.json() {
            Ok(said) => self.said(said),
            Err(error) => {
                log::warn("skipped a frame", &[("error", &error.to_string())]);
                Vec::new()
            }
        }
    }

    fn on_tick(&mut self) -> Vec<Action> {
        if self.is_waiting {
            return vec![Action::Reconnect(RECONNECT_MS)];
        }
        self.is_waiting = true;
        vec![Action::send_json(&json!({ "op": "beat" })), Action::TickAfter(self.heartbeat_ms)]
    }

    fn on_close(&mut self, code: u16, reason: String) -> Vec<Action> {
        match code {
            4_001 => vec![Action::Stop(PluginError::unauthorized(format!("the server refused the token: {reason}")))],
            _ => vec![Action::Reconnect(RECONNECT_MS)],
        }
    }
}

impl Connection {
    fn said(&mut self, said: Said) -> Vec<Action> {
        match said {
            Said::Hello { heartbeat_ms } => {
                self.heartbeat_ms = heartbeat_ms;
                vec![self.sign_in(), Action::TickAfter(heartbeat_ms)]
            }
            Said::Ready { session } => {
                self.session = session;
                Vec::new()
            }
            Said::Event { sequence, message } => {
                let checkpoint = format!("{}:{sequence}", self.session);
                self.checkpoint = Some(checkpoint.clone());
                // The host stores message and checkpoint in one step; what is acknowledged after that is never lost.
                vec![
                    Action::Emit(message.into_inbound()),
                    Action::Checkpoint(checkpoint),
                    Action::send_json(&json!({ "op": "ack", "sequence": sequence })),
                ]
            }
            Said::BeatAck => {
                self.is_waiting = false;
                Vec::new()
            }
            Said::Forgotten => {
                self.checkpoint = None;
                vec![self.sign_in()]
            }
        }
    }

    /// The token is put in by the host.
    fn sign_in(&mut self) -> Action {
        let resumed = self.checkpoint.as_deref().and_then(|checkpoint| checkpoint.rsplit_once(':'));
        let frame = match resumed {
            Some((session, sequence)) => {
                self.session = session.to_owned();
                json!({ "op": "resume", "token": "", "session": session, "after": sequence })
            }
            None => json!({ "op": "identify", "token": "" }),
        };
        Action::send_sealed(&frame, SecretUse::in_json("bot-token", "/token"))
    }
}

impl Message {
    fn into_inbound(self) -> Inbound {
        let place = Place { account: config::account(), peer: Some(Peer::dm(self.room)), ..Place::default() };
        Inbound::new(self.id, self.text).at(place).from_sender(Sender::person(self.author))
    }
}

wingman_sdk::export_channel!(ParlorSocket: socket = Connection);
