//! From the outbox to where a reply goes.
//!
//! A reply is written to the outbox in the transaction that ends its turn. Those whose readers watch the session (clients, and
//! the readers of a webhook's thread) have been told by the feed and can read the store, so that their row is only ticked off.

use tokio_util::task::TaskTracker;
use wingman_store::{AgentStore, OutboxId, Store, StoreError};

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
pub(crate) async fn settle(store: &Store) -> Result<usize, StoreError> {
    let mut settled = 0;
    for agent in store.agents().await? {
        let agent = store.agent(&agent).await?;
        loop {
            let page = agent.outbox_pending(PAGE).await?;
            if page.is_empty() {
                break;
            }
            for reply in page {
                agent.outbox_delivered(reply.id).await?;
                settled += 1;
            }
        }
    }
    Ok(settled)
}
