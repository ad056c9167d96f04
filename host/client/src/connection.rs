//! The task that owns the socket: it sends what handles ask for, and brings each frame to the one who waits for it.

use crate::{ClientError, Socket};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};
use tokio::sync::{mpsc, oneshot};
use wingman_protocol::{Ack, AgentEventKind, ClientFrame, RequestId, ServerFrame, SessionKey};

/// How many events of one stream may wait for their reader before the connection waits with them.
pub(crate) const EVENTS: usize = 256;

/// Where events of one stream go.
pub(crate) type Events = mpsc::Sender<ServerFrame>;

/// Where the answer to one message goes. It is dropped when the connection is lost.
pub(crate) type Reply = oneshot::Sender<Result<ServerFrame, ClientError>>;

/// What a handle asks the task for.
#[derive(Debug)]
pub(crate) enum Command {
    /// Send, and expect no answer.
    Send(ClientFrame),
    /// Send, and wait for the frame with the same id.
    Ask { id: String, frame: ClientFrame, reply: Reply },
    /// Send a request, and bring its events.
    Run { id: RequestId, frame: ClientFrame, events: Events },
    /// Send a subscription; once it is confirmed, bring the session's events.
    Watch { id: String, frame: ClientFrame, session: SessionKey, events: Events, reply: Reply },
    /// Send an end of a subscription, and bring no more events.
    Unwatch { id: String, frame: ClientFrame, session: SessionKey, reply: Reply },
    /// Close the socket.
    Close,
}

/// Why the connection is gone; set before anyone can notice that it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Epitaph(Arc<OnceLock<String>>);

impl Epitaph {
    /// The error for those who come after.
    pub(crate) fn error(&self) -> ClientError {
        ClientError::Lost(self.0.get().cloned().unwrap_or_else(|| "it was closed".to_owned()))
    }

    /// The connection is gone.
    pub(crate) fn is_written(&self) -> bool {
        self.0.get().is_some()
    }

    fn write(&self, reason: String) {
        // The first reason is the true one.
        let _ = self.0.set(reason);
    }
}

struct Waiter {
    reply: Reply,
    /// To be watched as soon as the answer confirms it.
    watch: Option<(SessionKey, Events)>,
}

pub(crate) struct Connection {
    socket: Socket,
    commands: mpsc::Receiver<Command>,
    waiting: HashMap<String, Waiter>,
    runs: HashMap<RequestId, Events>,
    watches: HashMap<SessionKey, Events>,
    /// Events whose reader is behind. While there are any, the socket is not read: that is what holds the sender back.
    behind: VecDeque<(Events, ServerFrame)>,
}

impl Connection {
    /// Starts the task. It ends when the socket is lost, when it is told to close, or when all handles are gone.
    pub(crate) fn spawn(socket: Socket) -> (mpsc::Sender<Command>, Epitaph) {
        let (sender, commands) = mpsc::channel(64);
        let epitaph = Epitaph::default();
        let connection = Self {
            socket,
            commands,
            waiting: HashMap::new(),
            runs: HashMap::new(),
            watches: HashMap::new(),
            behind: VecDeque::new(),
        };
        tokio::spawn(connection.run(epitaph.clone()));
        (sender, epitaph)
    }

    async fn run(mut self, epitaph: Epitaph) {
        let reason = match self.serve().await {
            Ok(()) => "it was closed".to_owned(),
            Err(ClientError::Lost(reason)) => reason,
            Err(error) => error.to_string(),
        };
        tracing::debug!(reason, "the connection to the gateway ended");
        // Everyone who waits learns of the end by the drop of `self`, so the reason has to stand before that.
        epitaph.write(reason);
    }

    async fn serve(&mut self) -> Result<(), ClientError> {
        loop {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Close) | None => return self.socket.close().await,
                    Some(command) => self.obey(command).await?,
                },
                () = deliver(&mut self.behind), if !self.behind.is_empty() => {}
                frame = self.socket.next(), if self.behind.is_empty() => match frame {
                    Ok(Some(frame)) => self.receive(frame),
                    Ok(None) => return Err(ClientError::Lost("the gateway closed it".to_owned())),
                    // A newer gateway may say more than this client knows.
                    Err(ClientError::Protocol(error)) => tracing::debug!(error, "a frame was skipped"),
                    Err(error) => return Err(error),
                },
            }
        }
    }

    async fn obey(&mut self, command: Command) -> Result<(), ClientError> {
        let frame = match command {
            Command::Send(frame) => frame,
            Command::Ask { id, frame, reply } => {
                self.await_reply(id, reply, None);
                frame
            }
            Command::Run { id, frame, events } => {
                self.runs.insert(id, events);
                frame
            }
            Command::Watch { id, frame, session, events, reply } => {
                self.await_reply(id, reply, Some((session, events)));
                frame
            }
            Command::Unwatch { id, frame, session, reply } => {
                self.watches.remove(&session);
                self.await_reply(id, reply, None);
                frame
            }
            Command::Close => return Ok(()),
        };
        self.socket.send(&frame).await
    }

    fn await_reply(&mut self, id: String, reply: Reply, watch: Option<(SessionKey, Events)>) {
        // Those who have given up waiting are forgotten here.
        self.waiting.retain(|_, waiter| !waiter.reply.is_closed());
        self.waiting.insert(id, Waiter { reply, watch });
    }

    fn receive(&mut self, frame: ServerFrame) {
        match &frame {
            ServerFrame::Agent(event) => {
                if let Some(watch) = self.watches.get(&event.payload.session_id) {
                    self.behind.push_back((watch.clone(), frame.clone()));
                }
                let Some(id) = &event.id else { return };
                // What a subscription repeats of a request is not news of its run.
                if matches!(event.payload.kind, AgentEventKind::SessionMessage { .. }) {
                    return;
                }
                let last = event.payload.kind.is_final();
                let run = if last { self.runs.remove(id) } else { self.runs.get(id).cloned() };
                self.behind.extend(run.map(|run| (run, frame)));
            }
            ServerFrame::Error(error) => {
                let id = error.id.clone().unwrap_or_default();
                let run = RequestId::new(&id).ok().and_then(|id| self.runs.remove(&id));
                match run {
                    Some(run) => self.behind.push_back((run, frame)),
                    None => self.answer(&id, frame),
                }
            }
            ServerFrame::Ack(ack) => {
                let id = ack.id.clone().unwrap_or_default();
                self.answer(&id, frame);
            }
            ServerFrame::Pong(pong) => {
                let id = pong.id.clone().unwrap_or_default();
                self.answer(&id, frame);
            }
            // This client is no node.
            ServerFrame::Broadcast(_) | ServerFrame::Direct(_) | ServerFrame::Ping(_) => {}
            ServerFrame::Res(_) | ServerFrame::Unknown => {}
        }
    }

    fn answer(&mut self, id: &str, frame: ServerFrame) {
        let Some(Waiter { reply, watch }) = self.waiting.remove(id) else {
            tracing::debug!(?frame, "nobody waits for this frame");
            return;
        };
        let answer = match frame {
            ServerFrame::Error(error) => Err(ClientError::Refused(Box::new(error.payload))),
            frame => {
                // From here on every event of the session follows the confirmation.
                if let (ServerFrame::Ack(ack), Some((session, events))) = (&frame, watch)
                    && matches!(ack.payload, Ack::SessionSubscribe { .. })
                {
                    self.watches.insert(session, events);
                }
                Ok(frame)
            }
        };
        // Who gave up waiting needs no answer.
        let _ = reply.send(answer);
    }
}

/// Waits until the reader of the first event takes it. Cancel-safe: an event leaves the queue only as it is delivered.
async fn deliver(behind: &mut VecDeque<(Events, ServerFrame)>) {
    let Some((events, _)) = behind.front() else { return };
    let permit = events.clone().reserve_owned().await;
    if let (Some((_, frame)), Ok(permit)) = (behind.pop_front(), permit) {
        permit.send(frame);
    }
}
