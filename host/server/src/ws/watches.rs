//! What one connection follows: for each session one task that brings its events, and a filter that says which of them.

use super::events::{self, Stands};
use super::outbox::Outbox;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinHandle;
use wingman_dispatch::{Dispatch, Event, Refused, Watch};
use wingman_message::{ClientId, RequestId, SessionKey};

/// Sessions that one connection may follow at once.
const SESSIONS: usize = 256;

/// The sessions that a connection follows. Dropping it stops all of its tasks.
pub(crate) struct Watches {
    dispatch: Dispatch,
    client: ClientId,
    outbox: Outbox,
    sessions: HashMap<SessionKey, Followed>,
}

/// A session that was joined and is not yet followed.
pub(crate) struct Joined {
    watch: Watch,
    interest: Interest,
}

impl Joined {
    /// The number of the newest event before those that will be sent.
    pub(crate) fn seq(&self) -> i64 {
        self.watch.seq()
    }
}

struct Followed {
    /// Shared with the task; held to look and to change, never across an await.
    interest: Arc<Mutex<Interest>>,
    task: JoinHandle<()>,
}

/// Which events of a session a connection wants.
#[derive(Default, Clone)]
struct Interest {
    subscribed: bool,
    /// The connection's own requests that have not ended.
    requests: HashSet<RequestId>,
    /// Everything up to here was passed on.
    seq: Option<i64>,
    /// The task has ended because nothing was wanted any more.
    over: bool,
}

impl Interest {
    /// How the client stands to `event`; none where it does not want it.
    fn stands(&self, event: &Event, client: &ClientId) -> Option<Stands> {
        let is_own = event.client.as_ref() == Some(client) || event.client.is_none();
        let awaited = is_own && event.request.as_ref().is_some_and(|request| self.requests.contains(request));
        let asked_earlier = event.client.as_ref() == Some(client);
        match (awaited, self.subscribed) {
            (true, _) => Some(Stands::Requester),
            (false, true) if asked_earlier => Some(Stands::Requester),
            (false, true) => Some(Stands::Watcher),
            (false, false) => None,
        }
    }

    fn is_wanted(&self) -> bool {
        self.subscribed || !self.requests.is_empty()
    }

    /// Up to where the connection's own requests were told, if it has any.
    fn told_to_requests(&self) -> Option<i64> {
        self.seq.filter(|_| !self.requests.is_empty())
    }
}

impl Watches {
    pub(crate) fn new(dispatch: Dispatch, client: ClientId, outbox: Outbox) -> Self {
        Self { dispatch, client, outbox, sessions: HashMap::new() }
    }

    /// Joins `session`, to follow all of its events from here on; with `since`, what was stored later comes first. Nothing is sent
    /// before [`Self::subscribe`].
    pub(crate) async fn join(&mut self, session: &SessionKey, since: Option<i64>) -> Result<Joined, Refused> {
        self.make_room(session)?;
        let before = self.stop(session).await;
        let since = since.or(before.told_to_requests());
        let watch = self.dispatch.watch(session, since).await?;
        let seq = Some(since.unwrap_or(watch.seq()));
        Ok(Joined { watch, interest: Interest { subscribed: true, requests: before.requests, seq, over: false } })
    }

    /// Sends all events that come through what was joined.
    pub(crate) fn subscribe(&mut self, session: &SessionKey, joined: Joined) {
        self.follow(session, joined.watch, joined.interest);
    }

    /// Stops following `session`, apart from the connection's own requests; returns the number of the newest event sent.
    pub(crate) fn unsubscribe(&mut self, session: &SessionKey) -> i64 {
        let Some(followed) = self.sessions.get(session) else { return 0 };
        let mut interest = lock(&followed.interest);
        interest.subscribed = false;
        let (seq, is_wanted) = (interest.seq.unwrap_or(0), interest.is_wanted());
        drop(interest);
        if !is_wanted {
            followed.task.abort();
            self.sessions.remove(session);
        }
        seq
    }

    /// Follows the events of one own request, from before it is accepted.
    pub(crate) async fn expect(&mut self, session: &SessionKey, request: &RequestId) -> Result<(), Refused> {
        if let Some(followed) = self.sessions.get(session) {
            let mut interest = lock(&followed.interest);
            if !interest.over {
                interest.requests.insert(request.clone());
                return Ok(());
            }
        }
        self.make_room(session)?;
        let watch = self.dispatch.watch(session, None).await?;
        let seq = Some(watch.seq());
        self.follow(session, watch, Interest { requests: HashSet::from([request.clone()]), seq, ..Interest::default() });
        Ok(())
    }

    /// Begins again with an own request that was in flight already: what it has said so far comes as a snapshot.
    pub(crate) async fn rejoin(&mut self, session: &SessionKey) -> Result<(), Refused> {
        let before = self.stop(session).await;
        let watch = self.dispatch.watch(session, before.seq).await?;
        self.follow(session, watch, Interest { over: false, ..before });
        Ok(())
    }

    /// An own request was refused: nothing of it will come.
    pub(crate) fn forget(&mut self, session: &SessionKey, request: &RequestId) {
        let Some(followed) = self.sessions.get(session) else { return };
        let mut interest = lock(&followed.interest);
        interest.requests.remove(request);
        let is_wanted = interest.is_wanted();
        drop(interest);
        if !is_wanted {
            followed.task.abort();
            self.sessions.remove(session);
        }
    }

    /// The connection is sent all events of `session`.
    pub(crate) fn is_subscribed(&self, session: &SessionKey) -> bool {
        self.sessions.get(session).is_some_and(|followed| lock(&followed.interest).subscribed)
    }

    /// Stops the session's task, and returns what it was for and how far it came: whatever it did not pass on is told again, from
    /// the store and the snapshot, to who joins after this.
    async fn stop(&mut self, session: &SessionKey) -> Interest {
        let Some(followed) = self.sessions.remove(session) else { return Interest::default() };
        followed.task.abort();
        // Cancelled is what it is meant to be.
        let _ = followed.task.await;
        lock(&followed.interest).clone()
    }

    fn make_room(&mut self, session: &SessionKey) -> Result<(), Refused> {
        self.sessions.retain(|_, followed| !followed.task.is_finished());
        if self.sessions.len() >= SESSIONS && !self.sessions.contains_key(session) {
            return Err(Refused::Invalid(format!(
                "one connection can follow {SESSIONS} sessions at once; unsubscribe from some"
            )));
        }
        Ok(())
    }

    fn follow(&mut self, session: &SessionKey, watch: Watch, interest: Interest) {
        let interest = Arc::new(Mutex::new(interest));
        let pump = pump(watch, Arc::clone(&interest), self.client.clone(), self.outbox.clone());
        let task = tokio::spawn(pump);
        self.sessions.insert(session.clone(), Followed { interest, task });
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        for followed in self.sessions.values() {
            followed.task.abort();
        }
    }
}

/// Passes on what is wanted until nothing is, or until the connection is gone.
async fn pump(mut watch: Watch, interest: Arc<Mutex<Interest>>, client: ClientId, outbox: Outbox) {
    loop {
        let event = match watch.next().await {
            Ok(event) => event,
            Err(error) => {
                tracing::error!(%error, "a watcher could not be brought up to date; its connection is closed");
                outbox.close(1011, "events could not be read; connect again");
                return;
            }
        };
        let stands = lock(&interest).stands(&event, &client);
        if let Some(stands) = stands {
            for frame in events::frames(&event, &client, stands).iter() {
                if outbox.text(frame.clone()).await.is_err() {
                    return;
                }
            }
        }
        if settle(&interest, &event) {
            return;
        }
    }
}

/// Notes that `event` was passed on. True when nothing is wanted any more.
fn settle(interest: &Mutex<Interest>, event: &Event) -> bool {
    let mut interest = lock(interest);
    interest.seq = Some(event.seq);
    if event.what.is_final()
        && let Some(request) = &event.request
    {
        interest.requests.remove(request);
    }
    interest.over = !interest.is_wanted();
    interest.over
}

fn lock(interest: &Mutex<Interest>) -> MutexGuard<'_, Interest> {
    interest.lock().unwrap_or_else(PoisonError::into_inner)
}
