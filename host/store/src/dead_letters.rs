//! Dead letters: deliveries that a component failed on, kept for the operator. They have no turn.

use crate::accept::{NewDelivery, Row, insert_delivery, keep_original};
use crate::agent::{AgentStore, session_row};
use crate::deliveries::DeliveryState;
use crate::error::StoreError;

/// How many dead letters an agent keeps.
const MAX_LETTERS: i64 = 1000;
/// How many bytes their bodies may have together.
const MAX_BYTES: i64 = 256 * 1024 * 1024;

/// Those that are over one of the bounds, counted from the newest. The newest itself always stays.
const PRUNE: &str = "DELETE FROM deliveries WHERE ordinal IN (
     SELECT ordinal FROM (
         SELECT d.ordinal, row_number() OVER newest_first AS number, sum(length(o.body)) OVER newest_first AS bytes
         FROM deliveries d LEFT JOIN originals o ON o.delivery = d.ordinal WHERE d.is_dead = 1
         WINDOW newest_first AS (ORDER BY d.ordinal DESC))
     WHERE number > ?1 OR (bytes > ?2 AND number > 1))";

impl AgentStore {
    /// Keeps a delivery that a component failed on, as it came, with the reason. Its messages are ignored and its ids stay
    /// unused, so that the sender may deliver it again. The oldest dead letters make room: 1,000 are kept, and 256 MiB.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the session is not this agent's; [`StoreError::AlreadyThere`] when the delivery's id was
    /// used before.
    pub async fn dead_letter(&self, new: NewDelivery, reason: String) -> Result<(), StoreError> {
        self.check_key(&new.session)?;
        self.database
            .write(move |connection| {
                let session = session_row(connection, &new.session)?;
                let row = Row { state: DeliveryState::Failed, place: None, error: Some(&reason) };
                let ordinal = insert_delivery(connection, session, &new, &row)?;
                keep_original(connection, ordinal, &new)?;
                connection.prepare_cached(PRUNE)?.execute([MAX_LETTERS, MAX_BYTES])?;
                Ok(())
            })
            .await
    }
}
