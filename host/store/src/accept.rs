//! Accepting a delivery: the moment from which it is the gateway's, and will be answered once.

use crate::agent::{AgentStore, session_row};
use crate::codec::{mode_word, origin_columns, parse, state, state_word, to_json};
use crate::deliveries::{DeliveryState, UNFINISHED_COUNT};
use crate::error::{Failure, Outcome, StoreError};
use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use std::collections::HashSet;
use wingman_message::{DeliveryId, Header, Inbound, Origin, QueueMode, SessionKey, SessionSource};

/// How many messages one delivery may hold.
pub const MAX_MESSAGES_PER_DELIVERY: usize = 1000;

/// A delivery as it came, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// The media type that the sender named.
    pub content_type: String,
    /// Headers, without those that carried credentials.
    pub headers: Vec<Header>,
    /// The body.
    pub body: Bytes,
}

/// What came in together, normalised and routed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id; made by the caller, never used before.
    pub id: DeliveryId,
    /// Within which entrance a message's id names one message, such as `client` or one webhook: strangers at one entrance
    /// cannot use up the ids of another.
    pub scope: String,
    /// The session that it is for.
    pub session: SessionKey,
    /// The session's name, if this delivery opens it.
    pub session_name: Option<String>,
    /// What the session is opened by, if this delivery opens it.
    pub source: SessionSource,
    /// Which entrance it came through.
    pub origin: Origin,
    /// When: milliseconds since the Unix epoch.
    pub received_at: i64,
    /// SHA-256 of what came, to tell a repeat from another request under the same id.
    pub fingerprint: [u8; 32],
    /// As it came. Kept until the turn has ended; with a dead letter, as long as that.
    pub raw: Option<Original>,
    /// The messages in it, at most [`MAX_MESSAGES_PER_DELIVERY`].
    pub messages: Vec<Inbound>,
    /// How many deliveries of the session may be unfinished, this one included.
    pub max_queued: usize,
    /// What it does where the session is busy.
    pub mode: QueueMode,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// It is stored, and will have a turn.
    New {
        /// Its id.
        delivery: DeliveryId,
        /// The session.
        session: SessionKey,
        /// Its place in the order of turns: greater than that of every delivery accepted before.
        ordinal: i64,
        /// How many of its messages are new. With none it is finished already, and has no turn.
        messages: usize,
    },
    /// All of it was accepted earlier. Nothing was stored.
    Duplicate {
        /// The first delivery.
        delivery: DeliveryId,
        /// That one's session.
        session: SessionKey,
        /// The fingerprints are equal.
        same: bool,
        /// What has become of the first delivery.
        state: DeliveryState,
    },
    /// Too many deliveries of the session are unfinished. Nothing was stored.
    Full {
        /// How many.
        queued: usize,
    },
}

pub(crate) const KNOWN: &str = "SELECT delivery FROM inbox WHERE inbound = ?1 AND channel = ?2 AND account = ?3 AND scope = ?4";

impl AgentStore {
    /// Stores a delivery, unless it was stored before: called for every delivery before its sender is told that it was accepted.
    /// Of a delivery that was seen in part, the new messages are stored. A client's request is known by its id as well as by
    /// its messages.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when it holds too many messages or names a session that is not this agent's;
    /// [`StoreError::AlreadyThere`] when the delivery's id was used before.
    pub async fn accept(&self, new: NewDelivery) -> Result<Accepted, StoreError> {
        self.check_key(&new.session)?;
        if new.messages.len() > MAX_MESSAGES_PER_DELIVERY {
            return Err(StoreError::Invalid(format!(
                "a delivery of {} messages is too large; at most {MAX_MESSAGES_PER_DELIVERY} are taken at once",
                new.messages.len()
            )));
        }
        self.database.write(move |connection| accept(connection, &new)).await
    }
}

fn accept(connection: &Connection, new: &NewDelivery) -> Outcome<Accepted> {
    if let Some(first) = find_request(connection, &new.origin)? {
        return duplicate(connection, first, &new.fingerprint);
    }
    let Sorted { fresh, known } = sort_out(connection, new)?;
    if let (true, Some(first)) = (fresh.is_empty(), known) {
        return duplicate(connection, first, &new.fingerprint);
    }
    let session = session_row(connection, &new.session)?;
    let mut state = DeliveryState::Done;
    if !fresh.is_empty() {
        let queued: i64 = connection.prepare_cached(UNFINISHED_COUNT)?.query_row([session], |row| row.get(0))?;
        let queued = usize::try_from(queued).unwrap_or(usize::MAX);
        if queued >= new.max_queued {
            return Ok(Accepted::Full { queued });
        }
        open_session(connection, session, new)?;
        state = DeliveryState::Pending;
    }
    let ordinal = insert_messages(connection, session, new, state, &fresh)?;
    if !fresh.is_empty() {
        keep_original(connection, ordinal, new)?;
    }
    Ok(Accepted::New { delivery: new.id, session: new.session.clone(), ordinal, messages: fresh.len() })
}

/// Stores a delivery that answers a question: it has no turn, and is known as delivered.
pub(crate) fn accept_answer(connection: &Connection, new: &NewDelivery) -> Outcome<Accepted> {
    let Sorted { fresh, known } = sort_out(connection, new)?;
    if let (true, Some(first)) = (fresh.is_empty(), known) {
        return duplicate(connection, first, &new.fingerprint);
    }
    let session = session_row(connection, &new.session)?;
    let ordinal = insert_messages(connection, session, new, DeliveryState::Done, &fresh)?;
    Ok(Accepted::New { delivery: new.id, session: new.session.clone(), ordinal, messages: 0 })
}

/// Inserts the delivery and its new messages; returns its ordinal.
pub(crate) fn insert_messages(
    connection: &Connection,
    session: i64,
    new: &NewDelivery,
    state: DeliveryState,
    fresh: &[(usize, &Inbound)],
) -> Outcome<i64> {
    let place = fresh.first().map(|(_, message)| to_json(&message.place)).transpose()?;
    let ordinal = insert_delivery(connection, session, new, &Row { state, place: place.as_deref(), error: None })?;
    for (position, message) in fresh {
        connection
            .prepare_cached(
                "INSERT INTO inbox (scope, channel, account, inbound, delivery, position, body_json)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                new.scope,
                message.place.channel.as_str(),
                message.place.account.as_deref().unwrap_or(""),
                message.id,
                ordinal,
                crate::codec::limit(*position),
                to_json(message)?
            ])?;
    }
    Ok(ordinal)
}

/// The earlier delivery of the same client's request, or of the same run's call.
fn find_request(connection: &Connection, origin: &Origin) -> Outcome<Option<i64>> {
    let [Some(client), Some(request), ..] = origin_columns(origin)? else { return Ok(None) };
    let found = connection
        .prepare_cached("SELECT ordinal FROM deliveries WHERE client = ?1 AND request = ?2 AND is_dead = 0")?
        .query_row([client, request], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// What is new in a delivery, and what is not.
pub(crate) struct Sorted<'a> {
    /// The new messages and their positions in the delivery.
    pub(crate) fresh: Vec<(usize, &'a Inbound)>,
    /// The delivery that brought the first of the others.
    pub(crate) known: Option<i64>,
}

pub(crate) fn sort_out<'a>(connection: &Connection, new: &'a NewDelivery) -> Outcome<Sorted<'a>> {
    let mut statement = connection.prepare_cached(KNOWN)?;
    let (mut fresh, mut known, mut seen) = (Vec::new(), None, HashSet::new());
    for (position, message) in new.messages.iter().enumerate() {
        let (channel, account) = (message.place.channel.as_str(), message.place.account.as_deref().unwrap_or(""));
        let earlier = statement.query_row(params![message.id, channel, account, new.scope], |row| row.get(0)).optional()?;
        match earlier {
            Some(delivery) => known = known.or(Some(delivery)),
            None if seen.insert((channel, account, &message.id)) => fresh.push((position, message)),
            // Twice in one delivery is once.
            None => {}
        }
    }
    Ok(Sorted { fresh, known })
}

pub(crate) fn duplicate(connection: &Connection, ordinal: i64, fingerprint: &[u8; 32]) -> Outcome<Accepted> {
    let (delivery, session, first, word): (String, String, [u8; 32], String) = connection
        .prepare_cached(
            "SELECT d.id, s.key, d.fingerprint, d.state FROM deliveries d JOIN sessions s ON s.id = d.session
             WHERE d.ordinal = ?1",
        )?
        .query_row([ordinal], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    Ok(Accepted::Duplicate {
        delivery: parse(&delivery)?,
        session: parse(&session)?,
        same: first == *fingerprint,
        state: state(&word)?,
    })
}

fn open_session(connection: &Connection, session: i64, new: &NewDelivery) -> Outcome<()> {
    connection
        .prepare_cached(
            "UPDATE sessions SET created_at = ?2, updated_at = ?2, name = ?3, source = ?4 WHERE id = ?1 AND created_at IS NULL",
        )?
        .execute(params![session, new.received_at, new.session_name, crate::codec::source_word(new.source)])?;
    Ok(())
}

/// The columns of a delivery that are not the sender's.
pub(crate) struct Row<'a> {
    pub(crate) state: DeliveryState,
    pub(crate) place: Option<&'a str>,
    /// Set for a dead letter: why it is one.
    pub(crate) error: Option<&'a str>,
}

/// Inserts the delivery's row; returns its ordinal.
pub(crate) fn insert_delivery(connection: &Connection, session: i64, new: &NewDelivery, row: &Row<'_>) -> Outcome<i64> {
    let [client, request, webhook, channel, account, parent] = origin_columns(&new.origin)?;
    let finished_at = row.state.is_finished().then_some(new.received_at);
    let inserted = connection
        .prepare_cached(
            "INSERT INTO deliveries (id, session, state, client, request, webhook, channel, account, received_at, finished_at,
                                     fingerprint, place_json, is_dead, error, parent_json, mode)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            new.id.to_string(),
            session,
            state_word(row.state),
            client,
            request,
            webhook,
            channel,
            account,
            new.received_at,
            finished_at,
            new.fingerprint,
            row.place,
            row.error.is_some(),
            row.error,
            parent,
            mode_word(new.mode),
        ]);
    match inserted {
        Ok(_) => Ok(connection.last_insert_rowid()),
        // The request's id was looked up before, so that the delivery's own is the only one that can be taken.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(StoreError::AlreadyThere(format!("delivery `{}`", new.id)).into())
        }
        Err(error) => Err(Failure::from(error)),
    }
}

pub(crate) fn keep_original(connection: &Connection, ordinal: i64, new: &NewDelivery) -> Outcome<()> {
    if let Some(Original { content_type, headers, body }) = &new.raw {
        connection
            .prepare_cached("INSERT INTO originals (delivery, content_type, headers_json, body) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![ordinal, content_type, to_json(headers)?, body.as_ref()])?;
    }
    Ok(())
}
