//! The messages of a conversation: storing them, and reading them page by page, from a number on, or as a model needs them.

use crate::agent::AgentStore;
use crate::codec::{self, from_json, parse, parse_some, text_at, to_json};
use crate::cursor::MessageCursor;
use crate::error::{Outcome, StoreError};
use crate::summaries::MAX_HISTORY_BYTES;
use crate::turn::{STEPS, read_all, taken};
use rusqlite::{Connection, Row, params};
use serde::de::DeserializeOwned;
use wingman_message::{ContentSource, Entry, Message, MessageId, Role, RunId, SessionKey};

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
            "m.parts_json, m.attachments_json, m.untrusted, m.delivery FROM ",
            $rest
        )
    };
}

const BY_ID: &str = select!("messages m WHERE m.id = ?1");
const OF_DELIVERY: &str = select!("messages m WHERE m.delivery = ?1 AND m.role = 'user' ORDER BY m.seq");
/// The newest between two numbers, the newest first. All pages are this query, with other bounds.
pub(crate) const OPEN_TURNS: &str = "SELECT ordinal FROM deliveries
     WHERE session = (SELECT id FROM sessions WHERE key = ?1) AND finished_at IS NULL AND run IS NOT NULL";

pub(crate) const NEWEST_BETWEEN: &str = select!(
    "sessions s JOIN messages m ON m.session = s.id
     WHERE s.key = ?1 AND m.seq > ?2 AND m.seq < ?3 ORDER BY m.seq DESC LIMIT ?4"
);
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
    /// the process was killed in it, is left out: its answer is still to come, and is nobody else's to give.
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
                let open = open_turns(connection, &session)?;
                let bounds = params![session.as_str(), after, first.unwrap_or(i64::MAX), codec::limit(max_messages)];
                let mut statement = connection.prepare_cached(NEWEST_BETWEEN)?;
                let mut rows = statement.query(bounds)?;
                let (mut found, mut bytes) = (Vec::new(), 0);
                while let Some(row) = rows.next()? {
                    let (message, delivery) = read(row)?;
                    if open.contains(&delivery) {
                        continue;
                    }
                    let journal: Vec<Entry> = match message.role {
                        Role::User => Vec::new(),
                        Role::Assistant => read_all(connection, STEPS, delivery)?,
                    };
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
    let source = |source: &ContentSource| match source {
        ContentSource::Url(text) | ContentSource::Blob(text) | ContentSource::Reference(text) => text.len(),
    };
    let steps = journal.iter().map(|entry| match entry {
        Entry::User(user) => user.text.len(),
        Entry::Assistant { text, .. } => text.len(),
        Entry::Tool { output, .. } => output.len(),
    });
    message.content.len() + message.attachments.iter().map(|file| source(&file.source)).sum::<usize>() + steps.sum::<usize>()
}

/// Deliveries of the session whose turn has begun and not ended.
fn open_turns(connection: &Connection, session: &SessionKey) -> Outcome<Vec<i64>> {
    let mut statement = connection.prepare_cached(OPEN_TURNS)?;
    let rows = statement.query_map([session.as_str()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Messages and their deliveries, the newest first.
fn newest(connection: &Connection, session: &SessionKey, after: i64, before: i64, limit: usize) -> Outcome<Vec<(Message, i64)>> {
    let mut statement = connection.prepare_cached(NEWEST_BETWEEN)?;
    let mut rows = statement.query(params![session.as_str(), after, before, codec::limit(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The users' messages of a delivery, in order.
pub(crate) fn of_delivery(connection: &Connection, ordinal: i64) -> Outcome<Vec<Message>> {
    let mut statement = connection.prepare_cached(OF_DELIVERY)?;
    let mut rows = statement.query([ordinal])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?.0);
    }
    Ok(found)
}

/// A message and where it belongs.
pub(crate) struct NewMessage<'a> {
    pub(crate) session: i64,
    pub(crate) delivery: i64,
    pub(crate) message: &'a Message,
}

pub(crate) fn insert(connection: &Connection, new: &NewMessage<'_>) -> Outcome<()> {
    let NewMessage { session, delivery, message } = new;
    connection
        .prepare_cached(
            "INSERT INTO messages (id, session, seq, delivery, role, content, created_at, request, run, sender_json, status, error,
                                   parts_json, attachments_json, untrusted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
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
        ])
        .map_err(|error| taken(error, || format!("message `{}` or its number {} is already there", message.id, message.seq)))?;
    Ok(())
}

/// Adds `messages` to the session's figures.
pub(crate) fn count(connection: &Connection, session: i64, messages: &[Message], now: i64) -> Outcome<()> {
    let Some(newest) = messages.last() else { return Ok(()) };
    let preview: String = newest.content.chars().take(PREVIEW_CHARS).collect();
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

fn read(row: &Row<'_>) -> Outcome<(Message, i64)> {
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
    };
    Ok((message, row.get(13)?))
}
