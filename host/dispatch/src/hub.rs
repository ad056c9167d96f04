//! The event hub: one feed a session, from the one task that owns the session to everyone who watches it.
//!
//! Events are not kept. A watcher that joins late or falls behind is brought up to date from the store (what is finished) and
//! from the feed's snapshot (the run in flight); see `watch.rs`.

use crate::event::{Event, Rendered, Snapshot, What};
use crate::parts::PartsBuilder;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Semaphore, broadcast};
use wingman_message::{Answer, ClientId, Clock, Message, ParentRun, Part, Progress, Question, RequestId, RunId, SessionKey};
use wingman_store::{Store, StoreError};

/// How many events a watcher may fall behind before it is brought up to date by a snapshot instead.
const FEED_CAPACITY: usize = 512;
/// How many notices (new messages in any session) a listener may fall behind.
const NOTICE_CAPACITY: usize = 1024;
/// How many sequence numbers a feed takes from the store at once. A feed that dies leaves a gap of at most this size:
/// 2^53 (what a JavaScript number holds) leaves room for 2^29 lives of one session.
pub(crate) const SEQ_BLOCK: i64 = 1 << 24;
/// How many bytes of output one call of a tool may stream to watchers. Its result is not bound by it.
const TOOL_OUTPUT: usize = 64 * 1024;
/// With fewer numbers left than this, a feed takes more before its next turn: no turn uses up so many.
const SEQ_LOW: i64 = SEQ_BLOCK / 2;

/// All feeds of live sessions.
pub(crate) struct Hub {
    store: Store,
    clock: Arc<dyn Clock>,
    /// Held for look-ups only, never across an await. Weak, so that a feed lives as long as its session's task or a watcher.
    feeds: Mutex<HashMap<SessionKey, Weak<Feed>>>,
    notices: broadcast::Sender<Arc<Event>>,
}

impl Hub {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, feeds: Mutex::default(), notices: broadcast::Sender::new(NOTICE_CAPACITY) }
    }

    /// The session's feed, made where there is none.
    pub(crate) async fn feed(&self, session: &SessionKey) -> Result<Arc<Feed>, StoreError> {
        if let Some(feed) = self.live_feed(session) {
            return Ok(feed);
        }
        let first = self.store.agent(session.agent()).await?.reserve_seq(session, SEQ_BLOCK).await?;
        let mut feeds = lock(&self.feeds);
        // Two may have come this far at once: the first one's feed is the session's, the other's block becomes a gap.
        if let Some(feed) = feeds.get(session).and_then(Weak::upgrade) {
            return Ok(feed);
        }
        let feed = Arc::new(Feed {
            session: session.clone(),
            clock: Arc::clone(&self.clock),
            events: broadcast::Sender::new(FEED_CAPACITY),
            notices: self.notices.clone(),
            state: Mutex::new(FeedState { published: first - 1, next: first, end: first + SEQ_BLOCK, live: None, parent: None }),
            turn: Arc::new(Semaphore::new(1)),
        });
        feeds.retain(|_, feed| feed.strong_count() > 0);
        feeds.insert(session.clone(), Arc::downgrade(&feed));
        Ok(feed)
    }

    /// The session's feed, if anything holds it.
    pub(crate) fn live_feed(&self, session: &SessionKey) -> Option<Arc<Feed>> {
        lock(&self.feeds).get(session).and_then(Weak::upgrade)
    }

    /// User messages, questions and ends of runs of all sessions, for lists of sessions.
    pub(crate) fn notices(&self) -> broadcast::Receiver<Arc<Event>> {
        self.notices.subscribe()
    }
}

/// One session's events. Only the session's task and the run that it drives publish.
pub(crate) struct Feed {
    session: SessionKey,
    clock: Arc<dyn Clock>,
    events: broadcast::Sender<Arc<Event>>,
    notices: broadcast::Sender<Arc<Event>>,
    /// Held to number and send an event, never across an await.
    state: Mutex<FeedState>,
    /// Held by the run in flight.
    turn: Arc<Semaphore>,
}

struct FeedState {
    /// The newest event that watchers were sent.
    published: i64,
    next: i64,
    /// The first number that is not the feed's: the next life of the session may begin there.
    end: i64,
    live: Option<Live>,
    /// The run that waits for the newest turn.
    parent: Option<Arc<ParentRun>>,
}

/// The run in flight, kept so that a late watcher sees all of it.
struct Live {
    run: RunId,
    origin: RequestRef,
    prompt: Arc<str>,
    parts: PartsBuilder,
    /// Bytes of output that each running tool may still stream.
    output_left: HashMap<String, usize>,
    /// What it waits to be answered.
    question: Option<Arc<Question>>,
}

/// Which client's request an event belongs to.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestRef {
    pub(crate) request: Option<RequestId>,
    pub(crate) client: Option<ClientId>,
}

/// A place in a feed: all events after `seq` come through `events`.
pub(crate) struct Joined {
    pub(crate) seq: i64,
    pub(crate) snapshot: Option<Arc<Snapshot>>,
    pub(crate) events: broadcast::Receiver<Arc<Event>>,
}

impl Feed {
    /// Before another turn begins, [`SEQ_BLOCK`] more numbers should be reserved.
    pub(crate) fn is_low_on_numbers(&self) -> bool {
        let state = lock(&self.state);
        state.end - state.next < SEQ_LOW
    }

    /// Goes on with a fresh block of [`SEQ_BLOCK`] numbers, which begins at `first`.
    pub(crate) fn take_numbers(&self, first: i64) {
        let mut state = lock(&self.state);
        state.next = state.next.max(first);
        state.end = first + SEQ_BLOCK;
    }

    /// Takes `count` sequence numbers for messages that are about to be stored; returns the first. They must be published,
    /// with [`Self::publish_at`], before anything else is.
    pub(crate) fn allocate(&self, count: usize) -> i64 {
        let mut state = lock(&self.state);
        let first = state.next;
        state.next += i64::try_from(count).unwrap_or(i64::MAX);
        first
    }

    pub(crate) fn publish(&self, origin: &RequestRef, what: What) {
        let mut state = lock(&self.state);
        let seq = state.next;
        state.next += 1;
        self.send(&mut state, seq, origin, what);
    }

    pub(crate) fn publish_at(&self, seq: i64, origin: &RequestRef, what: What) {
        self.send(&mut lock(&self.state), seq, origin, what);
    }

    /// A run begins; `parts` is what it has done in an earlier life.
    pub(crate) fn start_run(&self, run: RunId, origin: &RequestRef, prompt: &Arc<str>, parts: PartsBuilder) {
        let mut state = lock(&self.state);
        let (origin, prompt, output_left) = (origin.clone(), Arc::clone(prompt), HashMap::new());
        state.live = Some(Live { run, origin: origin.clone(), prompt: Arc::clone(&prompt), parts, output_left, question: None });
        let seq = state.next;
        state.next += 1;
        self.send(&mut state, seq, &origin, What::Started { prompt });
    }

    /// Holds off a second run of the session for as long as it is held.
    pub(crate) fn turn_slot(&self) -> Arc<Semaphore> {
        Arc::clone(&self.turn)
    }

    /// What is published from here on belongs to a run that `parent` waits for, if it is some.
    pub(crate) fn belongs_to(&self, parent: Option<Arc<ParentRun>>) {
        lock(&self.state).parent = parent;
    }

    /// The run in flight waits for an answer.
    pub(crate) fn ask(&self, origin: &RequestRef, question: &Arc<Question>) {
        if let Some(live) = &mut lock(&self.state).live {
            live.question = Some(Arc::clone(question));
        }
        self.publish(origin, What::Asked(Arc::clone(question)));
    }

    /// The run in flight has its answer.
    pub(crate) fn answer(&self, origin: &RequestRef, question: &Arc<Question>, answer: &Answer) {
        if let Some(live) = &mut lock(&self.state).live {
            live.question = None;
        }
        self.publish(origin, What::Answered { question: Arc::clone(question), answer: answer.clone() });
    }

    /// The run in flight waits for another agent.
    pub(crate) fn delegate(&self, origin: &RequestRef, call_id: &str, session: &SessionKey) {
        self.publish(origin, What::Delegated { call_id: call_id.into(), session: session.clone() });
    }

    /// Something happened in the run in flight.
    pub(crate) fn progress(&self, progress: Progress) {
        let now = self.clock.now_ms();
        let mut state = lock(&self.state);
        let Some(live) = &mut state.live else { return };
        live.parts.apply(&progress, now);
        let origin = live.origin.clone();
        let what = match progress {
            Progress::Text(text) => What::Text { run: live.run, text: text.into() },
            Progress::Reasoning(text) => What::Reasoning { run: live.run, text: text.into() },
            Progress::Retrying { after_ms, reason } => What::Retrying { run: live.run, after_ms, reason: reason.into() },
            Progress::ToolStarted(call) => What::ToolStarted { call: Arc::new(call) },
            Progress::ToolOutput { call, mut chunk } => {
                let left = live.output_left.entry(call.id.clone()).or_insert(TOOL_OUTPUT);
                chunk.truncate(chunk.floor_char_boundary(*left));
                *left -= chunk.len();
                if chunk.is_empty() {
                    return;
                }
                What::ToolOutput { call: Arc::new(call), chunk: chunk.into() }
            }
            Progress::ToolEnded { call, output, is_error } => {
                live.output_left.remove(&call.id);
                What::ToolEnded { call: Arc::new(call), output: output.into(), is_error }
            }
        };
        let seq = state.next;
        state.next += 1;
        self.send(&mut state, seq, &origin, what);
    }

    /// What the run in flight has said and done so far.
    pub(crate) fn live_parts(&self) -> Vec<Part> {
        lock(&self.state).live.as_ref().map(|live| live.parts.to_vec()).unwrap_or_default()
    }

    /// The run ended and its answer is stored with the number `seq`.
    pub(crate) fn end_run(&self, seq: i64, origin: &RequestRef, what: What) {
        let mut state = lock(&self.state);
        state.live = None;
        self.send(&mut state, seq, origin, what);
    }

    /// A run is in flight.
    pub(crate) fn is_running(&self) -> bool {
        lock(&self.state).live.is_some()
    }

    /// Joins the feed: whatever is published later than the returned `seq` arrives, whatever is earlier is in the store or the
    /// snapshot.
    pub(crate) fn join(&self) -> Joined {
        let state = lock(&self.state);
        let snapshot = state.live.as_ref().map(|live| {
            Arc::new(Snapshot {
                run: live.run,
                request: live.origin.request.clone(),
                client: live.origin.client.clone(),
                prompt: Arc::clone(&live.prompt),
                parts: live.parts.to_vec(),
                question: live.question.clone(),
                parent: state.parent.clone(),
            })
        });
        Joined { seq: state.published, snapshot, events: self.events.subscribe() }
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    pub(crate) fn session(&self) -> &SessionKey {
        &self.session
    }

    fn send(&self, state: &mut FeedState, seq: i64, origin: &RequestRef, what: What) {
        debug_assert!(seq > state.published, "events leave in order");
        state.published = seq;
        let event = Arc::new(Event {
            session: self.session.clone(),
            seq,
            at: self.clock.now_ms(),
            request: origin.request.clone(),
            client: origin.client.clone(),
            replayed: false,
            parent: state.parent.clone(),
            what,
            rendered: Rendered::default(),
        });
        if matches!(event.what, What::UserMessage(_) | What::Asked(_) | What::Completed { .. } | What::Failed { .. }) {
            // Nobody listening is no error.
            let _ = self.notices.send(Arc::clone(&event));
        }
        let _ = self.events.send(event);
    }
}

/// Takes a lock that no panic can leave broken: every critical section here leaves whole values behind.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An event that was rebuilt from a stored message.
pub(crate) fn stored_event(session: &SessionKey, message: &Arc<Message>) -> Event {
    let what = match (message.role, message.status) {
        (wingman_message::Role::User, _) => What::UserMessage(Arc::clone(message)),
        (_, wingman_message::MessageStatus::Complete | wingman_message::MessageStatus::Truncated) => {
            What::Completed { answer: Arc::clone(message), usage: None, model: None }
        }
        (_, wingman_message::MessageStatus::Cancelled | wingman_message::MessageStatus::Error) => {
            What::Failed { error: message.error.as_deref().unwrap_or("the run failed").into(), answer: Some(Arc::clone(message)) }
        }
    };
    Event {
        session: session.clone(),
        seq: message.seq,
        at: message.created_at,
        request: message.request.clone(),
        client: None,
        replayed: true,
        parent: None,
        what,
        rendered: Rendered::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wingman_message::SystemClock;

    #[test]
    fn a_feed_asks_for_more_numbers_before_it_runs_out_and_never_goes_back() {
        let feed = Feed {
            session: "agent:main:main".parse().unwrap(),
            clock: Arc::new(SystemClock),
            events: broadcast::Sender::new(8),
            notices: broadcast::Sender::new(8),
            state: Mutex::new(FeedState { published: 0, next: 1, end: 1 + SEQ_BLOCK, live: None, parent: None }),
            turn: Arc::new(Semaphore::new(1)),
        };
        let mut last = 0;
        for _ in 0..100_000 {
            if feed.is_low_on_numbers() {
                let end = lock(&feed.state).end;
                feed.take_numbers(end);
            }
            let first = feed.allocate(wingman_store::MAX_MESSAGES_PER_DELIVERY);
            assert!(first > last, "{first} after {last}");
            last = first;
            let (next, end) = {
                let state = lock(&feed.state);
                (state.next, state.end)
            };
            assert!(next < end, "a number was used that is not reserved");
        }
    }
}
