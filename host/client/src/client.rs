//! The handle to a connection.

use crate::connection::{Command, Connection, EVENTS, Epitaph, Reply};
use crate::socket::now_ms;
use crate::{ClientError, ConnectOptions, Run, Socket, Watch};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use wingman_protocol::{
    Ack, AgentRequest, AnswerRequest, CancelRequest, CancelStatus, ClientFrame, RequestId, ServerFrame, SessionKey,
    SubscribeRequest, UnsubscribeRequest,
};

/// A connection that the gateway has let in. Clones share it; it is closed when the last of them, and of its runs, is gone.
#[derive(Debug, Clone)]
pub struct Client {
    options: ConnectOptions,
    commands: mpsc::Sender<Command>,
    epitaph: Epitaph,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens, what listens is no gateway, the gateway refuses (its own words are in the error), or it took too long.
    pub async fn connect(options: ConnectOptions) -> Result<Self, ClientError> {
        let (commands, epitaph) = Connection::spawn(Socket::connect(&options).await?);
        Ok(Self { options, commands, epitaph })
    }

    /// Connects again, as before. Runs and watches of the old connection end; subscribe again to go on where they were.
    ///
    /// # Errors
    /// As for [`Client::connect`]; the old connection is gone then too.
    pub async fn reconnect(&mut self) -> Result<(), ClientError> {
        // A connection that is gone already needs no closing.
        let _ = self.commands.send(Command::Close).await;
        *self = Self::connect(self.options.clone()).await?;
        Ok(())
    }

    /// Asks an agent, under a new request id.
    ///
    /// # Errors
    /// [`ClientError::Lost`]; a refusal comes through the run.
    pub async fn request_agent(&self, request: AgentRequest) -> Result<Run, ClientError> {
        let id =
            RequestId::new(uuid::Uuid::now_v7().to_string()).map_err(|error| ClientError::InvalidOption(error.to_string()))?;
        self.request_agent_as(id, request).await
    }

    /// Asks an agent, under a request id of one's own. An id that this client has used before gets the first one's outcome.
    ///
    /// # Errors
    /// [`ClientError::Lost`]; a refusal comes through the run.
    pub async fn request_agent_as(&self, id: RequestId, request: AgentRequest) -> Result<Run, ClientError> {
        let (events, receiver) = mpsc::channel(EVENTS);
        let frame = ClientFrame::AgentRequest { id: id.to_string(), payload: request, timestamp: now_ms() };
        self.command(Command::Run { id: id.clone(), frame, events }).await?;
        Ok(Run::new(id, receiver, self.commands.clone(), self.epitaph.clone()))
    }

    /// Asks the gateway to stop a request, and tells what became of it. Read the request's run meanwhile, if there is one here.
    ///
    /// # Errors
    /// [`ClientError::Refused`] for another client's request.
    pub async fn cancel(&self, request_id: RequestId) -> Result<CancelStatus, ClientError> {
        let id = new_id();
        let frame = ClientFrame::Cancel { id: Some(id.clone()), payload: CancelRequest { request_id }, timestamp: now_ms() };
        match self.ask(|reply| Command::Ask { id, frame, reply }).await? {
            ServerFrame::Ack(ack) if let Ack::Cancel { status, .. } = ack.payload => Ok(status),
            other => Err(unexpected(&other)),
        }
    }

    /// Answers a question that a run waits for. Read the run's events meanwhile, if there are any here.
    ///
    /// # Errors
    /// [`ClientError::Refused`] where it is answered already, or the answer is none to that question.
    pub async fn answer(&self, answer: AnswerRequest) -> Result<(), ClientError> {
        let id = new_id();
        let frame = ClientFrame::Answer { id: Some(id.clone()), payload: answer, timestamp: now_ms() };
        match self.ask(|reply| Command::Ask { id, frame, reply }).await? {
            ServerFrame::Ack(ack) if let Ack::Answer { .. } = ack.payload => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Watches a session: first the stored messages after `since`, where it is said, then live events. One watch a session; a
    /// second one replaces the first.
    ///
    /// # Errors
    /// [`ClientError::Refused`] where this client may not see the session.
    pub async fn subscribe(&self, session: SessionKey, since: Option<i64>) -> Result<Watch, ClientError> {
        let (events, receiver) = mpsc::channel(EVENTS);
        let id = new_id();
        let since = since.map(|seq| u64::try_from(seq).unwrap_or(0));
        let payload = SubscribeRequest { session_id: session.clone(), since };
        let frame = ClientFrame::SessionSubscribe { id: Some(id.clone()), payload, timestamp: now_ms() };
        let watched = session.clone();
        match self.ask(|reply| Command::Watch { id, frame, session: watched, events, reply }).await? {
            ServerFrame::Ack(ack) if let Ack::SessionSubscribe { seq, .. } = ack.payload => {
                Ok(Watch::new(session, seq, receiver, self.epitaph.clone()))
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Watches a session no more: its [`Watch`] ends.
    ///
    /// # Errors
    /// [`ClientError::Lost`], [`ClientError::TimedOut`]
    pub async fn unsubscribe(&self, session: SessionKey) -> Result<(), ClientError> {
        let id = new_id();
        let payload = UnsubscribeRequest { session_id: session.clone() };
        let frame = ClientFrame::SessionUnsubscribe { id: Some(id.clone()), payload, timestamp: now_ms() };
        self.ask(|reply| Command::Unwatch { id, frame, session, reply }).await.map(drop)
    }

    /// Asks whether the gateway is there, and tells how long the answer took.
    ///
    /// # Errors
    /// [`ClientError::Lost`], [`ClientError::TimedOut`]
    pub async fn ping(&self) -> Result<Duration, ClientError> {
        let (id, started) = (new_id(), Instant::now());
        let frame = ClientFrame::Ping { id: Some(id.clone()), timestamp: now_ms() };
        self.ask(|reply| Command::Ask { id, frame, reply }).await?;
        Ok(started.elapsed())
    }

    /// Closes the connection in good order, for all clones; returns when it is gone.
    pub async fn close(self) {
        if self.commands.send(Command::Close).await.is_ok() {
            self.commands.closed().await;
        }
    }

    async fn command(&self, command: Command) -> Result<(), ClientError> {
        self.commands.send(command).await.map_err(|_| self.epitaph.error())
    }

    async fn ask(&self, command: impl FnOnce(Reply) -> Command) -> Result<ServerFrame, ClientError> {
        let (reply, answer) = oneshot::channel();
        self.command(command(reply)).await?;
        let limit = self.options.timeout;
        match tokio::time::timeout(limit, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(self.epitaph.error()),
            Err(_) => Err(ClientError::TimedOut { after: limit }),
        }
    }
}

fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn unexpected(frame: &ServerFrame) -> ClientError {
    ClientError::Protocol(format!("{} does not answer what was asked", frame.to_json()))
}
