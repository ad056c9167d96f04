//! What waits in a session, and in which order it has its turns. Pure: who owns the queue also owns the store behind it.

use crate::hub::RequestRef;
use std::collections::BTreeMap;
use std::sync::Arc;
use wingman_message::{ClientId, DeliveryId, Origin, ParentRun, Place, QueueMode, RequestId};
use wingman_store::{DeliveryState, Unfinished};

/// A delivery that waits for its turn.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) delivery: DeliveryId,
    pub(crate) origin: RequestRef,
    pub(crate) sender: Sender,
    pub(crate) mode: QueueMode,
    /// The run that handed it over, if one did.
    pub(crate) parent: Option<Arc<ParentRun>>,
    /// Its turn was begun in an earlier life of the process.
    pub(crate) is_open: bool,
    /// It was stopped before that turn was taken up again: it is taken up only to be ended.
    pub(crate) is_stopped: bool,
    /// Its client was told that it waits.
    pub(crate) was_queued: bool,
}

/// Whose a delivery is: those of one sender may share a turn, because each answer goes to one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sender {
    Client(ClientId),
    Webhook,
    Channel(Place),
    Delegate,
}

impl Waiting {
    pub(crate) fn new(delivery: DeliveryId, origin: &Origin, place: Option<&Place>, mode: QueueMode) -> Self {
        let (sender, parent) = match origin {
            Origin::Client { client, .. } => (Sender::Client(client.clone()), None),
            Origin::Webhook { .. } => (Sender::Webhook, None),
            Origin::Channel { channel, .. } => {
                (Sender::Channel(place.cloned().unwrap_or_else(|| Place::of(channel.clone()))), None)
            }
            Origin::Delegate { parent } => (Sender::Delegate, Some(Arc::from(parent.clone()))),
        };
        Self { delivery, origin: origin.into(), sender, mode, parent, is_open: false, is_stopped: false, was_queued: false }
    }

    /// It came through a channel, where its reply goes.
    pub(crate) fn is_channel(&self) -> bool {
        matches!(self.sender, Sender::Channel(_))
    }

    fn names(&self, request: &RequestId) -> bool {
        self.origin.request.as_ref() == Some(request)
    }
}

impl From<&Unfinished> for Waiting {
    fn from(one: &Unfinished) -> Self {
        let is_open = one.state == DeliveryState::Running;
        Self { is_open, ..Self::new(one.delivery, &one.origin, one.place.as_ref(), one.mode) }
    }
}

/// The deliveries that share a turn: the one whose turn it is, and those that it answers as well.
#[derive(Debug, Clone)]
pub(crate) struct Party {
    pub(crate) lead: Waiting,
    pub(crate) joined: Vec<Waiting>,
}

impl Party {
    /// The delivery of the client's request; failing that, one of another client's request with the same id.
    pub(crate) fn find(&self, client: &ClientId, request: &RequestId) -> Option<&Waiting> {
        pick(std::iter::once(&self.lead).chain(&self.joined), client, request)
    }
}

/// What waits, in the order in which it was accepted.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: BTreeMap<i64, Waiting>,
    /// Those that joined a turn in an earlier life of the process.
    joined: Vec<(DeliveryId, Waiting)>,
}

impl Queue {
    /// The queue as the store has it.
    pub(crate) fn read(unfinished: &[Unfinished]) -> Self {
        let mut queue = Self::default();
        for one in unfinished {
            match one.joined {
                Some(lead) => queue.joined.push((lead, one.into())),
                None => queue.insert(one.ordinal, one.into()),
            }
        }
        queue
    }

    pub(crate) fn insert(&mut self, ordinal: i64, waiting: Waiting) {
        self.waiting.insert(ordinal, waiting);
    }

    pub(crate) fn contains(&self, ordinal: i64) -> bool {
        self.waiting.contains_key(&ordinal)
    }

    pub(crate) fn remove(&mut self, ordinal: i64) {
        self.waiting.remove(&ordinal);
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.values().chain(self.joined.iter().map(|(_, waiting)| waiting))
    }

    /// Somebody waits who does not want the turn that runs to go on.
    pub(crate) fn interrupts(&self) -> bool {
        self.waiting.values().any(|waiting| waiting.mode == QueueMode::Interrupt && !waiting.is_open)
    }

    /// Has the turn that an earlier life of the process began end as soon as it is taken up.
    pub(crate) fn stop(&mut self, ordinal: i64) {
        if let Some(waiting) = self.waiting.get_mut(&ordinal) {
            waiting.is_stopped = true;
        }
    }

    /// The client's request, where it has joined a turn that is yet to be taken up again; failing that, another client's.
    pub(crate) fn find_joined(&self, client: &ClientId, request: &RequestId) -> Option<&Waiting> {
        pick(self.joined.iter().map(|(_, waiting)| waiting), client, request)
    }

    pub(crate) fn remove_joined(&mut self, delivery: DeliveryId) {
        self.joined.retain(|(_, waiting)| waiting.delivery != delivery);
    }

    /// How many of those that wait have their turn before the one with this ordinal.
    pub(crate) fn before(&self, ordinal: i64, mode: QueueMode) -> usize {
        let own = rank(ordinal, mode, false);
        self.waiting.iter().filter(|(other, waiting)| rank(**other, waiting.mode, waiting.is_open) < own).count()
    }

    /// Takes out whose turn is next, and those that share it.
    pub(crate) fn take_next(&mut self) -> Option<Party> {
        let ranked = self.waiting.iter().min_by_key(|(ordinal, waiting)| rank(**ordinal, waiting.mode, waiting.is_open));
        let ordinal = ranked.map(|(ordinal, _)| *ordinal)?;
        let lead = self.waiting.remove(&ordinal)?;
        let mut joined = Vec::new();
        if lead.is_open {
            let (own, others) = std::mem::take(&mut self.joined).into_iter().partition(|(of, _)| *of == lead.delivery);
            self.joined = others;
            joined = own;
        } else if lead.mode == QueueMode::Collect {
            let directly_behind = self
                .waiting
                .range(ordinal..)
                .take_while(|(_, next)| next.mode == QueueMode::Collect && next.sender == lead.sender && !next.is_open);
            let ordinals: Vec<i64> = directly_behind.map(|(ordinal, _)| *ordinal).collect();
            let taken = ordinals.into_iter().filter_map(|ordinal| self.waiting.remove(&ordinal));
            joined = taken.map(|waiting| (lead.delivery, waiting)).collect();
        }
        Some(Party { lead, joined: joined.into_iter().map(|(_, waiting)| waiting).collect() })
    }

    /// Those that want to join the turn that runs, in order.
    pub(crate) fn steers(&self) -> Vec<(i64, Waiting)> {
        let steers = self.waiting.iter().filter(|(_, waiting)| waiting.mode == QueueMode::Steer && !waiting.is_open);
        steers.map(|(ordinal, waiting)| (*ordinal, waiting.clone())).collect()
    }

    /// The client's request; failing that, one of another client with the same id.
    pub(crate) fn find(&self, client: &ClientId, request: &RequestId) -> Option<(i64, &Waiting)> {
        let found = pick(self.waiting.values(), client, request)?.delivery;
        self.find_delivery(found)
    }

    pub(crate) fn find_delivery(&self, delivery: DeliveryId) -> Option<(i64, &Waiting)> {
        self.waiting.iter().find(|(_, waiting)| waiting.delivery == delivery).map(|(ordinal, waiting)| (*ordinal, waiting))
    }
}

/// In the order of turns: what an earlier life of the process began, who interrupts, and the others as they came.
fn rank(ordinal: i64, mode: QueueMode, is_open: bool) -> (u8, i64) {
    let class = match (is_open, mode) {
        (true, _) => 0,
        (false, QueueMode::Interrupt) => 1,
        (false, _) => 2,
    };
    (class, ordinal)
}

fn pick<'a>(all: impl Iterator<Item = &'a Waiting>, client: &ClientId, request: &RequestId) -> Option<&'a Waiting> {
    let mut of_another = None;
    for waiting in all.filter(|waiting| waiting.names(request)) {
        if waiting.origin.client.as_ref() == Some(client) {
            return Some(waiting);
        }
        of_another = of_another.or(Some(waiting));
    }
    of_another
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn waiting(client: &str, request: i64, mode: QueueMode) -> Waiting {
        let origin =
            Origin::Client { client: ClientId::new(client).unwrap(), request: RequestId::new(request.to_string()).unwrap() };
        Waiting::new(DeliveryId::new(request), &origin, None, mode)
    }

    fn queue(all: &[(&str, QueueMode)]) -> Queue {
        let mut queue = Queue::default();
        for ((client, mode), ordinal) in all.iter().zip(1..) {
            queue.insert(ordinal, waiting(client, ordinal, *mode));
        }
        queue
    }

    fn turns(mut queue: Queue) -> Vec<Vec<String>> {
        let request = |waiting: &Waiting| waiting.origin.request.as_ref().unwrap().to_string();
        let mut turns = Vec::new();
        while let Some(party) = queue.take_next() {
            turns.push(std::iter::once(&party.lead).chain(&party.joined).map(request).collect());
        }
        turns
    }

    #[test]
    fn what_collects_shares_a_turn_with_its_neighbours_of_the_same_sender() {
        use QueueMode::{Collect, Queue as Wait};
        let all = [("a", Collect), ("a", Collect), ("b", Collect), ("a", Collect), ("a", Wait), ("a", Collect), ("a", Collect)];
        assert_eq!(turns(queue(&all)), [vec!["1", "2"], vec!["3"], vec!["4"], vec!["5"], vec!["6", "7"]]);
    }

    #[test]
    fn who_interrupts_is_next_and_what_was_begun_comes_first() {
        use QueueMode::{Interrupt, Queue as Wait};
        let mut queue = queue(&[("a", Wait), ("a", Interrupt), ("b", Interrupt), ("a", Wait)]);
        assert_eq!((queue.before(4, Wait), queue.before(3, Interrupt), queue.before(2, Interrupt)), (3, 1, 0));
        queue.insert(5, Waiting { is_open: true, ..waiting("a", 5, Wait) });
        assert_eq!(turns(queue), [["5"], ["2"], ["3"], ["1"], ["4"]]);
    }

    fn any_mode() -> impl Strategy<Value = QueueMode> {
        prop_oneof![
            Just(QueueMode::Queue),
            Just(QueueMode::Steer),
            Just(QueueMode::Collect),
            Just(QueueMode::Interrupt),
            Just(QueueMode::Reject)
        ]
    }

    proptest! {
        #[test]
        fn each_has_one_turn_and_without_interruptions_the_order_is_kept(
            all in prop::collection::vec((prop_oneof![Just("a"), Just("b")], any_mode()), 0..12)
        ) {
            let taken: Vec<i64> = turns(queue(&all)).concat().iter().map(|request| request.parse().unwrap()).collect();
            let calm = |request: &&i64| all[usize::try_from(**request - 1).unwrap()].1 != QueueMode::Interrupt;
            let (calm, hasty): (Vec<i64>, Vec<i64>) = taken.iter().partition(calm);
            prop_assert!(calm.is_sorted() && hasty.is_sorted());
            prop_assert_eq!(&taken, &[hasty, calm].concat());
            prop_assert_eq!(taken.len(), all.len());
        }
    }
}
