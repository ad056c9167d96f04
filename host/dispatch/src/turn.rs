//! One turn: from a delivery to its answer, step by step, each step stored before the next.

use crate::context::{self, Past};
use crate::event::What;
use crate::growing::Source;
use crate::hub::SEQ_BLOCK;
use crate::parts::{self, PartsBuilder};
use crate::session::{SessionTask, Waiting};
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
/// How often a conversation that the model finds too long is shortened and tried again in one run.
const MAX_SHORTENINGS: u32 = 3;

/// A turn that is being run.
pub(crate) struct TurnHandle {
    run: RunId,
    cancel: CancellationToken,
    task: JoinHandle<Drive>,
    usage_before: Usage,
}

/// How a turn ended.
pub(crate) struct Ended {
    run: RunId,
    /// The last step and its number, where the run ended with an answer.
    last: Option<(u32, Entry)>,
    status: MessageStatus,
    error: Option<String>,
    usage: Usage,
}

struct Drive {
    last: Option<(u32, Entry)>,
    result: Result<StopReason, DriveError>,
    usage: Usage,
}

#[derive(Debug, thiserror::Error)]
enum DriveError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the run was stopped after {0} seconds without an end")]
    TimedOut(u64),
    #[error("the run was given up: the process ended {0} times while it ran")]
    GaveUp(u32),
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
        let (last, status, error, usage) = match (&mut self.task).await {
            Ok(Drive { last, result: Ok(StopReason::Truncated), usage }) => (last, MessageStatus::Truncated, None, usage),
            Ok(Drive { last, result: Ok(_), usage }) => (last, MessageStatus::Complete, None, usage),
            Ok(Drive { last, result: Err(error @ DriveError::Run(RunError::Cancelled)), usage }) => {
                (last, MessageStatus::Cancelled, Some(error.to_string()), usage)
            }
            Ok(Drive { last, result: Err(error), usage }) => (last, MessageStatus::Error, Some(error.to_string()), usage),
            // A panic in a model or a tool: this turn fails, the session goes on.
            Err(panic) => {
                tracing::error!(run = %self.run, %panic, "a run crashed");
                (None, MessageStatus::Error, Some("the run crashed; the gateway's log says where".to_owned()), self.usage_before)
            }
        };
        Ended { run: self.run, last, status, error, usage }
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

    let past = session.persist(|| Past::read(store, &session.session, turn.run)).await?;
    let cancel = CancellationToken::new();
    let agent = session.agent.now();
    let progress = Arc::clone(feed);
    let driver = Driver {
        store: store.clone(),
        abort: session.shared.abort.clone(),
        past,
        entries: turn.user_messages.iter().map(parts::user_entry).chain(turn.steps).collect(),
        journaled: u32::try_from(turn.user_messages.len()).unwrap_or(u32::MAX),
        context: RunContext {
            session: session.session.clone(),
            run: turn.run,
            folder: Arc::clone(&agent.info().outputs),
            cancel: cancel.clone(),
            emit: Emit::new(move |what| progress.progress(what)),
        },
        agent,
    };
    let time_limit = session.shared.limits.run_seconds;
    let gave_up = turn.attempt > MAX_ATTEMPTS;
    let task = session.shared.tasks.spawn(async move {
        let drive = if gave_up { driver.give_up(turn.attempt) } else { driver.drive(time_limit).await };
        drop(permit);
        drive
    });
    Some(TurnHandle { run: turn.run, cancel, task, usage_before: Usage::default() })
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
        None => What::Completed { answer, usage: Some(ended.usage) },
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
    past: Past,
    /// The turn so far: what users said, then the journal.
    entries: Vec<Entry>,
    /// How many of `entries` are not in the journal: the users'.
    journaled: u32,
    context: RunContext,
}

impl Driver {
    async fn drive(mut self, time_limit: u64) -> Drive {
        let mut usage = Usage::default();
        let deadline = tokio::time::sleep(Duration::from_secs(time_limit));
        tokio::pin!(deadline);
        let mut shortenings = 0;
        let mut is_too_long = true;
        loop {
            if std::mem::take(&mut is_too_long) {
                let Self { agent, store, abort, past, entries, context, .. } = &mut self;
                tokio::select! {
                    () = abort.cancelled() => return Drive { last: None, result: Err(DriveError::Aborted), usage },
                    cost = context::compact(agent.as_ref(), store, abort, context, past, entries) => usage += cost,
                    () = &mut deadline => return Drive { last: None, result: Err(DriveError::TimedOut(time_limit)), usage },
                }
            }
            let number = u32::try_from(self.entries.len()).unwrap_or(u32::MAX) - self.journaled;
            let step = tokio::select! {
                () = self.abort.cancelled() => return Drive { last: None, result: Err(DriveError::Aborted), usage },
                step = self.agent.step(&self.context, &self.past.entries, &self.entries) => step,
                () = &mut deadline => return Drive { last: None, result: Err(DriveError::TimedOut(time_limit)), usage },
            };
            let step = match step {
                Ok(step) => step,
                Err(RunError::ContextFull(_)) if shortenings < MAX_SHORTENINGS => {
                    shortenings += 1;
                    is_too_long = true;
                    continue;
                }
                Err(error) => return Drive { last: None, result: Err(error.into()), usage },
            };
            usage += step.usage;
            if let Some(stop) = step.finished {
                return Drive { last: Some((number, step.entry)), result: Ok(stop), usage };
            }
            let written = persist(&self.abort, || self.store.append_step(self.context.run, number, step.entry.clone())).await;
            if written.is_none() {
                return Drive { last: None, result: Err(DriveError::Aborted), usage };
            }
            self.entries.push(step.entry);
        }
    }

    fn give_up(&self, attempts: u32) -> Drive {
        tracing::error!(run = %self.context.run, attempts, "a turn was given up: the process ended each time it ran");
        Drive { last: None, result: Err(DriveError::GaveUp(attempts)), usage: Usage::default() }
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
