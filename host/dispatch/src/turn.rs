//! One turn: from a delivery to its answer. Begun, driven by `driver`, and ended in one transaction.

use crate::FolderError;
use crate::context::Past;
use crate::delegate::Delegation;
use crate::driver::{Boundary, Drive, DriveError, Driver, Spent};
use crate::event::What;
use crate::growing::Source;
use crate::hub::SEQ_BLOCK;
use crate::parts::{self, PartsBuilder};
use crate::queue::{Party, Waiting};
use crate::session::SessionTask;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wingman_message::{
    AgentRuntime, Emit, Entry, Message, MessageId, MessageStatus, Role, RunContext, RunError, RunId, StopReason,
};
use wingman_store::{DeliveryState, FinishTurn, OutboxReply, StoreError, Turn};

/// After how many starts a turn that never ends is given up: something in it may be what kills the process.
const MAX_ATTEMPTS: u32 = 10;
/// How many characters of a failure's reason are told to people on a chat network.
const MAX_REASON: usize = 300;

/// A turn that is being run. Dropping it drops the run where it stands.
pub(crate) struct TurnHandle {
    run: RunId,
    cancel: CancellationToken,
    task: JoinHandle<Drive>,
    boundary: mpsc::Receiver<Boundary>,
    answered: Arc<Notify>,
}

/// What comes from a turn that is being run.
pub(crate) enum News {
    /// Whoever wants to join it may do so.
    Boundary(Boundary),
    /// It has ended.
    Ended(Box<Ended>),
}

/// How a turn ended.
pub(crate) struct Ended {
    run: RunId,
    /// The last step and its number, where the run ended with an answer.
    last: Option<(u32, Entry)>,
    status: MessageStatus,
    error: Option<String>,
    spent: Spent,
    is_suspended: bool,
}

impl Ended {
    /// The process is ending, and the next start goes on with it.
    pub(crate) fn is_suspended(&self) -> bool {
        self.is_suspended
    }
}

impl TurnHandle {
    pub(crate) fn run(&self) -> RunId {
        self.run
    }

    /// Asks the run to stop.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// A question of the session was answered.
    pub(crate) fn answered(&self) {
        self.answered.notify_one();
    }

    /// Waits for what comes next. Cancel safe.
    pub(crate) async fn news(&mut self) -> News {
        let drive = tokio::select! {
            Some(boundary) = self.boundary.recv() => return News::Boundary(boundary),
            drive = &mut self.task => drive,
        };
        let (last, result, spent) = match drive {
            Ok(Drive { last, result, spent }) => (last, result, spent),
            // A panic in a model or a tool: this turn fails, the session goes on.
            Err(panic) => {
                tracing::error!(run = %self.run, %panic, "a run crashed");
                let error = Some("the run crashed; the gateway's log says where".to_owned());
                let (last, spent) = (None, Spent::default());
                let status = MessageStatus::Error;
                return News::Ended(Box::new(Ended { run: self.run, last, status, error, spent, is_suspended: false }));
            }
        };
        let is_suspended = matches!(result, Err(DriveError::Suspended));
        let (status, error) = match result {
            Ok(StopReason::Truncated) => (MessageStatus::Truncated, None),
            Ok(_) => (MessageStatus::Complete, None),
            Err(error @ DriveError::Run(RunError::Cancelled)) => (MessageStatus::Cancelled, Some(error.to_string())),
            Err(error) => (MessageStatus::Error, Some(error.to_string())),
        };
        News::Ended(Box::new(Ended { run: self.run, last, status, error, spent, is_suspended }))
    }
}

impl Drop for TurnHandle {
    fn drop(&mut self) {
        // Nobody is left to store what it does.
        self.task.abort();
    }
}

/// Begins the turn, or goes on with it where an earlier life of the process left it; a stopped one only to be ended.
pub(crate) async fn start(
    session: &SessionTask,
    party: &Party,
    permit: OwnedSemaphorePermit,
    is_stopped: bool,
) -> Option<TurnHandle> {
    let (feed, store, lead) = (&session.feed, &session.store, &party.lead);
    // The run of a session's task that crashed may still be on its way out.
    let slot = feed.turn_slot().acquire_owned().await.ok()?;
    if feed.is_low_on_numbers() {
        feed.take_numbers(session.persist(|| store.reserve_seq(&session.session, SEQ_BLOCK)).await?);
    }
    let fresh_run = RunId::new(session.shared.clock.now_ms());
    // At most as many numbers as the deliveries have messages, and one for what was overheard; those that a resumed turn does not
    // need become a gap.
    let first_seq = feed.allocate(1 + wingman_store::MAX_MESSAGES_PER_DELIVERY * (1 + party.joined.len()));
    let merged: Vec<_> = party.joined.iter().map(|joined| joined.delivery).collect();
    let begin = || store.begin_merged_turn(lead.delivery, merged.clone(), fresh_run, first_seq);
    let turn = session.persist(begin).await?;
    feed.belongs_to(lead.parent.clone());
    if !turn.resumed {
        announce(session, party, &turn);
    }
    let asked = turn.user_messages.iter().filter(|message| !message.overheard);
    let prompt: Vec<&str> = asked.map(|message| message.content.as_str()).collect();
    feed.start_run(turn.run, &lead.origin, &prompt.join("\n\n").into(), PartsBuilder::from_journal(&turn.steps));
    if lead.is_channel() {
        let (store, feed) = (store.clone(), Arc::clone(feed));
        session.shared.couriers.grow(Source { store, feed, delivery: lead.delivery, run: turn.run });
    }

    let past = session.persist(|| Past::read(store, &session.session, turn.run)).await?;
    let agent = session.agent.now();
    let folder = working_folder(session, agent.as_ref()).await?;
    let cancel = CancellationToken::new();
    if is_stopped {
        cancel.cancel();
    }
    let progress = Arc::clone(feed);
    let answered = Arc::new(Notify::new());
    let (asks, boundary) = mpsc::channel(1);
    let driver = Driver {
        store: store.clone(),
        delivery: lead.delivery,
        shared: Arc::clone(&session.shared),
        feed: Arc::clone(feed),
        origin: lead.origin.clone(),
        past,
        is_too_long: true,
        shortenings: 0,
        unjournaled: u32::try_from(turn.user_messages.len()).unwrap_or(u32::MAX),
        entries: turn.user_messages.iter().map(parts::user_entry).chain(turn.steps).collect(),
        in_flight: turn.in_flight,
        context: RunContext {
            session: session.session.clone(),
            run: turn.run,
            folder: folder.clone().unwrap_or_else(|_| Arc::clone(&agent.info().outputs)),
            reacts: session.shared.couriers.reacts_at(&lead.sender),
            cancel: cancel.clone(),
            emit: Emit::new(move |what| progress.progress(what)),
        },
        agent,
        permit: Some(permit),
        boundary: asks,
        answered: Arc::clone(&answered),
        delegation: Delegation::new(session.registry.clone(), session.session.clone(), turn.run, lead.parent.clone()),
        is_channel: lead.is_channel(),
    };
    let time_limit = session.shared.limits.run_seconds;
    let gave_up = turn.attempt > MAX_ATTEMPTS;
    let task = session.shared.tasks.spawn(async move {
        let drive = match folder {
            Err(error) => Drive { last: None, result: Err(error.into()), spent: Spent::default() },
            Ok(_) if gave_up => driver.give_up(turn.attempt),
            Ok(_) => driver.drive(time_limit).await,
        };
        drop(slot);
        drive
    });
    Some(TurnHandle { run: turn.run, cancel, task, boundary, answered })
}

/// Says what the users said, and whose turn theirs has become.
fn announce(session: &SessionTask, party: &Party, turn: &Turn) {
    let Party { lead, joined } = party;
    for message in &turn.user_messages {
        let asked = |waiting: &&Waiting| waiting.origin.request == message.request;
        let of = joined.iter().find(asked).unwrap_or(lead);
        session.feed.publish_at(message.seq, &of.origin, What::UserMessage(Arc::new(message.clone())));
    }
    for waiting in joined {
        let into = lead.origin.request.clone();
        session.feed.publish(&waiting.origin, What::Joined { run: turn.run, into, steered: false });
    }
}

/// The folder that the run works in, held against the roots; none when the process is ending.
async fn working_folder(session: &SessionTask, agent: &dyn AgentRuntime) -> Option<Result<Arc<Path>, FolderError>> {
    let record = session.persist(|| session.store.session(&session.session)).await?;
    let (folders, outputs) = (session.shared.folders.clone(), Arc::clone(&agent.info().outputs));
    let workdir = record.and_then(|record| record.workdir);
    tokio::task::spawn_blocking(move || folders.working_folder(workdir.as_deref(), &outputs)).await.ok()
}

/// Stores the answer and everything that ends with it in one transaction, and then says so.
pub(crate) async fn finish(session: &SessionTask, party: &Party, ended: Ended) {
    let (feed, waiting) = (&session.feed, &party.lead);
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
        overheard: false,
    };
    let state = match ended.status {
        MessageStatus::Complete | MessageStatus::Truncated => DeliveryState::Done,
        MessageStatus::Cancelled => DeliveryState::Cancelled,
        MessageStatus::Error => DeliveryState::Failed,
    };
    let reply = reply(party, &answer).map(|markdown| OutboxReply { markdown });
    let finish =
        FinishTurn { delivery: waiting.delivery, run: ended.run, state, final_step: ended.last, answer: answer.clone(), reply };
    let Some(outbox) = session.persist(|| session.store.finish_turn(finish.clone())).await else {
        // The process is ending, or the store refuses for good and has said why to the log; the next start takes it up again.
        let error: Arc<str> = "the answer could not be stored".into();
        feed.end_run(seq, &waiting.origin, What::Failed { answer: None, error: Arc::clone(&error) });
        for joined in &party.joined {
            feed.publish(&joined.origin, What::JoinedEnded { answer: None, error: Some(Arc::clone(&error)), usage: None });
        }
        return;
    };
    let answer = Arc::new(answer);
    let (usage, model): (_, Option<Arc<str>>) = (Some(ended.spent.usage), ended.spent.model.map(Into::into));
    let error: Option<Arc<str>> = ended.error.map(Into::into);
    let what = match error.clone() {
        None => What::Completed { answer: Arc::clone(&answer), usage, model },
        Some(error) => What::Failed { answer: Some(Arc::clone(&answer)), error },
    };
    feed.end_run(seq, &waiting.origin, what);
    for joined in &party.joined {
        let (answer, error) = (Some(Arc::clone(&answer)), error.clone());
        feed.publish(&joined.origin, What::JoinedEnded { answer, error, usage });
        if joined.is_channel() {
            // Its place may be another one than that of the reply; where it is not, there is nothing to send.
            session.shared.couriers.send(session.store.clone(), joined.delivery);
        }
    }
    match outbox {
        Some(_) if waiting.is_channel() => session.shared.couriers.send(session.store.clone(), waiting.delivery),
        Some(outbox) => crate::deliver::to_watchers(&session.shared.tasks, session.store.clone(), outbox),
        None => {}
    }
}

/// What goes back to where the delivery came from. Those who watch the session see a failure there; people on a chat network see
/// only what is sent to them, so that they are told. Whoever stopped a run knows: what was shown of it stays, and no more is said.
fn reply(party: &Party, answer: &Message) -> Option<String> {
    if party.lead.parent.is_some() {
        // The run that waits for it reads it from the store.
        return None;
    }
    let is_channel = party.lead.is_channel() || party.joined.iter().any(Waiting::is_channel);
    match answer.status {
        MessageStatus::Complete | MessageStatus::Truncated => Some(answer.content.clone()),
        MessageStatus::Error if is_channel => {
            let reason = answer.error.as_deref().unwrap_or_default();
            let reason: String = reason.lines().next().unwrap_or_default().chars().take(MAX_REASON).collect();
            let apology = format!("Sorry, that did not work: {reason}");
            Some(if answer.content.trim().is_empty() { apology } else { format!("{}\n\n{apology}", answer.content) })
        }
        MessageStatus::Error | MessageStatus::Cancelled => None,
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
