//! A turn: begun (or taken up again), journaled step by step, and ended in one transaction.

use crate::agent::AgentStore;
use crate::codec::{self, from_json, parse, to_json};
use crate::deliveries::{DeliveryState, forget_original};
use crate::error::{Failure, Outcome, StoreError};
use crate::messages::{self, Belongs, NewMessage};
use crate::outbox::{self, OutboxId};
use crate::overheard;
use crate::questions;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use wingman_message::{DeliveryId, Entry, Inbound, Message, MessageId, MessageStatus, Origin, RequestId, Role, RunId, UserEntry};

/// A turn that has begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The run; the first attempt's where this is not the first.
    pub run: RunId,
    /// How often the turn has been begun, this time included: 1 the first time.
    pub attempt: u32,
    /// What users said, in order: what was overheard first, where something was, and those of merged deliveries behind the delivery's
    /// own. At most one more than the deliveries have messages. The same messages, with the same numbers,
    /// each time.
    pub user_messages: Vec<Message>,
    /// The journal so far, in order.
    pub steps: Vec<Entry>,
    /// The call that was in flight when an earlier life of the process ended: it may or may not have been done.
    pub in_flight: Option<String>,
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
pub(crate) const INBOX: &str = "SELECT body_json FROM inbox WHERE delivery = ?1 AND body_json IS NOT NULL ORDER BY position";

pub(crate) const BY_RUN: &str = "SELECT ordinal, id, finished_at IS NOT NULL, session FROM deliveries WHERE run = ?1";
pub(crate) const JOINED: &str = "SELECT d.ordinal, iif(d.channel IS NULL, NULL, d.place_json) FROM deliveries d
     WHERE d.joined = ?1 AND d.finished_at IS NULL ORDER BY d.ordinal";

pub(crate) const ANSWERED_WITH: &str = "SELECT d.request FROM deliveries l JOIN deliveries d ON d.joined = l.ordinal
     WHERE l.run = ?1 AND d.request IS NOT NULL AND d.answer IS NOT NULL";

impl AgentStore {
    /// Begins a delivery's turn, or takes it up again where an earlier life of the process left it. The first time the users'
    /// messages are stored, numbered from `first_seq` on; later, `run` and `first_seq` are ignored. Called by the one task that
    /// owns the session.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Finished`]; [`StoreError::Conflict`] when the run's id or a sequence number was
    /// used before.
    pub async fn begin_turn(&self, delivery: DeliveryId, run: RunId, first_seq: i64) -> Result<Turn, StoreError> {
        self.begin_merged_turn(delivery, Vec::new(), run, first_seq).await
    }

    /// Begins a turn that answers `merged` as well, which wait in the same session; see [`Self::begin_turn`]. Those that do not
    /// wait any more are left out.
    ///
    /// # Errors
    /// As [`Self::begin_turn`].
    pub async fn begin_merged_turn(
        &self,
        delivery: DeliveryId,
        merged: Vec<DeliveryId>,
        run: RunId,
        first_seq: i64,
    ) -> Result<Turn, StoreError> {
        let now = self.clock.now_ms();
        self.database
            .write(move |connection| {
                let found = find(connection, delivery)?;
                match found.run {
                    None => {
                        let mut turn = begin(connection, &found, run, first_seq, now)?;
                        let lead = Lead { ordinal: found.ordinal, session: found.session, run };
                        for one in &merged {
                            let next_seq = turn.user_messages.last().map_or(first_seq, |last| last.seq + 1);
                            turn.user_messages.extend(join(connection, &lead, *one, None, next_seq, now)?);
                        }
                        Ok(turn)
                    }
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
                let lead = open_run(connection, run)?;
                write_step(connection, lead.ordinal, number, &entry).map(drop)
            })
            .await
    }

    /// Lets a delivery that waits join the turn of `run`, whose journal has `number` steps: what users said in it goes on the
    /// journal, from that number on, and is stored as their messages, numbered from `first_seq` on. Returns the messages; none, and
    /// nothing changes, where the delivery does not wait any more.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such run; [`StoreError::Finished`]; [`StoreError::Conflict`] when the journal has
    /// another number of steps, or a sequence number was used before.
    pub async fn join_turn(
        &self,
        run: RunId,
        delivery: DeliveryId,
        number: u32,
        first_seq: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let now = self.clock.now_ms();
        self.database
            .write(move |connection| {
                let lead = open_run(connection, run)?;
                let messages = join(connection, &lead, delivery, Some(number), first_seq, now)?;
                for (message, number) in messages.iter().zip(number..) {
                    write_step(connection, lead.ordinal, number, &user_entry(message))?;
                }
                Ok(messages)
            })
            .await
    }

    /// Ends a delivery that has joined another's turn, which goes on. False, and nothing changes, where it has not, or is finished.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn leave_turn(&self, delivery: DeliveryId) -> Result<bool, StoreError> {
        let now = self.clock.now_ms();
        self.database
            .write(move |connection| {
                let left: Option<i64> = connection
                    .prepare_cached(
                        "UPDATE deliveries SET state = 'cancelled', finished_at = ?2
                         WHERE id = ?1 AND joined IS NOT NULL AND finished_at IS NULL RETURNING ordinal",
                    )?
                    .query_row(params![delivery.to_string(), now], |row| row.get(0))
                    .optional()?;
                let Some(ordinal) = left else { return Ok(false) };
                forget_original(connection, ordinal)?;
                Ok(true)
            })
            .await
    }

    /// Notes that the call `call_id`, whose result will be the step `number`, is about to be made: when this returns, a later life
    /// of the process knows that it may have been.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such run; [`StoreError::Finished`].
    pub async fn begin_call(&self, run: RunId, number: u32, call_id: String) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                let lead = open_run(connection, run)?;
                connection
                    .prepare_cached(
                        "INSERT INTO calls_in_flight (delivery, n, call) VALUES (?1, ?2, ?3)
                         ON CONFLICT DO UPDATE SET n = excluded.n, call = excluded.call",
                    )?
                    .execute(params![lead.ordinal, number, call_id])?;
                Ok(())
            })
            .await
    }

    /// The clients' requests that were answered together with the delivery of `run`, whose turn has ended.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn answered_with(&self, run: RunId) -> Result<Vec<RequestId>, StoreError> {
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare_cached(ANSWERED_WITH)?;
                let requests = statement.query_map([run.to_string()], |row| row.get::<_, String>(0))?;
                requests.collect::<rusqlite::Result<Vec<_>>>()?.iter().map(|request| parse(request)).collect()
            })
            .await
    }

    /// The run has begun and has not ended.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn is_open(&self, run: RunId) -> Result<bool, StoreError> {
        self.database
            .read(move |connection| {
                let finished: Option<bool> =
                    connection.prepare_cached(BY_RUN)?.query_row([run.to_string()], |row| row.get(2)).optional()?;
                Ok(finished == Some(false))
            })
            .await
    }

    /// Ends a turn, in one transaction: the last step, the answer, the delivery's state and that of those that joined it, the
    /// outbox, open questions, the session's figures. Returns the reply's place in the outbox, if there is a reply. Where others
    /// that came through channels have joined, the reply goes to each of their places as well, once.
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

/// A run that goes on, and where it belongs.
pub(crate) struct Lead {
    pub(crate) ordinal: i64,
    pub(crate) session: i64,
    pub(crate) run: RunId,
}

/// The run, if it has begun and not ended.
pub(crate) fn open_run(connection: &Connection, run: RunId) -> Outcome<Lead> {
    let found: Option<(i64, String, bool, i64)> = connection
        .prepare_cached(BY_RUN)?
        .query_row([run.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    match found {
        None => Err(StoreError::NotFound(format!("run `{run}`")).into()),
        Some((_, delivery, true, _)) => Err(StoreError::Finished(parse(&delivery)?).into()),
        Some((ordinal, _, false, session)) => Ok(Lead { ordinal, session, run }),
    }
}

fn find(connection: &Connection, delivery: DeliveryId) -> Outcome<Found> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT d.ordinal, d.session, ",
        codec::origin_of_d!(),
        ", d.attempts, d.run, d.finished_at IS NOT NULL FROM deliveries d WHERE d.id = ?1",
    ))?;
    let mut rows = statement.query([delivery.to_string()])?;
    let Some(row) = rows.next()? else {
        return Err(StoreError::NotFound(format!("delivery `{delivery}`")).into());
    };
    if row.get(10)? {
        return Err(StoreError::Finished(delivery).into());
    }
    Ok(Found {
        ordinal: row.get(0)?,
        session: row.get(1)?,
        origin: codec::origin(row, 2)?,
        attempts: row.get(8)?,
        run: codec::parse_some(codec::text_at(row, 9)?)?,
    })
}

fn begin(connection: &Connection, found: &Found, run: RunId, first_seq: i64, now: i64) -> Outcome<Turn> {
    connection
        .prepare_cached("UPDATE deliveries SET state = 'running', run = ?2, attempts = 1 WHERE ordinal = ?1")?
        .execute(params![found.ordinal, run.to_string()])
        .map_err(|error| taken(error, || format!("run `{run}` belongs to another delivery")))?;
    let mut user_messages: Vec<Message> =
        overheard::store(connection, (found.session, found.ordinal), run, first_seq, now)?.into_iter().collect();
    let next_seq = user_messages.last().map_or(first_seq, |overheard| overheard.seq + 1);
    user_messages.extend(store_messages(connection, found, run, next_seq, now)?);
    Ok(Turn { run, attempt: 1, user_messages, steps: Vec::new(), in_flight: None, resumed: false })
}

/// Stores what users said in a delivery as their messages in `run`.
fn store_messages(connection: &Connection, found: &Found, run: RunId, first_seq: i64, now: i64) -> Outcome<Vec<Message>> {
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
            overheard: false,
        };
        messages::insert(
            connection,
            &NewMessage { session: found.session, belongs: Belongs::Delivery(found.ordinal), message: &message },
        )?;
        user_messages.push(message);
    }
    messages::count(connection, found.session, &user_messages, now)?;
    Ok(user_messages)
}

/// Lets a delivery of the session that waits join `lead`; returns its messages, none where it does not wait any more.
fn join(
    connection: &Connection,
    lead: &Lead,
    delivery: DeliveryId,
    after: Option<u32>,
    first_seq: i64,
    now: i64,
) -> Outcome<Vec<Message>> {
    let joined = connection
        .prepare_cached(
            "UPDATE deliveries SET state = 'running', joined = ?2, joined_after = ?3
             WHERE id = ?1 AND state = 'pending' AND session = ?4 AND ordinal <> ?2",
        )?
        .execute(params![delivery.to_string(), lead.ordinal, after, lead.session])?;
    if joined == 0 {
        return Ok(Vec::new());
    }
    store_messages(connection, &find(connection, delivery)?, lead.run, first_seq, now)
}

/// What a user's stored message is in a journal.
fn user_entry(message: &Message) -> Entry {
    Entry::User(UserEntry {
        text: message.content.clone(),
        attachments: message.attachments.clone(),
        untrusted: message.untrusted,
    })
}

fn resume(connection: &Connection, found: &Found, run: RunId) -> Outcome<Turn> {
    let attempt = found.attempts.saturating_add(1);
    connection
        .prepare_cached("UPDATE deliveries SET attempts = ?2 WHERE ordinal = ?1")?
        .execute(params![found.ordinal, attempt])?;
    let steps: Vec<Entry> = read_all(connection, STEPS, found.ordinal)?;
    let in_flight = connection
        .prepare_cached("SELECT call FROM calls_in_flight WHERE delivery = ?1 AND n = ?2")?
        .query_row(params![found.ordinal, codec::limit(steps.len())], |row| row.get(0))
        .optional()?;
    let user_messages = messages::of_turn(connection, found.ordinal)?;
    Ok(Turn { run, attempt, user_messages, steps, in_flight, resumed: true })
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
    connection.prepare_cached("DELETE FROM calls_in_flight WHERE delivery = ?1")?.execute([found.ordinal])?;
    connection.prepare_cached("DELETE FROM delegations WHERE run = ?1")?.execute([finish.run.to_string()])?;
    questions::withdraw(connection, found.ordinal)?;
    end_joined(connection, finish, &found, now)?;
    match &finish.reply {
        Some(reply) => outbox::insert(connection, found.ordinal, &reply.markdown, now).map(Some),
        None => outbox::forget_shown(connection, found.ordinal).map(|()| None),
    }
}

/// Ends what has joined the turn, as the turn ends.
fn end_joined(connection: &Connection, finish: &FinishTurn, found: &Found, now: i64) -> Outcome<()> {
    let own: Option<String> = connection
        .prepare_cached("SELECT iif(channel IS NULL, NULL, place_json) FROM deliveries WHERE ordinal = ?1")?
        .query_row([found.ordinal], |row| row.get(0))?;
    let mut answered: Vec<String> = own.into_iter().collect();
    let joined: Vec<(i64, Option<String>)> = connection
        .prepare_cached(JOINED)?
        .query_map([found.ordinal], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (ordinal, place) in joined {
        connection
            .prepare_cached("UPDATE deliveries SET state = ?2, finished_at = ?3, answer = ?4, error = ?5 WHERE ordinal = ?1")?
            .execute(params![ordinal, codec::state_word(finish.state), now, finish.answer.id.to_string(), finish.answer.error])?;
        forget_original(connection, ordinal)?;
        if let (Some(reply), Some(place)) = (&finish.reply, place)
            && !answered.contains(&place)
        {
            outbox::insert(connection, ordinal, &reply.markdown, now)?;
            answered.push(place);
        }
    }
    Ok(())
}

/// Writes a step, unless it is there: false then.
pub(crate) fn write_step(connection: &Connection, ordinal: i64, number: u32, entry: &Entry) -> Outcome<bool> {
    let stored: Option<String> = connection
        .prepare_cached("SELECT entry_json FROM steps WHERE delivery = ?1 AND n = ?2")?
        .query_row(params![ordinal, number], |row| row.get(0))
        .optional()?;
    match stored {
        // Whoever could not know whether a step was stored stores it again.
        Some(stored) if from_json::<Entry>(&stored)? == *entry => Ok(false),
        Some(_) => Err(StoreError::Conflict(format!("the journal has another step {number}")).into()),
        None => {
            connection.prepare_cached("INSERT INTO steps (delivery, n, entry_json) VALUES (?1, ?2, ?3)")?.execute(params![
                ordinal,
                number,
                to_json(entry)?
            ])?;
            Ok(true)
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
