//! The outbox: replies that are stored and not yet delivered. A reply that was delivered leaves it.

use crate::agent::AgentStore;
use crate::codec::{from_json, limit, parse};
use crate::error::{Failure, Outcome, StoreError};
use rusqlite::{Connection, params};
use wingman_message::{DeliveryId, Place, SessionKey};

/// A reply's place in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxId(i64);

/// A reply that is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place.
    pub id: OutboxId,
    /// The delivery that it answers.
    pub delivery: DeliveryId,
    /// The session that it was said in.
    pub session: SessionKey,
    /// Where it goes: where the delivery's first message came from.
    pub place: Place,
    /// The text: Markdown.
    pub markdown: String,
    /// When it was stored: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// How often its delivery was tried in vain.
    pub attempts: u32,
}

pub(crate) const PENDING: &str = "SELECT o.id, d.id, s.key, o.place_json, o.markdown, o.created_at, o.attempts
     FROM outbox o JOIN deliveries d ON d.ordinal = o.delivery JOIN sessions s ON s.id = d.session
     ORDER BY o.id LIMIT ?1";

impl AgentStore {
    /// The oldest replies that are not delivered, at most `limit` of them.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_pending(&self, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.database.read(move |connection| pending(connection, limit)).await
    }

    /// Takes a delivered reply out of the outbox. One that is not there any more is no error.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_delivered(&self, reply: OutboxId) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([reply.0])?;
                Ok(())
            })
            .await
    }
}

/// Stores a reply to where the delivery came from.
pub(crate) fn insert(connection: &Connection, ordinal: i64, markdown: &str, now: i64) -> Outcome<OutboxId> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO outbox (delivery, place_json, markdown, created_at)
             SELECT ordinal, place_json, ?2, ?3 FROM deliveries WHERE ordinal = ?1 AND place_json IS NOT NULL",
        )?
        .execute(params![ordinal, markdown, now])?;
    if inserted == 0 {
        return Err(Failure::Unreadable("a delivery without a place".to_owned()));
    }
    Ok(OutboxId(connection.last_insert_rowid()))
}

fn pending(connection: &Connection, count: usize) -> Outcome<Vec<OutboxRow>> {
    let mut statement = connection.prepare_cached(PENDING)?;
    let mut rows = statement.query([limit(count)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(OutboxRow {
            id: OutboxId(row.get(0)?),
            delivery: parse(&row.get::<_, String>(1)?)?,
            session: parse(&row.get::<_, String>(2)?)?,
            place: from_json(&row.get::<_, String>(3)?)?,
            markdown: row.get(4)?,
            created_at: row.get(5)?,
            attempts: row.get(6)?,
        });
    }
    Ok(found)
}
