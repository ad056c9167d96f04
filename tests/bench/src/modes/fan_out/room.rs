//! A room: what was sent in it, and how much of that has arrived.

use super::Options;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// Shared by the publishers and members of one room. The counters order nothing else, hence relaxed.
pub(super) struct Room {
    pub(super) number: usize,
    /// How many members each message reaches.
    reach: u64,
    /// By publisher.
    sent: Vec<AtomicU64>,
    /// Deliveries that have arrived, and those that are known not to arrive any more.
    settled: AtomicU64,
    /// Something was settled.
    progress: Notify,
}

impl Room {
    pub(super) fn new(number: usize, options: &Options) -> Self {
        let sent = (0..options.publishers).map(|_| AtomicU64::new(0)).collect();
        let reach = options.members as u64 - 1;
        Self { number, reach, sent, settled: AtomicU64::new(0), progress: Notify::new() }
    }

    /// How many messages were sent.
    pub(super) fn sent(&self) -> u64 {
        (0..self.sent.len()).map(|publisher| self.sent_by(publisher)).sum()
    }

    pub(super) fn sent_by(&self, publisher: usize) -> u64 {
        self.sent.get(publisher).map_or(0, |sent| sent.load(Ordering::Relaxed))
    }

    pub(super) fn add_sent(&self, publisher: usize, number: u64) {
        if let Some(sent) = self.sent.get(publisher) {
            sent.fetch_add(number, Ordering::Relaxed);
        }
    }

    pub(super) fn settle(&self, deliveries: u64) {
        self.settled.fetch_add(deliveries, Ordering::Relaxed);
        self.progress.notify_waiters();
    }

    /// Waits until fewer than `most` messages are on their way, taken over all members; how many more there may be.
    pub(super) async fn has_room_for(&self, most: u64) -> u64 {
        self.when(|on_their_way| most.checked_sub(on_their_way.div_ceil(self.reach)).filter(|free| *free > 0)).await
    }

    pub(super) async fn all_arrived(&self) {
        self.when(|on_their_way| (on_their_way == 0).then_some(())).await;
    }

    /// Waits until `enough` has something to say to the number of deliveries that are on their way.
    async fn when<T>(&self, enough: impl Fn(u64) -> Option<T>) -> T {
        loop {
            // Made before the look, so that what happens in between is not missed.
            let progress = self.progress.notified();
            let on_their_way = (self.sent() * self.reach).saturating_sub(self.settled.load(Ordering::Relaxed));
            if let Some(answer) = enough(on_their_way) {
                return answer;
            }
            progress.await;
        }
    }
}
