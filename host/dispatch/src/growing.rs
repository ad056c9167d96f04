//! A reply that is shown while it grows: the agent is seen to write, then its words, edited in as they come. It watches the run's
//! feed and is always behind by at most one call; the run never waits for it, and nothing that fails here fails anything. The
//! last words are not its business: they go through the outbox, once this has ended.

use crate::courier::Couriers;
use crate::event::{Event, What};
use crate::hub::{Feed, Joined};
use crate::parts;
use crate::turn::persist;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wingman_message::{DeliveryId, Outbound, Phase, PluginFailure, Receipt, RunId};
use wingman_store::{AgentStore, ReplyTarget};

/// The first words are shown once there are so many characters, or so long after the first of them.
const ENOUGH_CHARS: usize = 20;
const LONG_ENOUGH: Duration = Duration::from_millis(500);
/// The least time between two edits, whatever a network allows.
const LEAST_PAUSE: Duration = Duration::from_millis(10);
/// How long to leave a network alone after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How long to wait before looking again whether earlier replies have been delivered.
const BEHIND_OTHERS: Duration = Duration::from_millis(500);
/// The least time between two signs of life.
const LEAST_TYPING: Duration = Duration::from_secs(1);

/// How a growing reply is stopped, and how one knows that it has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Growth {
    pub(crate) stop: CancellationToken,
    pub(crate) ended: CancellationToken,
}

/// Whose reply it is, and where its words come from.
pub(crate) struct Source {
    pub(crate) store: AgentStore,
    pub(crate) feed: Arc<Feed>,
    pub(crate) delivery: DeliveryId,
    pub(crate) run: RunId,
}

/// Shows the reply of `source` until its run ends or `growth` is stopped.
pub(crate) async fn run(couriers: &Couriers, source: Source, growth: &Growth) {
    let Source { store, feed, delivery, run } = source;
    let Some(joined) = feed.join().of(run) else { return };
    let target = persist(&couriers.office.abort, || store.reply_target(delivery)).await.flatten();
    let Some(target) = target else { return };
    let channel = &target.place.channel;
    let types = couriers.office.components.skills(channel).is_some_and(|skills| skills.presence);
    let edits = couriers.can_edit(channel);
    let mut reply = Growing {
        couriers,
        store,
        feed,
        run,
        delivery,
        first_at: None,
        shown_len: 0,
        type_at: types.then(Instant::now),
        show_from: edits.then(Instant::now),
        text: String::new(),
        target,
    };
    reply.follow(joined, growth).await;
}

struct Growing<'a> {
    couriers: &'a Couriers,
    store: AgentStore,
    feed: Arc<Feed>,
    run: RunId,
    delivery: DeliveryId,
    target: ReplyTarget,
    text: String,
    /// How many bytes of `text` are shown.
    shown_len: usize,
    /// When the first words came.
    first_at: Option<Instant>,
    /// When to show the next sign of life; none where the network shows none.
    type_at: Option<Instant>,
    /// Nothing is shown before; none where nothing is shown any more.
    show_from: Option<Instant>,
}

impl Growing<'_> {
    async fn follow(&mut self, mut feed: JoinedRun, growth: &Growth) {
        let office = &self.couriers.office;
        self.heard(&feed.text);
        loop {
            let (type_at, show_at) = (self.type_at, self.show_at());
            // In order: the end first, words before they are shown.
            tokio::select! {
                biased;
                () = growth.stop.cancelled() => return,
                () = office.abort.cancelled() => return,
                event = feed.events.recv() => match event {
                    Ok(event) if event.seq <= feed.seq => {}
                    Ok(event) => match &event.what {
                        What::Text { text, .. } => self.heard(text),
                        What::Completed { .. } | What::Failed { .. } => return,
                        _ => {}
                    },
                    // It fell behind while the network took its time: the feed knows all that was said.
                    Err(RecvError::Lagged(_)) => match self.feed.join().of(self.run) {
                        Some(joined) => {
                            self.text.clear();
                            self.heard(&joined.text);
                            feed = joined;
                        }
                        None => return,
                    },
                    Err(RecvError::Closed) => return,
                },
                () = until(show_at) => self.show().await,
                () = until(type_at) => self.type_on().await,
            }
        }
    }

    fn heard(&mut self, text: &str) {
        self.text.push_str(text);
        if self.first_at.is_none() && !self.text.trim().is_empty() {
            self.first_at = Some(Instant::now());
        }
    }

    /// When to show what there is; none while there is nothing new.
    fn show_at(&self) -> Option<Instant> {
        let (from, first_at) = (self.show_from?, self.first_at?);
        if self.text.len() == self.shown_len {
            return None;
        }
        if !self.target.shown.is_empty() || self.text.chars().count() >= ENOUGH_CHARS {
            return Some(from);
        }
        Some(from.max(first_at + LONG_ENOUGH))
    }

    async fn show(&mut self) {
        let is_first = self.target.shown.is_empty();
        if is_first && !self.is_next().await {
            self.show_from = Some(Instant::now() + BEHIND_OTHERS);
            return;
        }
        let outbound = Outbound {
            id: self.delivery.to_string(),
            place: self.target.place.clone(),
            reply_to: self.target.reply_to.clone(),
            markdown: self.text.clone(),
            attachments: Vec::new(),
            phase: if is_first { Phase::Start } else { Phase::Append },
            previous: self.target.shown.clone(),
            context: self.target.context.clone(),
        };
        self.shown_len = self.text.len();
        let sent = self.couriers.office.components.deliver(outbound).await;
        let now = Instant::now();
        match sent {
            Ok(Receipt { ids, edit_after, unfinished }) => {
                if ids != self.target.shown {
                    // Durable before anything else is shown: after a crash the reply is finished by an edit.
                    let abort = &self.couriers.office.abort;
                    persist(abort, || self.store.reply_shown(self.delivery, ids.clone())).await;
                    self.target.shown = ids;
                }
                self.show_from = edit_after.map(|pause| now + pause.max(LEAST_PAUSE));
                if let Some(failure) = unfinished {
                    self.failed(&failure, false);
                }
            }
            Err(failure) => self.failed(&failure, is_first),
        }
    }

    /// No earlier reply still waits to be delivered there: this one must not overtake it.
    async fn is_next(&self) -> bool {
        matches!(self.store.outbox_next(&self.target.place).await, Ok(None))
    }

    fn failed(&mut self, failure: &PluginFailure, is_first: bool) {
        let channel = &self.target.place.channel;
        tracing::debug!(%channel, delivery = %self.delivery, %failure, "a growing reply was not shown");
        self.show_from = match failure {
            PluginFailure::Unsupported(_) => {
                if is_first {
                    self.couriers.cannot_edit(channel);
                }
                None
            }
            PluginFailure::RateLimited { retry_after_ms } => {
                let pause = Duration::from_millis(*retry_after_ms);
                self.couriers.leave_alone(&self.target.place, pause);
                Instant::now().checked_add(pause)
            }
            PluginFailure::Temporary(_) | PluginFailure::Busy => Some(Instant::now() + AFTER_FAILURE),
            // The whole reply comes by the outbox, which knows what to do about it.
            _ => None,
        };
        // What was not shown is shown with the next try.
        self.shown_len = 0;
    }

    async fn type_on(&mut self) {
        let typing = self.couriers.office.components.typing(&self.target.place, self.target.context.as_deref()).await;
        self.type_at = match typing {
            // A little early, so that it does not flicker.
            Ok(lasts) => Some(Instant::now() + lasts.mul_f32(0.8).max(LEAST_TYPING)),
            Err(failure) => {
                tracing::debug!(channel = %self.target.place.channel, %failure, "no sign of life was shown");
                None
            }
        };
    }
}

/// A place in the feed of a run that goes on, and what the run has said before it.
struct JoinedRun {
    seq: i64,
    text: String,
    events: Receiver<Arc<Event>>,
}

impl Joined {
    /// None where another run, or none, is in flight.
    fn of(self, run: RunId) -> Option<JoinedRun> {
        let snapshot = self.snapshot.filter(|snapshot| snapshot.run == run)?;
        Some(JoinedRun { seq: self.seq, text: parts::text_of(&snapshot.parts), events: self.events })
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
