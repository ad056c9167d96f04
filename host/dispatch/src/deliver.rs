//! Replies whose readers watch the session: clients, and the readers of a webhook's thread. The feed has told them and the store
//! holds the answer, so that their row in the outbox is only ticked off. What is sent out to a network is in `courier`.

use tokio_util::task::TaskTracker;
use wingman_store::{AgentStore, OutboxId, StoreError};

/// How many rows are read at once at start-up.
const PAGE: usize = 256;

/// Ticks off a reply that the session's watchers were sent.
pub(crate) fn to_watchers(tasks: &TaskTracker, store: AgentStore, reply: OutboxId) {
    tasks.spawn(async move {
        if let Err(error) = store.outbox_delivered(reply).await {
            // The next start ticks it off.
            tracing::warn!(%error, "a delivered reply could not be ticked off");
        }
    });
}

/// Ticks off replies that an earlier life of the process stored, and perhaps did not get to say: who reads the session reads them.
///
/// # Errors
/// [`StoreError`]
pub(crate) async fn settle(store: &AgentStore) -> Result<usize, StoreError> {
    let mut settled = 0;
    loop {
        let page = store.outbox_pending(PAGE).await?;
        if page.is_empty() {
            return Ok(settled);
        }
        for reply in page {
            store.outbox_delivered(reply.id).await?;
            settled += 1;
        }
    }
}
