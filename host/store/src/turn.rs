//! A turn: begun (or taken up again), journaled step by step, and ended in one transaction.

use crate::agent::AgentStore;
use crate::codec::{self, from_json, parse, to_json};
use crate::deliveries::{DeliveryState, forget_original};
use crate::error::{Failure, Outcome, StoreError};
use crate::messages::{self, Belongs, NewMessage};
use crate::outbox::{self, OutboxId};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use wingman_message::{DeliveryId, Entry, Inbound, Message, MessageId, MessageStatus, Origin, Role, RunId};

/// A turn that has begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The run; the first attempt's where this is not the first.
    pub run: RunId,
    /// How often the turn has been begun, this time included: 1 the first time.
    pub attempt: u32,
    /// What users said, in order. The same messages, with the same numbers, each time.
    pub user_messages: Vec<Message>,
    /// The journal so far, in order.
    pub steps: Vec<Entry>,
    /// It was begun before.
    pub resumed: bool,
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishTurn {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its run.
    pub run: RunId,
    /// [`DeliveryState::Done`], [`DeliveryState::Failed`] or [`DeliveryState::Cancelled`].
    pub state: DeliveryState,
    /// The last step and its number in the journal, if there was one more.
    pub final_step: Option<(u32, Entry)>,
    /// The assistant's message.
    pub answer: Message,
    /// What is to be delivered to where the delivery came from.
    pub reply: Option<OutboxReply>,
}

/// A reply that goes to the place that the delivery's messages came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxReply {
    /// The text: Markdown.
    pub markdown: String,
}

pub(crate) const STEPS: &str = "SELECT entry_json FROM steps WHERE delivery = ?1 ORDER BY n";
pub(crate) const INBOX: &str = "SELECT body_json FROM inbox WHERE delivery = ?1 ORDER BY position";

pub(crate) const BY_RUN: &str = "SELECT ordinal, id, finished_at IS NOT NULL FROM deliveries WHERE run = ?1";

impl AgentStore {
    /// Begins a delivery's turn, or takes it up again where an earlier life of the process left it. The first time the users'
    /// messages are stored, numbered from `first_seq` on; later, `run` and `first_seq` are ignored. Called by the one task that
    /// owns the session.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Finished`]; [`StoreError::Conflict`] when the run's id or a sequence number was
    /// used before.
    pub async fn begin_turn(&self, delivery: DeliveryId, run: RunId, first_seq: i64) -> Result<Turn, StoreError> {
        let now = self.clock.now_ms();
        self.database
            .write(move |connection| {
                let found = find(connection, delivery)?;
                match found.run {
                    None => begin(connection, &found, run, first_seq, now),
                    Some(run) => resume(connection, &found, run),
                }
            })
            .await
    }

    /// Adds a step to a run's journal; when this returns, the step is never done again. The same step again is no error.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such run; [`StoreError::Finished`]; [`StoreError::Conflict`] when another step
    /// has the number.
    pub async fn append_step(&self, run: RunId, number: u32, entry: Entry) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                let found: Option<(i64, String, bool)> = connection
                    .prepare_cached(BY_RUN)?
                    .query_row([run.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                    .optional()?;
                match found {
                    None => Err(StoreError::NotFound(format!("run `{run}`")).into()),
                    Some((_, delivery, true)) => Err(StoreError::Finished(parse(&delivery)?).into()),
                    Some((ordinal, _, false)) => write_step(connection, ordinal, number, &entry),
                }
            })
            .await
    }

    /// Ends a turn, in one transaction: the last step, the answer, the delivery's state, the outbox, the session's figures.
    /// Returns the reply's place in the outbox, if there is a reply.
    ///
    /// # Errors
    /// [`StoreError::Finished`] when it was ended before; [`StoreError::NotFound`]; [`StoreError::Conflict`] when the turn has
    /// not begun, is another run's, or an id or number was used before; [`StoreError::Invalid`] when the state is not a final
    /// one or the answer not an assistant's. Nothing changes then.
    pub async fn finish_turn(&self, finish: FinishTurn) -> Result<Option<OutboxId>, StoreError> {
        if !finish.state.is_finished() || finish.answer.role != Role::Assistant {
            return Err(StoreError::Invalid("a turn ends with a final state and an assistant's message".to_owned()));
        }
        let now = self.clock.now_ms();
        self.database.write(move |connection| end(connection, &finish, now)).await
    }
}

/// An unfinished delivery.
struct Found {
    ordinal: i64,
    session: i64,
    origin: Origin,
    attempts: u32,
    run: Option<RunId>,
}

fn find(connection: &Connection, delivery: DeliveryId) -> Outcome<Found> {
    let mut statement = connection.prepare_cached(
        "SELECT ordinal, session, client, request, webhook, channel, account, attempts, run, finished_at IS NOT NULL
         FROM deliveries WHERE id = ?1",
    )?;
    let mut rows = statement.query([delivery.to_string()])?;
    let Some(row) = rows.next()? else {
        return Err(StoreError::NotFound(format!("delivery `{delivery}`")).into());
    };
    if row.get(9)? {
        return Err(StoreError::Finished(delivery).into());
    }
    Ok(Found {
        ordinal: row.get(0)?,
        session: row.get(1)?,
        origin: codec::origin(row, 2)?,
        attempts: row.get(7)?,
        run: codec::parse_some(codec::text_at(row, 8)?)?,
    })
}

fn begin(connection: &Connection, found: &Found, run: RunId, first_seq: i64, now: i64) -> Outcome<Turn> {
    connection
        .prepare_cached("UPDATE deliveries SET state = 'running', run = ?2, attempts = 1 WHERE ordinal = ?1")?
        .execute(params![found.ordinal, run.to_string()])
        .map_err(|error| taken(error, || format!("run `{run}` belongs to another delivery")))?;
    let inbound = read_all::<Inbound>(connection, INBOX, found.ordinal)?;
    let mut user_messages = Vec::with_capacity(inbound.len());
    for (inbound, seq) in inbound.into_iter().zip(first_seq..) {
        let message = Message {
            id: MessageId::new(now),
            role: Role::User,
            content: inbound.text,
            created_at: now,
            seq,
            request: found.origin.request().cloned(),
            run: Some(run),
            sender: inbound.sender,
            status: MessageStatus::Complete,
            error: None,
            parts: Vec::new(),
            attachments: inbound.attachments,
            untrusted: found.origin.is_untrusted(),
        };
        messages::insert(
            connection,
            &NewMessage { session: found.session, belongs: Belongs::Delivery(found.ordinal), message: &message },
        )?;
        user_messages.push(message);
    }
    messages::count(connection, found.session, &user_messages, now)?;
    Ok(Turn { run, attempt: 1, user_messages, steps: Vec::new(), resumed: false })
}

fn resume(connection: &Connection, found: &Found, run: RunId) -> Outcome<Turn> {
    let attempt = found.attempts.saturating_add(1);
    connection
        .prepare_cached("UPDATE deliveries SET attempts = ?2 WHERE ordinal = ?1")?
        .execute(params![found.ordinal, attempt])?;
    Ok(Turn {
        run,
        attempt,
        user_messages: messages::of_delivery(connection, found.ordinal)?,
        steps: read_all(connection, STEPS, found.ordinal)?,
        resumed: true,
    })
}

fn end(connection: &Connection, finish: &FinishTurn, now: i64) -> Outcome<Option<OutboxId>> {
    let found = find(connection, finish.delivery)?;
    if found.run != Some(finish.run) {
        return Err(StoreError::Conflict(format!("run `{}` is not the run of delivery `{}`", finish.run, finish.delivery)).into());
    }
    if let Some((number, entry)) = &finish.final_step {
        write_step(connection, found.ordinal, *number, entry)?;
    }
    let answer = &finish.answer;
    messages::insert(
        connection,
        &NewMessage { session: found.session, belongs: Belongs::Delivery(found.ordinal), message: answer },
    )?;
    messages::count(connection, found.session, std::slice::from_ref(answer), now)?;
    connection
        .prepare_cached("UPDATE deliveries SET state = ?2, finished_at = ?3, answer = ?4, error = ?5 WHERE ordinal = ?1")?
        .execute(params![found.ordinal, codec::state_word(finish.state), now, answer.id.to_string(), answer.error])?;
    forget_original(connection, found.ordinal)?;
    match &finish.reply {
        Some(reply) => outbox::insert(connection, found.ordinal, &reply.markdown, now).map(Some),
        None => outbox::forget_shown(connection, found.ordinal).map(|()| None),
    }
}

fn write_step(connection: &Connection, ordinal: i64, number: u32, entry: &Entry) -> Outcome<()> {
    let stored: Option<String> = connection
        .prepare_cached("SELECT entry_json FROM steps WHERE delivery = ?1 AND n = ?2")?
        .query_row(params![ordinal, number], |row| row.get(0))
        .optional()?;
    match stored {
        // Whoever could not know whether a step was stored stores it again.
        Some(stored) if from_json::<Entry>(&stored)? == *entry => Ok(()),
        Some(_) => Err(StoreError::Conflict(format!("the journal has another step {number}")).into()),
        None => {
            connection.prepare_cached("INSERT INTO steps (delivery, n, entry_json) VALUES (?1, ?2, ?3)")?.execute(params![
                ordinal,
                number,
                to_json(entry)?
            ])?;
            Ok(())
        }
    }
}

/// The values of a query's one JSON column.
pub(crate) fn read_all<T: serde::de::DeserializeOwned>(connection: &Connection, query: &str, ordinal: i64) -> Outcome<Vec<T>> {
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query([ordinal])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(from_json(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(all)
}

/// Says what was taken where a unique column refuses a value.
pub(crate) fn taken(error: rusqlite::Error, what: impl FnOnce() -> String) -> Failure {
    if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
        return StoreError::Conflict(what()).into();
    }
    error.into()
}
