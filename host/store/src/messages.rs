//! The messages of a conversation: storing them, and reading them page by page, from a number on, or as a model needs them.

use crate::agent::AgentStore;
use crate::codec::{self, from_json, parse, parse_some, text_at, to_json};
use crate::cursor::MessageCursor;
use crate::error::{Outcome, StoreError};
use crate::search;
use crate::summaries::MAX_HISTORY_BYTES;
use crate::turn::{STEPS, read_all, taken};
use rusqlite::{Connection, Row, params};
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use wingman_message::{Attachment, ContentSource, Entry, Message, MessageId, Role, RunId, SessionKey};

/// How many characters of a session's newest message are shown in lists.
const PREVIEW_CHARS: usize = 200;

/// A page of a session's messages.
#[derive(Debug, Clone, PartialEq)]
pub struct MessagePage {
    /// In order of time.
    pub messages: Vec<Message>,
    /// Where the page with older messages begins, if there are any.
    pub next: Option<MessageCursor>,
}

/// All queries name the same columns, in the order in which [`read`] takes them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.role, m.content, m.created_at, m.seq, m.request, m.run, m.sender_json, m.status, m.error, ",
            "m.parts_json, m.attachments_json, m.untrusted, m.delivery, m.overheard FROM ",
            $rest
        )
    };
}

const BY_ID: &str = select!("messages m WHERE m.id = ?1");
/// Those of a session between two numbers, the oldest first.
pub(crate) const OLDEST_BETWEEN: &str =
    select!("messages m WHERE m.session = ?1 AND m.seq > ?2 AND m.seq <= ?3 ORDER BY m.seq LIMIT ?4");
const OF_DELIVERY: &str = select!("messages m WHERE m.delivery = ?1 AND m.role = 'user' ORDER BY m.seq");
/// Of those that were merged into a delivery's turn at its start. They were numbered in the order of turns, behind its own.
const OF_MERGED: &str = select!(
    "deliveries d JOIN messages m ON m.delivery = d.ordinal
     WHERE d.joined = ?1 AND d.joined_after IS NULL AND m.role = 'user' ORDER BY m.seq"
);
pub(crate) const OPEN_TURNS: &str = "SELECT ordinal FROM deliveries
     WHERE session = (SELECT id FROM sessions WHERE key = ?1) AND finished_at IS NULL AND (run IS NOT NULL OR joined IS NOT NULL)";
pub(crate) const STEERED: &str = "SELECT ordinal FROM deliveries INDEXED BY deliveries_steered
     WHERE session = (SELECT id FROM sessions WHERE key = ?1) AND joined_after IS NOT NULL";
/// The newest between two numbers, the newest first. All pages are this query, with other bounds.
pub(crate) const NEWEST_BETWEEN: &str = select!(
    "sessions s JOIN messages m ON m.session = s.id
     WHERE s.key = ?1 AND m.seq > ?2 AND m.seq < ?3 ORDER BY m.seq DESC LIMIT ?4"
);
/// A copied message's own journal.
const JOURNAL: &str = "SELECT journal_json FROM messages WHERE id = ?1";
pub(crate) const FIRST_OF_RUN: &str =
    "SELECT min(m.seq) FROM deliveries d JOIN messages m ON m.delivery = d.ordinal WHERE d.run = ?1";

impl AgentStore {
    /// The message.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare_cached(BY_ID)?;
                let mut rows = statement.query([id.to_string()])?;
                Ok(rows.next()?.map(read).transpose()?.map(|(message, _)| message))
            })
            .await
    }

    /// A page of the session's messages, the newest page first; without a cursor, the newest. A session that is not there has
    /// none.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn messages(
        &self,
        session: &SessionKey,
        limit: usize,
        cursor: Option<&MessageCursor>,
    ) -> Result<MessagePage, StoreError> {
        let (session, before) = (session.clone(), cursor.map_or(i64::MAX, |cursor| cursor.before));
        self.database
            .read(move |connection| {
                // One more than asked for tells whether there is a next page.
                let mut found = newest(connection, &session, i64::MIN, before, limit.saturating_add(1))?;
                let has_more = found.len() > limit;
                found.truncate(limit);
                let next = found.last().filter(|_| has_more).map(|(oldest, _)| MessageCursor { before: oldest.seq });
                found.reverse();
                Ok(MessagePage { messages: found.into_iter().map(|(message, _)| message).collect(), next })
            })
            .await
    }

    /// The messages with `after < seq <= until`, in order; where there are more than `limit`, the newest of them.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn messages_since(
        &self,
        session: &SessionKey,
        after: i64,
        until: i64,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let session = session.clone();
        self.database
            .read(move |connection| {
                let mut found = newest(connection, &session, after, until.saturating_add(1), limit)?;
                found.reverse();
                Ok(found.into_iter().map(|(message, _)| message).collect())
            })
            .await
    }

    /// What was said before the run `before`, in order: the newest `max_messages`, each assistant's with its run's journal
    /// (empty for a user's). With a run that has not begun: all that was said. A turn that began earlier and has no end yet, because
    /// the process was killed in it, is left out: its answer is still to come, and is nobody else's to give. So is what somebody
    /// said into a turn that ran: its journal holds it, in its place.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn history(
        &self,
        session: &SessionKey,
        max_messages: usize,
        before: RunId,
    ) -> Result<Vec<(Message, Vec<Entry>)>, StoreError> {
        self.history_after(session, i64::MIN, max_messages, before).await
    }

    /// As [`Self::history`], of the messages with a sequence number above `after`: what follows a summary. At most
    /// [`MAX_HISTORY_BYTES`] are read.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn history_after(
        &self,
        session: &SessionKey,
        after: i64,
        max_messages: usize,
        before: RunId,
    ) -> Result<Vec<(Message, Vec<Entry>)>, StoreError> {
        let session = session.clone();
        self.database
            .read(move |connection| {
                let first: Option<i64> =
                    connection.prepare_cached(FIRST_OF_RUN)?.query_row([before.to_string()], |row| row.get(0))?;
                let mut elsewhere = deliveries(connection, OPEN_TURNS, &session)?;
                elsewhere.extend(deliveries(connection, STEERED, &session)?);
                let bounds = params![session.as_str(), after, first.unwrap_or(i64::MAX), codec::limit(max_messages)];
                let mut statement = connection.prepare_cached(NEWEST_BETWEEN)?;
                let mut rows = statement.query(bounds)?;
                let (mut found, mut bytes) = (Vec::new(), 0);
                while let Some(row) = rows.next()? {
                    let (message, delivery) = read(row)?;
                    if delivery.is_some_and(|delivery| elsewhere.contains(&delivery)) {
                        continue;
                    }
                    let journal = journal(connection, &message, delivery)?;
                    bytes += size_of(&message, &journal);
                    if bytes > MAX_HISTORY_BYTES && !found.is_empty() {
                        break;
                    }
                    found.push((message, journal));
                }
                found.reverse();
                Ok(found)
            })
            .await
    }
}

/// How much a message and its run's steps say, in bytes.
fn size_of(message: &Message, journal: &[Entry]) -> usize {
    let files = |attachments: &[Attachment]| attachments.iter().map(|file| source(&file.source)).sum::<usize>();
    let steps = journal.iter().map(|entry| match entry {
        Entry::User(user) => user.text.len() + files(&user.attachments),
        Entry::Assistant { text, .. } => text.len(),
        Entry::Tool { output, .. } => output.len(),
    });
    message.content.len() + files(&message.attachments) + steps.sum::<usize>()
}

fn source(source: &ContentSource) -> usize {
    match source {
        ContentSource::Url(text) | ContentSource::Blob(text) | ContentSource::Reference(text) => text.len(),
    }
}

/// The deliveries of the session that `query` finds.
fn deliveries(connection: &Connection, query: &str, session: &SessionKey) -> Outcome<HashSet<i64>> {
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map([session.as_str()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What the run of an assistant's message had done: with its delivery, or, of a copy, beside it.
pub(crate) fn journal(connection: &Connection, message: &Message, delivery: Option<i64>) -> Outcome<Vec<Entry>> {
    if message.role == Role::User {
        return Ok(Vec::new());
    }
    let Some(delivery) = delivery else {
        let kept: Option<String> = connection.prepare_cached(JOURNAL)?.query_row([message.id.to_string()], |row| row.get(0))?;
        return list(kept.as_deref());
    };
    read_all(connection, STEPS, delivery)
}

/// Messages and their deliveries, the newest first. A copy has no delivery.
fn newest(
    connection: &Connection,
    session: &SessionKey,
    after: i64,
    before: i64,
    limit: usize,
) -> Outcome<Vec<(Message, Option<i64>)>> {
    let mut statement = connection.prepare_cached(NEWEST_BETWEEN)?;
    let mut rows = statement.query(params![session.as_str(), after, before, codec::limit(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The users' messages that a delivery's turn began with, in order.
pub(crate) fn of_turn(connection: &Connection, ordinal: i64) -> Outcome<Vec<Message>> {
    let mut found = Vec::new();
    for query in [OF_DELIVERY, OF_MERGED] {
        let mut statement = connection.prepare_cached(query)?;
        let mut rows = statement.query([ordinal])?;
        while let Some(row) = rows.next()? {
            found.push(read(row)?.0);
        }
    }
    Ok(found)
}

/// A message and where it belongs.
pub(crate) struct NewMessage<'a> {
    pub(crate) session: i64,
    pub(crate) belongs: Belongs<'a>,
    pub(crate) message: &'a Message,
}

/// What a message belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Belongs<'a> {
    /// The turn of a delivery.
    Delivery(i64),
    /// Nothing: it is a copy, and keeps its journal itself.
    Copy(&'a [Entry]),
}

pub(crate) fn insert(connection: &Connection, new: &NewMessage<'_>) -> Outcome<()> {
    let NewMessage { session, belongs, message } = new;
    let (delivery, journal) = match belongs {
        Belongs::Delivery(delivery) => (Some(*delivery), None),
        Belongs::Copy(journal) => (None, list_json(journal)?),
    };
    connection
        .prepare_cached(
            "INSERT INTO messages (id, session, seq, delivery, role, content, created_at, request, run, sender_json, status, error,
                                   parts_json, attachments_json, untrusted, journal_json, overheard)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?
        .execute(params![
            message.id.to_string(),
            session,
            message.seq,
            delivery,
            codec::role_word(message.role),
            message.content,
            message.created_at,
            message.request.as_ref().map(|request| request.as_str()),
            message.run.map(|run| run.to_string()),
            message.sender.as_ref().map(to_json).transpose()?,
            codec::status_word(message.status),
            message.error,
            list_json(&message.parts)?,
            list_json(&message.attachments)?,
            message.untrusted,
            journal,
            message.overheard,
        ])
        .map_err(|error| taken(error, || format!("message `{}` or its number {} is already there", message.id, message.seq)))?;
    search::insert(connection, connection.last_insert_rowid(), &message.content)
}

/// A message's first characters, as lists show them.
pub(crate) fn preview(content: &str) -> String {
    content.chars().take(PREVIEW_CHARS).collect()
}

/// Adds `messages` to the session's figures.
pub(crate) fn count(connection: &Connection, session: i64, messages: &[Message], now: i64) -> Outcome<()> {
    let Some(newest) = messages.last() else { return Ok(()) };
    let preview = preview(&newest.content);
    // A clock that was set back does not move a session down the list.
    connection
        .prepare_cached(
            "UPDATE sessions SET message_count = message_count + ?2, last_preview = ?3, updated_at = max(updated_at, ?4)
             WHERE id = ?1",
        )?
        .execute(params![session, codec::limit(messages.len()), preview, now])?;
    Ok(())
}

fn list_json<T: serde::Serialize>(list: &[T]) -> Outcome<Option<String>> {
    if list.is_empty() { Ok(None) } else { to_json(list).map(Some) }
}

fn list<T: DeserializeOwned>(json: Option<&str>) -> Outcome<Vec<T>> {
    json.map_or_else(|| Ok(Vec::new()), from_json)
}

pub(crate) fn read(row: &Row<'_>) -> Outcome<(Message, Option<i64>)> {
    let sender: Option<String> = row.get(7)?;
    let (parts, attachments): (Option<String>, Option<String>) = (row.get(10)?, row.get(11)?);
    let message = Message {
        id: parse(&row.get::<_, String>(0)?)?,
        role: codec::role(&row.get::<_, String>(1)?)?,
        content: row.get(2)?,
        created_at: row.get(3)?,
        seq: row.get(4)?,
        request: parse_some(text_at(row, 5)?)?,
        run: parse_some(text_at(row, 6)?)?,
        sender: sender.as_deref().map(from_json).transpose()?,
        status: codec::status(&row.get::<_, String>(8)?)?,
        error: row.get(9)?,
        parts: list(parts.as_deref())?,
        attachments: list(attachments.as_deref())?,
        untrusted: row.get(12)?,
        overheard: row.get(14)?,
    };
    Ok((message, row.get(13)?))
}
