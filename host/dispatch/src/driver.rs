//! A run, step by step: what must be durable before a step begins, whom to ask, and how long it may all take. The journal is the
//! truth: whatever is dropped here goes on from it in the next life of the process.

use crate::FolderError;
use crate::context::{Past, compact};
use crate::delegate::Delegation;
use crate::hub::{Feed, RequestRef};
use crate::questions;
use crate::session::Shared;
use crate::turn::persist;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;
use wingman_message::{
    AgentRuntime, Answer, Approval, DeliveryId, Entry, Message, NewQuestion, Next, NextCall, Progress, QuestionKind, RunContext,
    RunError, Step, StopReason, ToolCall, Usage, Work,
};
use wingman_store::{AgentStore, Asked, StoreError};

/// Answers a call that was in flight when the process ended, and that must not be made twice.
const INTERRUPTED: &str = "interrupted: the gateway was restarted during this call; the tool may or may not have done its work";

/// Answers a wish to react where nobody could see it.
const NO_REACTIONS: &str = "the message did not come from a network where you can react to it; nothing was done";

/// How often a conversation that the model finds too long is shortened and tried again in one run.
const MAX_SHORTENINGS: u32 = 3;

/// What a run came to.
pub(crate) struct Drive {
    /// The last step and its number, where the run ended with an answer.
    pub(crate) last: Option<(u32, Entry)>,
    pub(crate) result: Result<StopReason, DriveError>,
    pub(crate) spent: Spent,
}

/// What a run used so far.
#[derive(Default)]
pub(crate) struct Spent {
    pub(crate) usage: Usage,
    /// The model that answered last.
    pub(crate) model: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the run was stopped after {0} seconds without an end")]
    TimedOut(u64),
    #[error("the run was given up: the process ended {0} times while it ran")]
    GaveUp(u32),
    #[error("the session's working folder cannot be used: {0}; set another one, or none")]
    Folder(#[from] FolderError),
    #[error("what the run did could not be stored; the gateway's log says why")]
    NotStored,
    /// The process is ending: the next start goes on with the run.
    #[error("the process is ending")]
    Suspended,
}

/// The run is between a tool's result and the next request to the model: whoever wants to may join it.
pub(crate) struct Boundary {
    /// How many steps its journal has.
    pub(crate) number: u32,
    /// What users said, which is in the journal by now.
    pub(crate) reply: oneshot::Sender<Vec<Message>>,
}

/// What a run needs, apart from its session.
pub(crate) struct Driver {
    pub(crate) agent: Arc<dyn AgentRuntime>,
    pub(crate) store: AgentStore,
    /// What the run answers.
    pub(crate) delivery: DeliveryId,
    pub(crate) shared: Arc<Shared>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) origin: RequestRef,
    /// The conversation before the turn.
    pub(crate) past: Past,
    /// The older part of the conversation is summed up before the next request to the model, where that helps: at the start, and when
    /// the model finds it too long.
    pub(crate) is_too_long: bool,
    /// How often the model found it too long.
    pub(crate) shortenings: u32,
    /// The turn so far: what users said, then the journal.
    pub(crate) entries: Vec<Entry>,
    /// How many of `entries` are not in the journal: what users said before the run.
    pub(crate) unjournaled: u32,
    /// The call that was in flight when an earlier life of the process ended.
    pub(crate) in_flight: Option<String>,
    pub(crate) context: RunContext,
    /// Held while the run does something, given back while it waits for somebody.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
    pub(crate) boundary: mpsc::Sender<Boundary>,
    /// A question was answered; the store knows which, and how.
    pub(crate) answered: Arc<Notify>,
    pub(crate) delegation: Delegation,
    /// It came through a channel: whoever wrote there is asked there.
    pub(crate) is_channel: bool,
}

impl Driver {
    /// Drives the run to its end, which takes at most `time_limit` seconds, not counted while it waits for somebody.
    pub(crate) async fn drive(mut self, time_limit: u64) -> Drive {
        let mut spent = Spent::default();
        let mut deadline = Instant::now() + Duration::from_secs(time_limit);
        loop {
            match self.advance(&mut deadline, &mut spent, time_limit).await {
                Ok(None) => {}
                Ok(Some((number, entry, stop))) => return Drive { last: Some((number, entry)), result: Ok(stop), spent },
                Err(error) => return Drive { last: None, result: Err(error), spent },
            }
        }
    }

    pub(crate) fn give_up(&self, attempts: u32) -> Drive {
        tracing::error!(run = %self.context.run, attempts, "a turn was given up: the process ended each time it ran");
        Drive { last: None, result: Err(DriveError::GaveUp(attempts)), spent: Spent::default() }
    }

    /// Does one step, and stores it unless it is the last one, which is stored with the answer.
    async fn advance(
        &mut self,
        deadline: &mut Instant,
        spent: &mut Spent,
        time_limit: u64,
    ) -> Result<Option<(u32, Entry, StopReason)>, DriveError> {
        let timed_out = || DriveError::TimedOut(time_limit);
        let step = match self.agent.next(&self.entries) {
            Next::Model => {
                if self.let_join().await? {
                    return Ok(None);
                }
                match self.ask_model(*deadline, spent, &timed_out).await? {
                    Some(step) => step,
                    None => return Ok(None),
                }
            }
            Next::Call(next) => self.call(next, deadline, timed_out).await?,
        };
        spent.usage += step.usage;
        spent.model = step.model.or(spent.model.take());
        let number = self.number();
        if let Some(stop) = step.finished {
            return Ok(Some((number, step.entry, stop)));
        }
        self.persist(|| self.store.append_step(self.context.run, number, step.entry.clone())).await?;
        self.entries.push(step.entry);
        Ok(None)
    }

    /// The number of the next step.
    fn number(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX) - self.unjournaled
    }

    /// Lets in whoever wants to join, where the last step was a tool's result. True where somebody did.
    async fn let_join(&mut self) -> Result<bool, DriveError> {
        if !matches!(self.entries.last(), Some(Entry::Tool { .. })) {
            return Ok(false);
        }
        let (reply, joined) = oneshot::channel();
        let boundary = Boundary { number: self.number(), reply };
        let asked = async {
            // A session's task that is gone lets nobody in.
            let _ = self.boundary.send(boundary).await;
            joined.await.unwrap_or_default()
        };
        let joined = tokio::select! {
            () = self.shared.abort.cancelled() => return Err(DriveError::Suspended),
            joined = asked => joined,
        };
        self.entries.extend(joined.iter().map(crate::parts::user_entry));
        Ok(!joined.is_empty())
    }

    /// Asks the model; none where it finds the conversation too long, which is shortened before it is asked again.
    async fn ask_model(
        &mut self,
        deadline: Instant,
        spent: &mut Spent,
        timed_out: &impl Fn() -> DriveError,
    ) -> Result<Option<Step>, DriveError> {
        if std::mem::take(&mut self.is_too_long) {
            self.shorten(deadline, spent, timed_out).await?;
        }
        match self.step(deadline, timed_out).await {
            Err(DriveError::Run(RunError::ContextFull(_))) if self.shortenings < MAX_SHORTENINGS => {
                self.shortenings += 1;
                self.is_too_long = true;
                Ok(None)
            }
            step => step.map(Some),
        }
    }

    async fn shorten(
        &mut self,
        deadline: Instant,
        spent: &mut Spent,
        timed_out: impl Fn() -> DriveError,
    ) -> Result<(), DriveError> {
        let Self { agent, store, shared, past, entries, context, .. } = self;
        tokio::select! {
            biased;
            () = shared.abort.cancelled() => Err(DriveError::Suspended),
            () = context.cancel.cancelled() => Err(RunError::Cancelled.into()),
            cost = compact(agent.as_ref(), store, &shared.abort, context, past, entries) => {
                spent.usage += cost;
                Ok(())
            }
            () = tokio::time::sleep_until(deadline) => Err(timed_out()),
        }
    }

    async fn step(&self, deadline: Instant, timed_out: impl Fn() -> DriveError) -> Result<Step, DriveError> {
        tokio::select! {
            biased;
            () = self.shared.abort.cancelled() => Err(DriveError::Suspended),
            () = self.context.cancel.cancelled() => Err(RunError::Cancelled.into()),
            step = self.agent.step(&self.context, &self.past.entries, &self.entries) => Ok(step?),
            () = tokio::time::sleep_until(deadline) => Err(timed_out()),
        }
    }

    async fn call(
        &mut self,
        next: NextCall,
        deadline: &mut Instant,
        timed_out: impl Fn() -> DriveError,
    ) -> Result<Step, DriveError> {
        let NextCall { call, approval, work } = next;
        if self.in_flight.take().is_some_and(|in_flight| in_flight == call.id) {
            return Ok(self.answered_with(&call, INTERRUPTED.to_owned(), true));
        }
        if let Work::Fails { output } = work {
            return Ok(self.answered_with(&call, output, true));
        }
        if let Some(refusal) = self.approve(&call, approval, deadline).await? {
            return Ok(self.answered_with(&call, refusal, true));
        }
        match work {
            Work::Tool { repeatable } => {
                if !repeatable {
                    let (run, number) = (self.context.run, self.number());
                    self.persist(|| self.store.begin_call(run, number, call.id.clone())).await?;
                }
                self.step(*deadline, timed_out).await
            }
            Work::Question { text, choices } => {
                let started_at = self.begin(&call);
                let kind = QuestionKind::Question;
                let output = match self.ask(&call, kind, text, choices, deadline).await? {
                    Answer::Text { text } => (text, false),
                    Answer::Approved => ("yes".to_owned(), false),
                    Answer::Denied { reason } => (reason.unwrap_or_else(|| "no".to_owned()), false),
                };
                Ok(self.end(&call, started_at, output))
            }
            Work::Delegate { agent, task } => {
                let started_at = self.begin(&call);
                let output = self.delegate(&call, &agent, &task, deadline).await?;
                Ok(self.end(&call, started_at, output))
            }
            Work::Reaction { emoji } => self.react(&call, emoji).await,
            // Answered above.
            Work::Fails { output } => Ok(self.answered_with(&call, output, true)),
        }
    }

    /// Asks whether the call may be made, where somebody wants to be asked; returns what the model is told where it may not.
    async fn approve(
        &mut self,
        call: &ToolCall,
        approval: Approval,
        deadline: &mut Instant,
    ) -> Result<Option<String>, DriveError> {
        match approval {
            Approval::Never => return Ok(None),
            Approval::Always => {}
            Approval::Ask => {
                let session = &self.context.session;
                if self.persist(|| self.store.was_approved(session, &call.name)).await? {
                    return Ok(None);
                }
            }
        }
        let text = format!("May `{}` be called with {}?", call.name, questions::shortened(&call.input));
        Ok(match self.ask(call, QuestionKind::Approval, text, Vec::new(), deadline).await? {
            Answer::Approved => None,
            Answer::Denied { reason: None } => Some("the user did not approve this call; it was not made".to_owned()),
            Answer::Denied { reason: Some(reason) } | Answer::Text { text: reason } => {
                Some(format!("the user did not approve this call; it was not made. The user says: {reason}"))
            }
        })
    }

    /// Asks a person and waits for the answer, however long it takes.
    async fn ask(
        &mut self,
        call: &ToolCall,
        kind: QuestionKind,
        text: String,
        choices: Vec<String>,
        deadline: &mut Instant,
    ) -> Result<Answer, DriveError> {
        let (tool, input) = (call.name.clone(), call.input.clone());
        let new = NewQuestion { call_id: call.id.clone(), kind, text, choices, tool, input };
        let Asked { question, answer, is_sent } = self.persist(|| self.store.ask(self.context.run, new.clone())).await?;
        if let Some(answer) = answer {
            return Ok(answer);
        }
        let question = Arc::new(question);
        self.feed.ask(&self.origin, &question);
        let (store, answered, shared) = (self.store.clone(), Arc::clone(&self.answered), Arc::clone(&self.shared));
        let id = question.id;
        // Dropped, and with it the attempts to send the question, as soon as there is an answer or nobody wants one any more.
        let send =
            (self.is_channel && !is_sent).then(|| questions::send(Arc::clone(&shared), store.clone(), Arc::clone(&question)));
        let answer = self
            .waiting(deadline, async move {
                let told = async {
                    loop {
                        let asked = persist(&shared.abort, || store.question(id)).await;
                        match asked.map(|asked| asked.map(|asked| asked.answer)) {
                            Some(Some(Some(answer))) => return Ok(answer),
                            Some(Some(None)) => answered.notified().await,
                            // Its session was deleted.
                            Some(None) => return Err(DriveError::Run(RunError::Cancelled)),
                            None => return Err(DriveError::NotStored),
                        }
                    }
                };
                let sent = async {
                    if let Some(send) = send {
                        send.await;
                    }
                    std::future::pending::<()>().await;
                };
                tokio::select! { answer = told => answer, () = sent => Err(DriveError::NotStored) }
            })
            .await??;
        self.feed.answer(&self.origin, &question, &answer);
        Ok(answer)
    }

    /// Has another agent do a task; returns what it says in the end, and whether it failed.
    async fn delegate(
        &mut self,
        call: &ToolCall,
        agent: &wingman_message::AgentId,
        task: &str,
        deadline: &mut Instant,
    ) -> Result<(String, bool), DriveError> {
        let delegation = self.delegation.clone();
        let child = match delegation.begin(call, self.number(), agent, task).await {
            Ok(child) => child,
            Err(refusal) => return Ok((refusal, true)),
        };
        self.feed.delegate(&self.origin, &call.id, &child.session);
        let run = self.context.run;
        self.persist(|| self.store.run_waits(run)).await?;
        let outcome = self.waiting(deadline, delegation.outcome(&child)).await;
        if matches!(outcome, Err(DriveError::Run(RunError::Cancelled))) {
            delegation.cancel(&child).await;
        }
        outcome
    }

    /// Sends the agent's reaction to the message that the run answers; it is stored together with the step that says so.
    async fn react(&self, call: &ToolCall, emoji: String) -> Result<Step, DriveError> {
        if !self.context.reacts {
            return Ok(self.answered_with(call, NO_REACTIONS.to_owned(), true));
        }
        let step = self.answered_with(call, "the reaction is on its way".to_owned(), false);
        let (run, number) = (self.context.run, self.number());
        self.persist(|| self.store.react(run, number, step.entry.clone(), emoji.clone())).await?;
        self.shared.couriers.send(self.store.clone(), self.delivery);
        Ok(step)
    }

    /// Waits for somebody else. What others could use is given back meanwhile, and the run's time stands still.
    async fn waiting<T>(&mut self, deadline: &mut Instant, others: impl Future<Output = T>) -> Result<T, DriveError> {
        let since = Instant::now();
        self.permit = None;
        let (shared, cancel) = (Arc::clone(&self.shared), self.context.cancel.clone());
        let ended = async {
            tokio::select! {
                () = shared.abort.cancelled() => DriveError::Suspended,
                // The next life of the process waits on; this one need not be held up.
                () = shared.stop.cancelled() => DriveError::Suspended,
                () = cancel.cancelled() => RunError::Cancelled.into(),
            }
        };
        let done = async {
            let value = others.await;
            // The semaphore is never closed.
            (value, Arc::clone(&shared.runs).acquire_owned().await.ok())
        };
        let (value, permit) = tokio::select! {
            biased;
            error = ended => return Err(error),
            done = done => done,
        };
        self.permit = permit;
        *deadline += since.elapsed();
        Ok(value)
    }

    fn begin(&self, call: &ToolCall) -> i64 {
        self.context.emit.send(Progress::ToolStarted(call.clone()));
        self.shared.clock.now_ms()
    }

    fn end(&self, call: &ToolCall, started_at: i64, (output, is_error): (String, bool)) -> Step {
        self.context.emit.send(Progress::ToolEnded { call: call.clone(), output: output.clone(), is_error });
        let ended_at = self.shared.clock.now_ms();
        let entry = Entry::Tool { call_id: call.id.clone(), name: call.name.clone(), output, is_error, started_at, ended_at };
        Step { entry, usage: Usage::default(), model: None, finished: None }
    }

    /// A step that answers the call without doing anything.
    fn answered_with(&self, call: &ToolCall, output: String, is_error: bool) -> Step {
        let now = self.begin(call);
        self.end(call, now, (output, is_error))
    }

    async fn persist<T, F>(&self, write: impl Fn() -> F) -> Result<T, DriveError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let written = persist(&self.shared.abort, write).await;
        written.ok_or(if self.shared.stop.is_cancelled() { DriveError::Suspended } else { DriveError::NotStored })
    }
}
