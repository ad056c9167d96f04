//! One turn: from a delivery to its answer, step by step, each step stored before the next.

use crate::FolderError;
use crate::event::What;
use crate::growing::Source;
use crate::hub::SEQ_BLOCK;
use crate::parts::{self, PartsBuilder};
use crate::session::{SessionTask, Waiting};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wingman_message::{
    AgentRuntime, Emit, Entry, Message, MessageId, MessageStatus, Role, RunContext, RunError, RunId, StopReason, Usage,
};
use wingman_store::{AgentStore, DeliveryState, FinishTurn, OutboxReply, StoreError};

/// After how many starts a turn that never ends is given up: something in it may be what kills the process.
const MAX_ATTEMPTS: u32 = 10;
/// How many characters of a failure's reason are told to people on a chat network.
const MAX_REASON: usize = 300;
/// How many earlier messages a model is shown.
const HISTORY_MESSAGES: usize = 200;

/// A turn that is being run.
pub(crate) struct TurnHandle {
    run: RunId,
    cancel: CancellationToken,
    task: JoinHandle<Drive>,
}

/// How a turn ended.
pub(crate) struct Ended {
    run: RunId,
    /// The last step and its number, where the run ended with an answer.
    last: Option<(u32, Entry)>,
    status: MessageStatus,
    error: Option<String>,
    spent: Spent,
}

struct Drive {
    last: Option<(u32, Entry)>,
    result: Result<StopReason, DriveError>,
    spent: Spent,
}

/// What a run used so far.
#[derive(Default)]
struct Spent {
    usage: Usage,
    /// The model that answered last.
    model: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum DriveError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the run was stopped after {0} seconds without an end")]
    TimedOut(u64),
    #[error("the run was given up: the process ended {0} times while it ran")]
    GaveUp(u32),
    #[error("the session's working folder cannot be used: {0}; set another one, or none")]
    Folder(#[from] FolderError),
    #[error("the process is ending")]
    Aborted,
}

impl TurnHandle {
    /// Asks the run to stop.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Waits for the run's end. Cancel safe.
    pub(crate) async fn ended(&mut self) -> Ended {
        let (last, status, error, spent) = match (&mut self.task).await {
            Ok(Drive { last, result: Ok(StopReason::Truncated), spent }) => (last, MessageStatus::Truncated, None, spent),
            Ok(Drive { last, result: Ok(_), spent }) => (last, MessageStatus::Complete, None, spent),
            Ok(Drive { last, result: Err(error @ DriveError::Run(RunError::Cancelled)), spent }) => {
                (last, MessageStatus::Cancelled, Some(error.to_string()), spent)
            }
            Ok(Drive { last, result: Err(error), spent }) => (last, MessageStatus::Error, Some(error.to_string()), spent),
            // A panic in a model or a tool: this turn fails, the session goes on.
            Err(panic) => {
                tracing::error!(run = %self.run, %panic, "a run crashed");
                (None, MessageStatus::Error, Some("the run crashed; the gateway's log says where".to_owned()), Spent::default())
            }
        };
        Ended { run: self.run, last, status, error, spent }
    }
}

/// Begins the turn, or goes on with it where an earlier life of the process left it.
pub(crate) async fn start(session: &SessionTask, waiting: &Waiting, permit: OwnedSemaphorePermit) -> Option<TurnHandle> {
    let (feed, store) = (&session.feed, &session.store);
    if feed.is_low_on_numbers() {
        feed.take_numbers(session.persist(|| store.reserve_seq(&session.session, SEQ_BLOCK)).await?);
    }
    let fresh_run = RunId::new(session.shared.clock.now_ms());
    // At most as many numbers as a delivery has messages; those that a resumed turn does not need become a gap.
    let first_seq = feed.allocate(wingman_store::MAX_MESSAGES_PER_DELIVERY);
    let turn = session.persist(|| store.begin_turn(waiting.delivery, fresh_run, first_seq)).await?;
    if !turn.resumed {
        for message in &turn.user_messages {
            feed.publish_at(message.seq, &waiting.origin, What::UserMessage(Arc::new(message.clone())));
        }
    }
    let prompt: Vec<&str> = turn.user_messages.iter().map(|message| message.content.as_str()).collect();
    feed.start_run(turn.run, &waiting.origin, &prompt.join("\n\n").into(), PartsBuilder::from_journal(&turn.steps));
    if waiting.is_channel {
        let (store, feed) = (store.clone(), Arc::clone(feed));
        session.shared.couriers.grow(Source { store, feed, delivery: waiting.delivery, run: turn.run });
    }

    let earlier = session.persist(|| store.history(&session.session, HISTORY_MESSAGES, turn.run)).await?;
    let folder = working_folder(session).await?;
    let cancel = CancellationToken::new();
    let progress = Arc::clone(feed);
    let driver = Driver {
        agent: Arc::clone(&session.agent),
        store: store.clone(),
        abort: session.shared.abort.clone(),
        history: parts::history(earlier),
        entries: turn.user_messages.iter().map(parts::user_entry).chain(turn.steps).collect(),
        journaled: u32::try_from(turn.user_messages.len()).unwrap_or(u32::MAX),
        context: RunContext {
            session: session.session.clone(),
            run: turn.run,
            folder: folder.clone().unwrap_or_else(|_| Arc::clone(&session.agent.info().outputs)),
            cancel: cancel.clone(),
            emit: Emit::new(move |what| progress.progress(what)),
        },
    };
    let time_limit = session.shared.limits.run_seconds;
    let gave_up = turn.attempt > MAX_ATTEMPTS;
    let task = session.shared.tasks.spawn(async move {
        let drive = match folder {
            Err(error) => Drive { last: None, result: Err(error.into()), usage: Usage::default() },
            Ok(_) if gave_up => driver.give_up(turn.attempt),
            Ok(_) => driver.drive(time_limit).await,
        };
        drop(permit);
        drive
    });
    Some(TurnHandle { run: turn.run, cancel, task })
}

/// The folder that the run works in, held against the roots; none when the process is ending.
async fn working_folder(session: &SessionTask) -> Option<Result<Arc<Path>, FolderError>> {
    let record = session.persist(|| session.store.session(&session.session)).await?;
    let (folders, outputs) = (session.shared.folders.clone(), Arc::clone(&session.agent.info().outputs));
    let workdir = record.and_then(|record| record.workdir);
    tokio::task::spawn_blocking(move || folders.working_folder(workdir.as_deref(), &outputs)).await.ok()
}

/// Stores the answer and everything that ends with it in one transaction, and then says so.
pub(crate) async fn finish(session: &SessionTask, waiting: &Waiting, ended: Ended) {
    let feed = &session.feed;
    let parts = feed.live_parts();
    let seq = feed.allocate(1);
    let answer = Message {
        id: MessageId::new(session.shared.clock.now_ms()),
        role: Role::Assistant,
        content: parts::text_of(&parts),
        created_at: session.shared.clock.now_ms(),
        seq,
        request: waiting.origin.request.clone(),
        run: Some(ended.run),
        sender: None,
        status: ended.status,
        error: ended.error.clone(),
        parts,
        attachments: Vec::new(),
        untrusted: false,
    };
    let state = match ended.status {
        MessageStatus::Complete | MessageStatus::Truncated => DeliveryState::Done,
        MessageStatus::Cancelled => DeliveryState::Cancelled,
        MessageStatus::Error => DeliveryState::Failed,
    };
    let reply = reply(waiting, &answer).map(|markdown| OutboxReply { markdown });
    let finish =
        FinishTurn { delivery: waiting.delivery, run: ended.run, state, final_step: ended.last, answer: answer.clone(), reply };
    let Some(outbox) = session.persist(|| session.store.finish_turn(finish.clone())).await else {
        // The process is ending, or the store refuses for good and has said why to the log; the next start takes it up again.
        feed.end_run(seq, &waiting.origin, What::Failed { answer: None, error: "the answer could not be stored".into() });
        return;
    };
    let answer = Arc::new(answer);
    let what = match ended.error {
        None => What::Completed { answer, usage: Some(ended.spent.usage), model: ended.spent.model.map(Into::into) },
        Some(error) => What::Failed { answer: Some(answer), error: error.into() },
    };
    feed.end_run(seq, &waiting.origin, what);
    match outbox {
        Some(_) if waiting.is_channel => session.shared.couriers.send(session.store.clone(), waiting.delivery),
        Some(outbox) => crate::deliver::to_watchers(&session.shared.tasks, session.store.clone(), outbox),
        None => {}
    }
}

/// What goes back to where the delivery came from. Those who watch the session see a failure there; people on a chat network see
/// only what is sent to them, so that they are told. Whoever stopped a run knows: what was shown of it stays, and no more is said.
fn reply(waiting: &Waiting, answer: &Message) -> Option<String> {
    match answer.status {
        MessageStatus::Complete | MessageStatus::Truncated => Some(answer.content.clone()),
        MessageStatus::Error if waiting.is_channel => {
            let reason = answer.error.as_deref().unwrap_or_default();
            let reason: String = reason.lines().next().unwrap_or_default().chars().take(MAX_REASON).collect();
            let apology = format!("Sorry, that did not work: {reason}");
            Some(if answer.content.trim().is_empty() { apology } else { format!("{}\n\n{apology}", answer.content) })
        }
        MessageStatus::Error | MessageStatus::Cancelled => None,
    }
}

/// What a run needs, apart from the session.
struct Driver {
    agent: Arc<dyn AgentRuntime>,
    store: AgentStore,
    abort: CancellationToken,
    history: Vec<Entry>,
    /// The turn so far: what users said, then the journal.
    entries: Vec<Entry>,
    /// How many of `entries` are not in the journal: the users'.
    journaled: u32,
    context: RunContext,
}

impl Driver {
    async fn drive(mut self, time_limit: u64) -> Drive {
        let mut spent = Spent::default();
        let deadline = tokio::time::sleep(Duration::from_secs(time_limit));
        tokio::pin!(deadline);
        loop {
            let number = u32::try_from(self.entries.len()).unwrap_or(u32::MAX) - self.journaled;
            let step = tokio::select! {
                () = self.abort.cancelled() => return Drive { last: None, result: Err(DriveError::Aborted), spent },
                step = self.agent.step(&self.context, &self.history, &self.entries) => step,
                () = &mut deadline => return Drive { last: None, result: Err(DriveError::TimedOut(time_limit)), spent },
            };
            let step = match step {
                Ok(step) => step,
                Err(error) => return Drive { last: None, result: Err(error.into()), spent },
            };
            spent.usage += step.usage;
            spent.model = step.model.or(spent.model);
            if let Some(stop) = step.finished {
                return Drive { last: Some((number, step.entry)), result: Ok(stop), spent };
            }
            let written = persist(&self.abort, || self.store.append_step(self.context.run, number, step.entry.clone())).await;
            if written.is_none() {
                return Drive { last: None, result: Err(DriveError::Aborted), spent };
            }
            self.entries.push(step.entry);
        }
    }

    fn give_up(&self, attempts: u32) -> Drive {
        tracing::error!(run = %self.context.run, attempts, "a turn was given up: the process ended each time it ran");
        Drive { last: None, result: Err(DriveError::GaveUp(attempts)), spent: Spent::default() }
    }
}

/// Does `write` again, with back-off, until it succeeds: a full disk must not lose what was accepted. None when `abort` fires
/// or the store is closed, that is, when the process is ending.
pub(crate) async fn persist<T, F>(abort: &CancellationToken, write: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pause = Duration::from_millis(100);
    loop {
        let error = tokio::select! {
            () = abort.cancelled() => return None,
            result = write() => match result {
                Ok(value) => return Some(value),
                Err(StoreError::Closed) => return None,
                Err(error) if error.is_transient() => error,
                Err(error) => {
                    tracing::error!(%error, "the state refuses a change; it is left as it was");
                    return None;
                }
            },
        };
        tracing::error!(%error, retry_in_ms = pause.as_millis(), "the state could not be written");
        tokio::select! {
            () = abort.cancelled() => return None,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(30)),
        }
    }
}
