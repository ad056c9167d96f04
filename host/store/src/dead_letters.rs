//! Dead letters, kept for the operator: deliveries that a component failed on, which have no turn, and replies that could not
//! be delivered. Both are known by the id of their delivery: one that is a dead letter itself has no reply.

use crate::accept::{NewDelivery, Row, insert_delivery, keep_original};
use crate::agent::{AgentStore, session_row};
use crate::codec::{from_json, limit, origin, parse};
use crate::deliveries::DeliveryState;
use crate::error::{Outcome, StoreError};
use rusqlite::{Connection, OptionalExtension as _, params};
use wingman_message::{DeliveryId, Origin, Place, SessionKey};

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

/// The newest first. Both are found by their own index, and at most as many as are kept.
pub(crate) const NEWEST: &str = "SELECT * FROM (
     SELECT d.id, s.key, d.client, d.request, d.webhook, d.channel, d.account, d.parent_json, d.received_at, d.error,
            NULL AS place_json, NULL AS markdown, 0 AS attempts
     FROM deliveries d INDEXED BY deliveries_dead JOIN sessions s ON s.id = d.session WHERE d.is_dead = 1
     UNION ALL
     SELECT d.id, s.key, d.client, d.request, d.webhook, d.channel, d.account, d.parent_json, o.created_at, o.last_error,
            o.place_json, o.markdown, o.attempts
     FROM outbox o INDEXED BY outbox_dead JOIN deliveries d ON d.ordinal = o.delivery JOIN sessions s ON s.id = d.session
     WHERE o.is_dead = 1)
     WHERE id < ?1 ORDER BY id DESC LIMIT ?2";

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterKind {
    /// Something that came in: a component failed on it.
    Inbound,
    /// A reply that could not be delivered.
    Reply {
        /// Where it was to go.
        place: Place,
        /// Its text: Markdown.
        markdown: String,
        /// How often its delivery was tried.
        attempts: u32,
    },
}

/// Something that failed for good, unless a person takes it up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The delivery that it is, or that it answers. Ids sort by time.
    pub delivery: DeliveryId,
    /// The session that it was for, or was said in.
    pub session: SessionKey,
    /// Which entrance the delivery came through.
    pub origin: Origin,
    /// When it came, or was said: milliseconds since the Unix epoch.
    pub at: i64,
    /// Why it failed.
    pub reason: String,
    /// What it is.
    pub kind: DeadLetterKind,
}

/// What becomes of a dead letter that is taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revived {
    /// A reply: it is in the outbox again, and due.
    Reply(Place),
    /// A delivery: whoever asked reads it again from [`AgentStore::original`], and discards the letter.
    Inbound(DeadLetter),
    /// There is no such letter.
    NotFound,
}

impl AgentStore {
    /// Dead letters, the newest first, at most `limit` of them; with `before`, older ones than that.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn dead_letters(&self, limit: usize, before: Option<DeliveryId>) -> Result<Vec<DeadLetter>, StoreError> {
        self.database.read(move |connection| newest(connection, limit, before)).await
    }

    /// Takes a dead letter up again; its attempts begin anew.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn revive(&self, letter: DeliveryId) -> Result<Revived, StoreError> {
        let now = self.clock.now_ms();
        self.database
            .write(move |connection| {
                let place: Option<String> = connection
                    .prepare_cached(
                        "UPDATE outbox SET is_dead = 0, attempts = 0, next_at = 0, since = ?2
                         WHERE is_dead = 1 AND delivery = (SELECT ordinal FROM deliveries WHERE id = ?1) RETURNING place_json",
                    )?
                    .query_row(params![letter.to_string(), now], |row| row.get(0))
                    .optional()?;
                if let Some(place) = place {
                    return Ok(Revived::Reply(from_json(&place)?));
                }
                let found = all(connection, NEWEST, params![format!("{letter}~"), 1])?;
                let found = found.into_iter().next().filter(|found| found.delivery == letter);
                Ok(found.map_or(Revived::NotFound, Revived::Inbound))
            })
            .await
    }

    /// Forgets a dead letter; false when there is no such letter.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn discard(&self, letter: DeliveryId) -> Result<bool, StoreError> {
        self.database
            .write(move |connection| {
                let id = letter.to_string();
                let reply: Option<i64> = connection
                    .prepare_cached(
                        "DELETE FROM outbox WHERE is_dead = 1 AND delivery = (SELECT ordinal FROM deliveries WHERE id = ?1)
                         RETURNING delivery",
                    )?
                    .query_row([&id], |row| row.get(0))
                    .optional()?;
                if let Some(ordinal) = reply {
                    crate::outbox::forget_shown(connection, ordinal)?;
                    return Ok(true);
                }
                let deleted =
                    connection.prepare_cached("DELETE FROM deliveries WHERE id = ?1 AND is_dead = 1")?.execute([&id])?;
                Ok(deleted > 0)
            })
            .await
    }

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

fn newest(connection: &Connection, count: usize, before: Option<DeliveryId>) -> Outcome<Vec<DeadLetter>> {
    // Greater than every id: they are hexadecimal.
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    all(connection, NEWEST, params![before, limit(count)])
}

fn all(connection: &Connection, query: &str, values: &[&dyn rusqlite::ToSql]) -> Outcome<Vec<DeadLetter>> {
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query(values)?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        let place: Option<String> = row.get(10)?;
        let kind = match place {
            None => DeadLetterKind::Inbound,
            Some(place) => DeadLetterKind::Reply { place: from_json(&place)?, markdown: row.get(11)?, attempts: row.get(12)? },
        };
        letters.push(DeadLetter {
            delivery: parse(&row.get::<_, String>(0)?)?,
            session: parse(&row.get::<_, String>(1)?)?,
            origin: origin(row, 2)?,
            at: row.get(8)?,
            reason: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
            kind,
        });
    }
    Ok(letters)
}
