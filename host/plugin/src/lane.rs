//! The slow lane: guests that compute for longer than one slice take turns.
//!
//! Guests run on the gateway's async threads, because a typical call is over in microseconds. One that is not gives the
//! thread back at each tick, and from then on it needs the lane for each further slice. The lane has half as many places as
//! there are threads, so however many guests compute, the other half always serves everyone else.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The lane, shared by all calls.
#[derive(Debug, Clone)]
pub(crate) struct SlowLane(Arc<Semaphore>);

impl SlowLane {
    /// A lane with half the machine's threads, at least one.
    pub(crate) fn for_this_machine() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((threads / 2).max(1))))
    }

    /// A call's own access to the lane.
    pub(crate) fn turns(&self) -> Turns {
        Turns { lane: Arc::clone(&self.0), place: Arc::default() }
    }
}

/// One call's access to the lane.
#[derive(Debug, Clone)]
pub(crate) struct Turns {
    lane: Arc<Semaphore>,
    // A std mutex, since it is held for one assignment and never across an await.
    place: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl Turns {
    /// Lets everyone else go first, then waits for a place in the lane. Must be awaited inside the guest's own poll: the guest
    /// computes on as soon as this is ready, and [`end`](Self::end) is due when that poll returns.
    pub(crate) fn next(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let Self { lane, place } = self.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            // The lane is never closed; if it were, computing without a place would still be right.
            let permit = lane.acquire_owned().await.ok();
            *place.lock().unwrap_or_else(PoisonError::into_inner) = permit;
        })
    }

    /// The slice is over: the place goes to the next guest.
    pub(crate) fn end(&self) {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_is_free_again_after_the_slice() {
        let lane = SlowLane(Arc::new(Semaphore::new(1)));
        let (first, second) = (lane.turns(), lane.turns());
        first.next().await;
        let mut waiting = second.next();
        assert!(futures_poll(&mut waiting).await.is_none(), "two guests were in a lane of one");
        first.end();
        waiting.await;
        second.end();
        assert_eq!(lane.0.available_permits(), 1);
    }

    /// Polls twice, past the yield, and says whether it became ready.
    async fn futures_poll(future: &mut Pin<Box<dyn Future<Output = ()> + Send>>) -> Option<()> {
        for _ in 0..2 {
            let polled = std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context))).await;
            if polled.is_ready() {
                return Some(());
            }
        }
        None
    }
}
