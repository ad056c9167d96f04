//! Replies on their way out to chat networks. One lane for each place that has any: a task that delivers the oldest, and only then
//! the next, so that no reply overtakes another. The store is the truth: a lane asks it what comes next, and ends when nothing does.

use crate::growing::{self, Growth, Source};
use crate::hub::lock;
use crate::queue::Sender;
use crate::retry::{Next, RetryPolicy};
use crate::turn::persist;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wingman_message::{AgentId, ChannelName, Clock, Components, DeliveryId, Outbound, Phase, Place, PluginFailure, Receipt};
use wingman_store::{AgentStore, OutboxRow, Outgoing, ReplyTarget};

/// How many replies are being handed to components at once; the other lanes wait.
const CONCURRENT: usize = 32;

/// What the couriers work with.
pub(crate) struct Office {
    pub(crate) components: Arc<dyn Components>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) retry: RetryPolicy,
    pub(crate) tasks: TaskTracker,
    /// Nothing new is begun.
    pub(crate) stop: CancellationToken,
    /// What runs is dropped, too: the next start takes it up.
    pub(crate) abort: CancellationToken,
}

/// All lanes, and the replies that grow.
pub(crate) struct Couriers {
    pub(crate) office: Office,
    permits: Semaphore,
    /// Held for look-ups only, never across an await.
    lanes: Mutex<HashMap<(AgentId, Place), Arc<Lane>>>,
    growing: Mutex<HashMap<DeliveryId, Growth>>,
    /// Channels whose networks showed that they cannot edit.
    rigid: Mutex<HashSet<ChannelName>>,
    /// Places whose networks asked for patience while a reply grew, and until when: milliseconds since the Unix epoch.
    patience: Mutex<HashMap<Place, i64>>,
}

/// How a lane is told of new replies.
#[derive(Default)]
struct Lane {
    wake: Notify,
    /// Something came since the lane last asked the store.
    news: Mutex<bool>,
    /// Its next reply waits for something that the operator has to do.
    waits_for_operator: AtomicBool,
    /// The operator may have done it: that reply is tried before its time.
    is_due: AtomicBool,
}

impl Couriers {
    pub(crate) fn new(office: Office) -> Arc<Self> {
        Arc::new(Self {
            office,
            permits: Semaphore::new(CONCURRENT),
            lanes: Mutex::default(),
            growing: Mutex::default(),
            rigid: Mutex::default(),
            patience: Mutex::default(),
        })
    }

    /// Delivers what `store` holds for `place`.
    pub(crate) fn wake(self: &Arc<Self>, store: AgentStore, place: Place) {
        let key = (store.agent().clone(), place);
        let mut lanes = lock(&self.lanes);
        if let Some(lane) = lanes.get(&key) {
            *lock(&lane.news) = true;
            lane.wake.notify_one();
            return;
        }
        let lane = Arc::<Lane>::default();
        lanes.insert(key.clone(), Arc::clone(&lane));
        let couriers = Arc::clone(self);
        let running = {
            let (couriers, key) = (Arc::clone(self), key.clone());
            self.office.tasks.spawn(async move { couriers.serve(&store, &key, &lane).await })
        };
        self.office.tasks.spawn(async move {
            if let Err(panic) = running.await {
                // The next reply to the place, or the next start, finds what is left in the store.
                tracing::error!(place = ?key.1, %panic, "a delivery crashed");
                lock(&couriers.lanes).remove(&key);
            }
        });
    }

    /// Delivers the reply to `delivery`, which is in the outbox.
    pub(crate) fn send(self: &Arc<Self>, store: AgentStore, delivery: DeliveryId) {
        let couriers = Arc::clone(self);
        self.office.tasks.spawn(async move {
            let target = persist(&couriers.office.abort, || store.reply_target(delivery)).await.flatten();
            if let Some(ReplyTarget { place, .. }) = target {
                couriers.wake(store, place);
            }
        });
    }

    /// Shows the reply of `source` while its run goes on.
    pub(crate) fn grow(self: &Arc<Self>, source: Source) {
        let (growth, delivery) = (Growth::default(), source.delivery);
        lock(&self.growing).insert(delivery, growth.clone());
        let couriers = Arc::clone(self);
        let running = self.office.tasks.spawn(async move {
            // Dropped with the task, however it ends: whoever waits for the growth is let go.
            let _ended = growth.ended.drop_guard_ref();
            growing::run(&couriers, source, &growth).await;
        });
        let couriers = Arc::clone(self);
        self.office.tasks.spawn(async move {
            if let Err(panic) = running.await {
                tracing::error!(%delivery, %panic, "showing a reply as it grows crashed");
            }
            lock(&couriers.growing).remove(&delivery);
        });
    }

    /// Tries again what waits for a plugin, a grant, or anything else that the operator gives.
    pub(crate) fn renewed(&self) {
        for lane in lock(&self.lanes).values().filter(|lane| lane.waits_for_operator.load(Ordering::Relaxed)) {
            lane.is_due.store(true, Ordering::Relaxed);
            lane.wake.notify_one();
        }
    }

    /// What came from this sender can be reacted to, as far as its plugin says.
    pub(crate) fn reacts_at(&self, sender: &Sender) -> bool {
        let Sender::Channel(Place { channel, .. }) = sender else { return false };
        self.office.components.skills(channel).is_some_and(|skills| skills.presence)
    }

    /// The channel's network shows replies as they grow, as far as is known.
    pub(crate) fn can_edit(&self, channel: &ChannelName) -> bool {
        !lock(&self.rigid).contains(channel)
    }

    pub(crate) fn cannot_edit(&self, channel: &ChannelName) {
        lock(&self.rigid).insert(channel.clone());
    }

    /// Has what is delivered to `place` wait for so long. A growing reply has no row yet that could say so.
    pub(crate) fn leave_alone(&self, place: &Place, pause: Duration) {
        let now = self.office.clock.now_ms();
        let mut patience = lock(&self.patience);
        patience.retain(|_, until| *until > now);
        patience.insert(place.clone(), now.saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)));
    }

    /// When `row` may be tried.
    fn due(&self, row: &OutboxRow) -> i64 {
        let patience = lock(&self.patience).get(&row.target.place).copied();
        row.next_at.max(patience.unwrap_or(row.next_at))
    }

    async fn serve(&self, store: &AgentStore, key: &(AgentId, Place), lane: &Lane) {
        let place = &key.1;
        while !self.office.stop.is_cancelled() {
            *lock(&lane.news) = false;
            let Some(next) = persist(&self.office.abort, || store.outbox_next(place)).await else { break };
            match next {
                Some(row) if self.is_early(&row, lane) => self.pause(&row, lane).await,
                Some(row) => match self.deliver(store, &row, lane).await {
                    Some(()) => {}
                    None => break,
                },
                None if self.retire(key, lane) => return,
                None => {}
            }
        }
        lock(&self.lanes).remove(key);
    }

    fn is_early(&self, row: &OutboxRow, lane: &Lane) -> bool {
        !lane.is_due.swap(false, Ordering::Relaxed) && self.due(row) > self.office.clock.now_ms()
    }

    /// Ends the lane, unless a reply came meanwhile.
    fn retire(&self, key: &(AgentId, Place), lane: &Lane) -> bool {
        let mut lanes = lock(&self.lanes);
        let is_over = !*lock(&lane.news);
        if is_over {
            lanes.remove(key);
        }
        is_over
    }

    /// Waits until `row` is due, or something changes: a dead letter that is taken up again may come first.
    async fn pause(&self, row: &OutboxRow, lane: &Lane) {
        let left = self.due(row).saturating_sub(self.office.clock.now_ms());
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(left.unsigned_abs())) => {}
            () = lane.wake.notified() => {}
            () = self.office.stop.cancelled() => {}
        }
    }

    /// Tries once. None when what came of it could not be stored: to go on would be to say it twice.
    async fn deliver(&self, store: &AgentStore, row: &OutboxRow, lane: &Lane) -> Option<()> {
        let markdown = match &row.what {
            Outgoing::Reply { markdown } => markdown,
            Outgoing::Reaction { emoji } => return self.react(store, row, lane, emoji).await,
        };
        let growth = lock(&self.growing).get(&row.delivery).cloned();
        if let Some(growth) = growth {
            // Its last call must be over. Then the row is read again: it knows what is shown.
            growth.stop.cancel();
            growth.ended.cancelled().await;
            lock(&self.growing).remove(&row.delivery);
            return Some(());
        }
        let _permit = self.permits.acquire().await.ok()?;
        let sent = tokio::select! {
            () = self.office.abort.cancelled() => return None,
            sent = self.office.components.deliver(finish(row, markdown)) => sent,
        };
        let failure = match sent {
            Ok(Receipt { unfinished: None, ids, .. }) => {
                return persist(&self.office.abort, || store.outbox_shown(row.id, ids.clone())).await;
            }
            Ok(Receipt { unfinished: Some(failure), ids, .. }) => {
                persist(&self.office.abort, || store.reply_shown(row.delivery, ids.clone())).await?;
                failure
            }
            Err(failure) => failure,
        };
        lane.waits_for_operator.store(waits_for_operator(&failure), Ordering::Relaxed);
        self.failed(store, row, &failure).await
    }

    /// Shows a reaction. To show it again is to show it once: networks keep one of a kind.
    async fn react(&self, store: &AgentStore, row: &OutboxRow, lane: &Lane, emoji: &str) -> Option<()> {
        let _permit = self.permits.acquire().await.ok()?;
        let ReplyTarget { place, reply_to, .. } = &row.target;
        let message = reply_to.as_deref().unwrap_or_default();
        let shown = tokio::select! {
            () = self.office.abort.cancelled() => return None,
            shown = self.office.components.react(place, message, Some(emoji)) => shown,
        };
        match shown {
            Ok(()) => persist(&self.office.abort, || store.outbox_settled(row.id)).await,
            Err(failure) => {
                lane.waits_for_operator.store(waits_for_operator(&failure), Ordering::Relaxed);
                self.failed(store, row, &failure).await
            }
        }
    }

    async fn failed(&self, store: &AgentStore, row: &OutboxRow, failure: &PluginFailure) -> Option<()> {
        let (channel, reason, now) = (&row.target.place.channel, failure.to_string(), self.office.clock.now_ms());
        let for_so_long = Duration::from_millis(u64::try_from(now.saturating_sub(row.since)).unwrap_or(0));
        match self.office.retry.after(failure, row.attempts, for_so_long) {
            Next::RetryAfter(pause) => {
                let pause_ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
                tracing::info!(%channel, delivery = %row.delivery, %reason, pause_ms, "a reply is tried again");
                let next_at = now.saturating_add(pause_ms);
                persist(&self.office.abort, || store.outbox_retry(row.id, next_at, reason.clone())).await
            }
            // A reaction that comes late, by somebody's hand, is of use to nobody.
            Next::GiveUp if matches!(row.what, Outgoing::Reaction { .. }) => {
                tracing::warn!(%channel, delivery = %row.delivery, %reason, "a reaction was given up");
                persist(&self.office.abort, || store.outbox_settled(row.id)).await
            }
            Next::GiveUp => {
                tracing::error!(%channel, delivery = %row.delivery, %reason, "a reply is a dead letter now");
                persist(&self.office.abort, || store.outbox_bury(row.id, reason.clone())).await
            }
        }
    }
}

/// Somebody has to load, configure or grant something before it can succeed.
fn waits_for_operator(failure: &PluginFailure) -> bool {
    matches!(failure, PluginFailure::Unavailable(_) | PluginFailure::NotFound { .. } | PluginFailure::Quarantined { .. })
}

/// The last phase of a reply: all of it.
fn finish(row: &OutboxRow, markdown: &str) -> Outbound {
    let ReplyTarget { place, reply_to, context, shown } = row.target.clone();
    Outbound {
        id: row.delivery.to_string(),
        place,
        reply_to,
        markdown: markdown.to_owned(),
        attachments: Vec::new(),
        phase: Phase::Finish,
        previous: shown,
        context,
    }
}
