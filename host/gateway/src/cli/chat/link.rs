//! The connection to one session: what happens there, what this chat has asked and is not answered yet, and how all of that goes on
//! behind a lost connection.

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, SelectAll};
use futures::{FutureExt as _, StreamExt as _};
use wingman_client::{Client, ClientError, ConnectOptions, Watch};
use wingman_message::{Clock as _, QuestionId, RequestId, RunId, SessionKey, SystemClock};
use wingman_protocol::{AgentFrame, AgentRequest, AnswerRequest, CancelStatus, QueueMode};

/// How many requests of this chat may be unanswered.
const MAX_REQUESTS: usize = 64;
/// How many sessions that were handed tasks are watched.
const MAX_CHILDREN: usize = 32;

/// What happened.
pub(super) enum Happened {
    /// An event of the session, or of one that it handed a task to.
    Event(Box<AgentFrame>),
    /// The gateway refused a request.
    Refused(String),
    /// A request has its end, or an answer or a cancellation was taken.
    Done,
    /// What became of a cancellation that found nothing.
    NothingToCancel,
    /// The answer to a question was not taken.
    AnswerRefused(QuestionId, String),
    /// The connection is lost; nothing happens before [`Link::again`].
    Lost(String),
}

enum Work {
    Ended(RequestId, Result<(), ClientError>),
    Cancelled(Result<CancelStatus, ClientError>),
    Answered(QuestionId, Result<(), ClientError>),
    Watching(Box<Result<Watch, ClientError>>),
}

/// A session, connected.
pub(super) struct Link {
    client: Client,
    session: SessionKey,
    /// The newest event that was seen.
    seq: Option<i64>,
    watches: SelectAll<Watch>,
    requests: Vec<(RequestId, AgentRequest)>,
    work: FuturesUnordered<BoxFuture<'static, Work>>,
}

impl Link {
    pub(super) async fn connect(options: ConnectOptions, session: SessionKey) -> Result<Self, ClientError> {
        let client = Client::connect(options).await?;
        let (watches, work) = (SelectAll::new(), FuturesUnordered::new());
        Ok(Self { client, session, seq: None, watches, requests: Vec::new(), work })
    }

    pub(super) fn session(&self) -> &SessionKey {
        &self.session
    }

    /// Something of this chat is not answered yet.
    pub(super) fn is_waiting(&self) -> bool {
        !self.requests.is_empty()
    }

    /// The request came from here.
    pub(super) fn is_own(&self, request: &RequestId) -> bool {
        self.requests.iter().any(|(id, _)| id == request)
    }

    /// Watches `session` from behind `since` on, and no other one. What was asked elsewhere goes on in the gateway.
    pub(super) async fn watch(&mut self, session: SessionKey, since: Option<i64>) -> Result<(), ClientError> {
        self.requests.clear();
        self.watches.clear();
        self.work.clear();
        if session != self.session {
            self.client.unsubscribe(self.session.clone()).await?;
        }
        self.session = session.clone();
        self.seq = since;
        self.watches.push(self.client.subscribe(session, since).await?);
        Ok(())
    }

    /// Asks; none where too much is unanswered.
    pub(super) fn ask(&mut self, content: String, mode: QueueMode) -> Option<RequestId> {
        if self.requests.len() >= MAX_REQUESTS {
            return None;
        }
        let id = RequestId::new(RunId::new(SystemClock.now_ms()).to_string()).ok()?;
        let mut request = AgentRequest::new(content);
        request.session_key = Some(self.session.clone());
        request.queue_mode = Some(mode);
        self.requests.push((id.clone(), request.clone()));
        self.send(id.clone(), request);
        Some(id)
    }

    /// Stops the oldest request that is not answered; false where there is none.
    pub(super) fn cancel(&mut self) -> bool {
        let Some((id, _)) = self.requests.first().cloned() else { return false };
        let client = self.client.clone();
        self.work.push(async move { Work::Cancelled(client.cancel(id).await) }.boxed());
        true
    }

    pub(super) fn answer(&mut self, answer: AnswerRequest) {
        let (client, id) = (self.client.clone(), answer.question_id);
        self.work.push(async move { Work::Answered(id, client.answer(answer).await) }.boxed());
    }

    /// Watches a session that was handed a task, beside this one.
    pub(super) fn watch_child(&mut self, session: SessionKey) {
        if self.watches.len() > MAX_CHILDREN {
            return;
        }
        let client = self.client.clone();
        self.work.push(async move { Work::Watching(Box::new(client.subscribe(session, None).await)) }.boxed());
    }

    /// What happens next. Cancel-safe.
    pub(super) async fn next(&mut self) -> Happened {
        loop {
            tokio::select! {
                Some(frame) = self.watches.next(), if !self.watches.is_empty() => match frame {
                    Ok(frame) => {
                        if frame.payload.session_id == self.session {
                            self.seq = self.seq.max(Some(frame.seq));
                        }
                        return Happened::Event(Box::new(frame));
                    }
                    Err(error) => return self.lost(&error),
                },
                Some(work) = self.work.next(), if !self.work.is_empty() => match work {
                    Work::Ended(id, Ok(())) => {
                        self.requests.retain(|(request, _)| *request != id);
                        return Happened::Done;
                    }
                    Work::Ended(id, Err(ClientError::Refused(why))) => {
                        self.requests.retain(|(request, _)| *request != id);
                        return Happened::Refused(why.message);
                    }
                    Work::Answered(id, Err(ClientError::Refused(why))) => return Happened::AnswerRefused(id, why.message),
                    Work::Cancelled(Ok(CancelStatus::NotFound)) => return Happened::NothingToCancel,
                    Work::Watching(watch) => self.watches.extend(*watch),
                    Work::Cancelled(Ok(_)) | Work::Answered(_, Ok(())) => return Happened::Done,
                    // The connection is lost, and the watch tells it.
                    _ => {}
                },
                // Neither events nor work: the connection ended without a word.
                else => return self.lost(&ClientError::Lost("it was closed".to_owned())),
            }
        }
    }

    /// Connects again and goes on behind the newest event that was seen. What was asked and not answered is asked again under
    /// its own id: it is done once.
    pub(super) async fn again(&mut self) -> Result<(), ClientError> {
        self.client.reconnect().await?;
        self.watches.push(self.client.subscribe(self.session.clone(), self.seq).await?);
        for (id, request) in self.requests.clone() {
            self.send(id, request);
        }
        Ok(())
    }

    pub(super) async fn close(self) {
        self.client.close().await;
    }

    fn lost(&mut self, error: &ClientError) -> Happened {
        self.watches.clear();
        self.work.clear();
        Happened::Lost(error.to_string())
    }

    /// The events themselves come with the watch; what is awaited here is the end.
    fn send(&mut self, id: RequestId, request: AgentRequest) {
        let client = self.client.clone();
        let work = async move {
            let ended = async {
                let mut run = client.request_agent_as(id.clone(), request).await?;
                while let Some(event) = run.next_event().await {
                    event?;
                }
                Ok(())
            };
            let ended = ended.await;
            Work::Ended(id, ended)
        };
        self.work.push(work.boxed());
    }
}
