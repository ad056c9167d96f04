//! Watching a session: what was missed comes first, then what happens, with no gap and no repeat.

use crate::event::{Event, Rendered, What};
use crate::hub::{Feed, Joined, stored_event};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use wingman_message::{Message, MessageStatus, Role, SessionKey};
use wingman_store::{AgentStore, StoreError};

/// How many stored messages a watcher is brought up to date with; whoever missed more reads the rest page by page.
const CATCH_UP_MESSAGES: usize = 500;

/// A watcher of one session. Dropping it stops watching.
pub struct Watch {
    feed: Arc<Feed>,
    store: AgentStore,
    events: Receiver<Arc<Event>>,
    backlog: VecDeque<Arc<Event>>,
    seq: i64,
}

impl Watch {
    /// Joins `feed`. With `since`, stored messages of a later number come first.
    pub(crate) async fn join(feed: Arc<Feed>, store: AgentStore, since: Option<i64>) -> Result<Self, StoreError> {
        let joined = feed.join();
        let backlog = missed(&feed, &store, &joined, since).await?;
        Ok(Self { feed, store, seq: joined.seq, events: joined.events, backlog })
    }

    /// The number of the newest event that is already told: by the store, by the snapshot, or by [`Self::next`].
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// The next event. A watcher that fell behind gets what it missed in the short form: stored messages and a snapshot.
    ///
    /// # Errors
    /// [`StoreError`] when what was missed cannot be read; the watcher cannot go on.
    pub async fn next(&mut self) -> Result<Arc<Event>, StoreError> {
        loop {
            if let Some(event) = self.backlog.pop_front() {
                return Ok(event);
            }
            match self.events.recv().await {
                Ok(event) if event.seq <= self.seq => {}
                Ok(event) => {
                    self.seq = event.seq;
                    return Ok(event);
                }
                // The watcher itself keeps the feed open, so that this can only mean that it fell behind.
                Err(RecvError::Lagged(_) | RecvError::Closed) => {
                    let joined = self.feed.join();
                    self.backlog = missed(&self.feed, &self.store, &joined, Some(self.seq)).await?;
                    self.seq = joined.seq;
                    self.events = joined.events;
                }
            }
        }
    }
}

/// What a watcher who knows everything up to `since` has to be told before the events that follow `joined`.
async fn missed(
    feed: &Feed,
    store: &AgentStore,
    joined: &Joined,
    since: Option<i64>,
) -> Result<VecDeque<Arc<Event>>, StoreError> {
    let session = feed.session();
    let mut backlog = VecDeque::new();
    if let Some(since) = since {
        let messages = store.messages_since(session, since, joined.seq, CATCH_UP_MESSAGES).await?;
        for message in messages {
            let message = Arc::new(message);
            backlog.push_back(Arc::new(stored_event(session, &message)));
            backlog.extend(ends_with(session, store, &message).await?.into_iter().map(Arc::new));
        }
    }
    if let Some(snapshot) = &joined.snapshot {
        backlog.push_back(Arc::new(Event {
            session: session.clone(),
            seq: joined.seq,
            at: feed.now_ms(),
            request: snapshot.request.clone(),
            client: snapshot.client.clone(),
            replayed: false,
            parent: snapshot.parent.clone(),
            what: What::Snapshot(Arc::clone(snapshot)),
            rendered: Rendered::default(),
        }));
    }
    Ok(backlog)
}

/// The ends of the requests that `answer` answered besides its own: who made them must not wait for ever.
async fn ends_with(session: &SessionKey, store: &AgentStore, answer: &Arc<Message>) -> Result<Vec<Event>, StoreError> {
    let Some(run) = answer.run.filter(|_| answer.role == Role::Assistant) else { return Ok(Vec::new()) };
    let requests = store.answered_with(run).await?;
    let end = |request| {
        let error = match answer.status {
            MessageStatus::Complete | MessageStatus::Truncated => None,
            MessageStatus::Cancelled | MessageStatus::Error => Some(answer.error.as_deref().unwrap_or("the run failed").into()),
        };
        let what = What::JoinedEnded { answer: Some(Arc::clone(answer)), error, usage: None };
        Event { request: Some(request), what, ..stored_event(session, answer) }
    };
    Ok(requests.into_iter().map(end).collect())
}
