//! Deliveries and where they stand: what is unfinished, what became of one, cancelling one that waits.

use crate::accept::Original;
use crate::agent::AgentStore;
use crate::codec;
use crate::error::{Outcome, StoreError};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wingman_message::{ClientId, DeliveryId, MessageId, Origin, Place, QueueMode, RequestId, RunId, SessionKey};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It waits for its turn.
    Pending,
    /// Its turn has begun; perhaps in an earlier life of the process.
    Running,
    /// Its answer is stored.
    Done,
    /// It has no answer, or one that says what went wrong.
    Failed,
    /// Someone stopped it.
    Cancelled,
}

impl DeliveryState {
    /// Nothing will be done for it any more.
    #[must_use]
    pub fn is_finished(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// A delivery that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its session.
    pub session: SessionKey,
    /// Its place in the order of turns.
    pub ordinal: i64,
    /// Which entrance it came through.
    pub origin: Origin,
    /// Pending or running.
    pub state: DeliveryState,
    /// What it does where the session is busy.
    pub mode: QueueMode,
    /// The delivery whose turn it has joined, which comes before it in the list or is being ended.
    pub joined: Option<DeliveryId>,
    /// Where its first message came from.
    pub place: Option<Place>,
}

/// What is known of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its session, which may have been deleted since.
    pub session: SessionKey,
    /// Its place in the order of turns.
    pub ordinal: i64,
    /// Which entrance it came through.
    pub origin: Origin,
    /// Where it stands.
    pub state: DeliveryState,
    /// SHA-256 of what came.
    pub fingerprint: [u8; 32],
    /// When it came: milliseconds since the Unix epoch.
    pub received_at: i64,
    /// When it was finished.
    pub finished_at: Option<i64>,
    /// How often its turn was begun.
    pub attempts: u32,
    /// Its run, once begun.
    pub run: Option<RunId>,
    /// Its answer; none where it never had a turn or its session was deleted.
    pub answer: Option<MessageId>,
    /// What went wrong, for people.
    pub error: Option<String>,
}

pub(crate) const UNFINISHED_COUNT: &str = "SELECT count(*) FROM deliveries WHERE session = ?1 AND finished_at IS NULL";
/// What is read of an unfinished delivery.
macro_rules! unfinished {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, s.key, d.ordinal, ",
            codec::origin_of_d!(),
            ", d.state, d.mode, (SELECT id FROM deliveries WHERE ordinal = d.joined), d.place_json ",
            $rest
        )
    };
}

/// What is read of any delivery.
macro_rules! record {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, s.key, d.ordinal, ",
            codec::origin_of_d!(),
            ", d.state, d.fingerprint, d.received_at, d.finished_at, d.attempts, d.run, d.answer, d.error
             FROM deliveries d JOIN sessions s ON s.id = d.session ",
            $rest
        )
    };
}

pub(crate) const UNFINISHED_OF: &str = unfinished!(
    "FROM sessions s JOIN deliveries d ON d.session = s.id WHERE s.key = ?1 AND d.finished_at IS NULL ORDER BY d.ordinal"
);
// Without the hint, the two queries below read every delivery there ever was, to save the sorting of the few unfinished.
pub(crate) const UNFINISHED: &str = unfinished!(
    "FROM deliveries d INDEXED BY deliveries_unfinished JOIN sessions s ON s.id = d.session
     WHERE d.finished_at IS NULL ORDER BY d.ordinal"
);
pub(crate) const UNFINISHED_SESSIONS: &str = "SELECT s.key
     FROM deliveries d INDEXED BY deliveries_unfinished JOIN sessions s ON s.id = d.session
     WHERE d.finished_at IS NULL GROUP BY d.session ORDER BY min(d.ordinal)";
pub(crate) const BY_ID: &str = record!("WHERE d.id = ?1");
pub(crate) const BY_REQUEST: &str = record!("WHERE d.client = ?1 AND d.request = ?2 AND d.is_dead = 0");

impl AgentStore {
    /// All deliveries that wait or run, in the order of turns.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        self.database.read(|connection| unfinished(connection, UNFINISHED, &[])).await
    }

    /// The deliveries of `session` that wait or run, in the order of turns.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn unfinished_of(&self, session: &SessionKey) -> Result<Vec<Unfinished>, StoreError> {
        let session = session.clone();
        self.database.read(move |connection| unfinished(connection, UNFINISHED_OF, &[session.as_str()])).await
    }

    /// The sessions that have unfinished deliveries, the one that waits longest first. At start.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn unfinished_sessions(&self) -> Result<Vec<SessionKey>, StoreError> {
        self.database
            .read(|connection| {
                let mut statement = connection.prepare_cached(UNFINISHED_SESSIONS)?;
                let keys = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
                keys.iter().map(|key| codec::parse(key)).collect()
            })
            .await
    }

    /// The delivery, dead letters included.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn delivery(&self, delivery: DeliveryId) -> Result<Option<DeliveryRecord>, StoreError> {
        self.database.read(move |connection| one(connection, BY_ID, &[&delivery.to_string()])).await
    }

    /// The delivery that a client's request became.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn delivery_by_request(
        &self,
        client: &ClientId,
        request: &RequestId,
    ) -> Result<Option<DeliveryRecord>, StoreError> {
        let (client, request) = (client.clone(), request.clone());
        self.database.read(move |connection| one(connection, BY_REQUEST, &[client.as_str(), request.as_str()])).await
    }

    /// The delivery as it came, while that is kept: until its turn has ended, or for a dead letter.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn original(&self, delivery: DeliveryId) -> Result<Option<Original>, StoreError> {
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT o.content_type, o.headers_json, o.body FROM deliveries d JOIN originals o ON o.delivery = d.ordinal
                     WHERE d.id = ?1",
                )?;
                let mut rows = statement.query([delivery.to_string()])?;
                let Some(row) = rows.next()? else { return Ok(None) };
                let headers = codec::text_at(row, 1)?.map(codec::from_json).transpose()?.unwrap_or_default();
                Ok(Some(Original { content_type: row.get(0)?, headers, body: Bytes::from(row.get::<_, Vec<u8>>(2)?) }))
            })
            .await
    }

    /// Cancels a delivery that has not had its turn. False, and nothing changes, when its turn has begun, when it is finished,
    /// or when there is no such delivery.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn cancel_pending(&self, delivery: DeliveryId) -> Result<bool, StoreError> {
        let now = self.clock.now_ms();
        self.database
            .write(move |connection| {
                let cancelled: Option<i64> = connection
                    .prepare_cached(
                        "UPDATE deliveries SET state = 'cancelled', finished_at = ?2 WHERE id = ?1 AND state = 'pending'
                         RETURNING ordinal",
                    )?
                    .query_row(params![delivery.to_string(), now], |row| row.get(0))
                    .optional()?;
                let Some(ordinal) = cancelled else { return Ok(false) };
                // It is known that it came, so that a repeat stays a repeat; what it said was never said in the session.
                connection.prepare_cached("UPDATE inbox SET body_json = NULL WHERE delivery = ?1")?.execute([ordinal])?;
                forget_original(connection, ordinal)?;
                Ok(true)
            })
            .await
    }
}

pub(crate) fn forget_original(connection: &Connection, ordinal: i64) -> Outcome<()> {
    connection.prepare_cached("DELETE FROM originals WHERE delivery = ?1")?.execute([ordinal])?;
    Ok(())
}

fn unfinished(connection: &Connection, query: &str, values: &[&str]) -> Outcome<Vec<Unfinished>> {
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Unfinished {
            delivery: codec::parse(&row.get::<_, String>(0)?)?,
            session: codec::parse(&row.get::<_, String>(1)?)?,
            ordinal: row.get(2)?,
            origin: codec::origin(row, 3)?,
            state: codec::state(&row.get::<_, String>(9)?)?,
            mode: codec::mode(&row.get::<_, String>(10)?)?,
            joined: codec::parse_some(codec::text_at(row, 11)?)?,
            place: codec::text_at(row, 12)?.map(codec::from_json).transpose()?,
        });
    }
    Ok(all)
}

fn one(connection: &Connection, query: &str, values: &[&str]) -> Outcome<Option<DeliveryRecord>> {
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    rows.next()?.map(record).transpose()
}

fn record(row: &Row<'_>) -> Outcome<DeliveryRecord> {
    Ok(DeliveryRecord {
        delivery: codec::parse(&row.get::<_, String>(0)?)?,
        session: codec::parse(&row.get::<_, String>(1)?)?,
        ordinal: row.get(2)?,
        origin: codec::origin(row, 3)?,
        state: codec::state(&row.get::<_, String>(9)?)?,
        fingerprint: row.get(10)?,
        received_at: row.get(11)?,
        finished_at: row.get(12)?,
        attempts: row.get(13)?,
        run: codec::parse_some(codec::text_at(row, 14)?)?,
        answer: codec::parse_some(codec::text_at(row, 15)?)?,
        error: row.get(16)?,
    })
}
