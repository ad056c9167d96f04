//! The outbox: replies, and reactions, that are stored and not yet delivered. A reply that was delivered leaves it; one that was given up stays
//! as a dead letter (see `dead_letters`). When to try again, and when to give up, is decided by whoever delivers.

use crate::agent::AgentStore;
use crate::codec::{from_json, limit, parse, text_at, to_json};
use crate::delivered;
use crate::error::{Failure, Outcome, StoreError};
use crate::turn;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wingman_message::{DeliveryId, Entry, Inbound, Place, RunId, SessionKey};

/// How many replies that were given up an agent keeps.
const MAX_DEAD: i64 = 1000;

/// A reply's place in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxId(i64);

/// Where a reply goes, and what of it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTarget {
    /// Where the delivery came from.
    pub place: Place,
    /// The network's id of the last message that it answers.
    pub reply_to: Option<String>,
    /// [`Inbound::context`] of that message.
    pub context: Option<String>,
    /// The network's ids of what is shown of it already.
    pub shown: Vec<String>,
}

/// What goes out to a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A reply.
    Reply {
        /// The text: Markdown.
        markdown: String,
    },
    /// The agent's reaction to [`ReplyTarget::reply_to`].
    Reaction {
        /// The emoji.
        emoji: String,
    },
}

/// A reply or a reaction that is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place in the outbox.
    pub id: OutboxId,
    /// The delivery that it answers.
    pub delivery: DeliveryId,
    /// The session that it was said in.
    pub session: SessionKey,
    /// Where it goes.
    pub target: ReplyTarget,
    /// What goes out.
    pub what: Outgoing,
    /// When it was stored: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// When the attempts began: when it was stored, or last taken up again.
    pub since: i64,
    /// How often its delivery was tried in vain.
    pub attempts: u32,
    /// Not to be tried before this time.
    pub next_at: i64,
    /// What the last attempt failed with.
    pub last_error: Option<String>,
}

/// All queries name the same columns, in the order in which [`read`] takes them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT o.id, d.id, s.key, o.place_json, o.reply_to, o.context, h.ids_json, o.markdown, o.created_at, o.since, ",
            "o.attempts, o.next_at, o.last_error, o.emoji FROM outbox o JOIN deliveries d ON d.ordinal = o.delivery ",
            "JOIN sessions s ON s.id = d.session LEFT JOIN shown h ON h.delivery = o.delivery ",
            $rest
        )
    };
}

pub(crate) const PENDING: &str = select!("WHERE o.is_sent = 0 ORDER BY o.id LIMIT ?1");
const WAITING: &str = select!("WHERE o.is_sent = 1 AND o.is_dead = 0 ORDER BY o.id LIMIT ?1");
pub(crate) const NEXT_AT_PLACE: &str =
    select!("WHERE o.place_json = ?1 AND o.is_sent = 1 AND o.is_dead = 0 ORDER BY o.id LIMIT 1");
pub(crate) const PLACES: &str = "SELECT DISTINCT place_json FROM outbox WHERE is_sent = 1 AND is_dead = 0";
pub(crate) const LAST_INBOUND: &str =
    "SELECT body_json FROM inbox WHERE delivery = ?1 AND body_json IS NOT NULL ORDER BY position DESC LIMIT 1";
const TARGET: &str = "SELECT d.ordinal, d.place_json, h.ids_json FROM deliveries d LEFT JOIN shown h ON h.delivery = d.ordinal
     WHERE d.id = ?1 AND d.channel IS NOT NULL";
const SHOW: &str = "INSERT INTO shown (delivery, ids_json) SELECT ordinal, ?2 FROM deliveries WHERE id = ?1
     ON CONFLICT DO UPDATE SET ids_json = excluded.ids_json";
const PRUNE: &str = "DELETE FROM outbox WHERE is_dead = 1 AND id IN
     (SELECT id FROM outbox WHERE is_dead = 1 ORDER BY id DESC LIMIT -1 OFFSET ?1)";

impl AgentStore {
    /// The oldest replies whose readers watch the session, and that are not ticked off; at most `limit` of them.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_pending(&self, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.database.read(move |connection| listed(connection, PENDING, limit)).await
    }

    /// The oldest of what is to be sent to networks, due or not; at most `limit` of it.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_waiting(&self, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.database.read(move |connection| listed(connection, WAITING, limit)).await
    }

    /// The places that replies are to be sent to, whether they are due or wait. At start.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_places(&self) -> Result<Vec<Place>, StoreError> {
        self.database
            .read(|connection| {
                let mut statement = connection.prepare_cached(PLACES)?;
                let places = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
                places.iter().map(|place| from_json(place)).collect()
            })
            .await
    }

    /// The oldest reply that is to be sent to `place`, due or not: those behind it wait for it.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_next(&self, place: &Place) -> Result<Option<OutboxRow>, StoreError> {
        let place = place.clone();
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare_cached(NEXT_AT_PLACE)?;
                let mut rows = statement.query([to_json(&place)?])?;
                rows.next()?.map(read).transpose()
            })
            .await
    }

    /// Takes a delivered reply out of the outbox. One that is not there any more is no error.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_delivered(&self, reply: OutboxId) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                let delivery: Option<i64> = connection
                    .prepare_cached("DELETE FROM outbox WHERE id = ?1 RETURNING delivery")?
                    .query_row([reply.0], |row| row.get(0))
                    .optional()?;
                delivery.map_or(Ok(()), |delivery| forget_shown(connection, delivery))
            })
            .await
    }

    /// Adds the step that answers the call of a reaction to a run's journal, and the reaction to the message that the run answers to
    /// the outbox: both, or neither. The same step again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such run; [`StoreError::Finished`]; [`StoreError::Conflict`] when another step has the
    /// number; [`StoreError::Invalid`] when the run answers no message of a channel.
    pub async fn react(&self, run: RunId, number: u32, step: Entry, emoji: String) -> Result<(), StoreError> {
        let now = self.clock.now_ms();
        self.database
            .write(move |connection| {
                let lead = turn::open_run(connection, run)?;
                if turn::write_step(connection, lead.ordinal, number, &step)? {
                    insert_reaction(connection, lead.ordinal, &emoji, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Takes a reaction out of the outbox: it is shown, or it never will be.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_settled(&self, reaction: OutboxId) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                connection.prepare_cached("DELETE FROM outbox WHERE id = ?1 AND emoji IS NOT NULL")?.execute([reaction.0])?;
                Ok(())
            })
            .await
    }

    /// Takes a reply out of the outbox that the network's messages `ids` carry now, and remembers them: somebody may react to it.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_shown(&self, reply: OutboxId, ids: Vec<String>) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                let sent: Option<(i64, String)> = connection
                    .prepare_cached("DELETE FROM outbox WHERE id = ?1 RETURNING delivery, place_json")?
                    .query_row([reply.0], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                let Some((delivery, place)) = sent else { return Ok(()) };
                delivered::remember(connection, delivery, &from_json(&place)?, &ids)?;
                forget_shown(connection, delivery)
            })
            .await
    }

    /// Counts an attempt in vain, and says when the next may be: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_retry(&self, reply: OutboxId, next_at: i64, error: String) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                connection
                    .prepare_cached("UPDATE outbox SET attempts = attempts + 1, next_at = ?2, last_error = ?3 WHERE id = ?1")?
                    .execute(params![reply.0, next_at, error])?;
                Ok(())
            })
            .await
    }

    /// Gives a reply up: it becomes a dead letter, and those behind it get their turn. The oldest of more than 1,000 are dropped.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn outbox_bury(&self, reply: OutboxId, error: String) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                connection
                    .prepare_cached("UPDATE outbox SET attempts = attempts + 1, is_dead = 1, last_error = ?2 WHERE id = ?1")?
                    .execute(params![reply.0, error])?;
                connection.prepare_cached(PRUNE)?.execute([MAX_DEAD])?;
                Ok(())
            })
            .await
    }

    /// Where the reply to a channel's delivery goes, and what of it is shown already; none for other deliveries.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn reply_target(&self, delivery: DeliveryId) -> Result<Option<ReplyTarget>, StoreError> {
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare_cached(TARGET)?;
                let mut rows = statement.query([delivery.to_string()])?;
                let Some(row) = rows.next()? else { return Ok(None) };
                let Some(place) = text_at(row, 1)? else { return Ok(None) };
                let shown = text_at(row, 2)?.map(from_json).transpose()?.unwrap_or_default();
                let Addressed { reply_to, context } = addressed(connection, row.get(0)?)?;
                Ok(Some(ReplyTarget { place: from_json(place)?, reply_to, context, shown }))
            })
            .await
    }

    /// Remembers which of the network's messages show the reply to `delivery`, before or after the turn has ended.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn reply_shown(&self, delivery: DeliveryId, ids: Vec<String>) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                connection.prepare_cached(SHOW)?.execute(params![delivery.to_string(), to_json(&ids)?])?;
                Ok(())
            })
            .await
    }
}

/// Stores a reply to where the delivery came from.
pub(crate) fn insert(connection: &Connection, ordinal: i64, markdown: &str, now: i64) -> Outcome<OutboxId> {
    let Addressed { reply_to, context } = addressed(connection, ordinal)?;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO outbox (delivery, place_json, markdown, created_at, since, is_sent, reply_to, context)
             SELECT ordinal, place_json, ?2, ?3, ?3, channel IS NOT NULL, ?4, ?5 FROM deliveries
             WHERE ordinal = ?1 AND place_json IS NOT NULL",
        )?
        .execute(params![ordinal, markdown, now, reply_to, context])?;
    if inserted == 0 {
        return Err(Failure::Unreadable("a delivery without a place".to_owned()));
    }
    Ok(OutboxId(connection.last_insert_rowid()))
}

fn insert_reaction(connection: &Connection, ordinal: i64, emoji: &str, now: i64) -> Outcome<()> {
    let Addressed { reply_to, context } = addressed(connection, ordinal)?;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO outbox (delivery, place_json, markdown, created_at, since, is_sent, reply_to, context, emoji)
             SELECT ordinal, place_json, '', ?2, ?2, 1, ?3, ?4, ?5 FROM deliveries
             WHERE ordinal = ?1 AND place_json IS NOT NULL AND channel IS NOT NULL AND ?3 IS NOT NULL",
        )?
        .execute(params![ordinal, now, reply_to, context, emoji])?;
    if inserted == 0 {
        return Err(StoreError::Invalid("there is no message to react to".to_owned()).into());
    }
    Ok(())
}

/// A reply that is whole, or will never be, is shown nowhere in part.
pub(crate) fn forget_shown(connection: &Connection, ordinal: i64) -> Outcome<()> {
    connection.prepare_cached("DELETE FROM shown WHERE delivery = ?1")?.execute([ordinal])?;
    Ok(())
}

/// Which message of its delivery a reply answers.
struct Addressed {
    reply_to: Option<String>,
    context: Option<String>,
}

fn addressed(connection: &Connection, ordinal: i64) -> Outcome<Addressed> {
    let last: Option<String> = connection.prepare_cached(LAST_INBOUND)?.query_row([ordinal], |row| row.get(0)).optional()?;
    Ok(match last.as_deref().map(from_json::<Inbound>).transpose()? {
        Some(inbound) => Addressed { reply_to: Some(inbound.id), context: inbound.context },
        None => Addressed { reply_to: None, context: None },
    })
}

fn listed(connection: &Connection, query: &str, count: usize) -> Outcome<Vec<OutboxRow>> {
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query([limit(count)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> Outcome<OutboxRow> {
    Ok(OutboxRow {
        id: OutboxId(row.get(0)?),
        delivery: parse(&row.get::<_, String>(1)?)?,
        session: parse(&row.get::<_, String>(2)?)?,
        target: ReplyTarget {
            place: from_json(&row.get::<_, String>(3)?)?,
            reply_to: row.get(4)?,
            context: row.get(5)?,
            shown: text_at(row, 6)?.map(from_json).transpose()?.unwrap_or_default(),
        },
        what: match row.get(13)? {
            Some(emoji) => Outgoing::Reaction { emoji },
            None => Outgoing::Reply { markdown: row.get(7)? },
        },
        created_at: row.get(8)?,
        since: row.get(9)?,
        attempts: row.get(10)?,
        next_at: row.get(11)?,
        last_error: row.get(12)?,
    })
}
