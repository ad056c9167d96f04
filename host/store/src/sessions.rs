//! Sessions: the list of conversations, and each one's line of sequence numbers.

use crate::agent::{AgentStore, session_row};
use crate::codec::{self, parse};
use crate::cursor::SessionCursor;
use crate::deliveries::UNFINISHED_COUNT;
use crate::error::{Failure, Outcome, StoreError};
use crate::overheard;
use crate::search;
use crate::words;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::sync::atomic::Ordering;
use wingman_message::{SessionKey, SessionSource};

/// A session that is opened before anything is said in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Its key.
    pub key: SessionKey,
    /// Its display name.
    pub name: Option<String>,
    /// What it is opened by.
    pub source: SessionSource,
}

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its key.
    pub key: SessionKey,
    /// Its display name.
    pub name: Option<String>,
    /// What it was opened by.
    pub source: SessionSource,
    /// When: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// When the newest message was stored, or, before the first, when it was opened.
    pub updated_at: i64,
    /// How many messages it has.
    pub message_count: u64,
    /// The newest message's first 200 characters.
    pub last_preview: Option<String>,
    /// The folder that its agent works in, where it has one of its own.
    pub workdir: Option<String>,
}

impl SessionRecord {
    /// The session's place in the list.
    #[must_use]
    pub fn cursor(&self) -> SessionCursor {
        SessionCursor { updated_at: self.updated_at, key: self.key.clone() }
    }
}

const COLUMNS: &str = "key, name, source, created_at, updated_at, message_count, last_preview, workdir";
pub(crate) const NEWEST: &str = "SELECT key, name, source, created_at, updated_at, message_count, last_preview, workdir
     FROM sessions WHERE created_at IS NOT NULL ORDER BY updated_at DESC, key DESC LIMIT ?1";
pub(crate) const OLDER: &str = "SELECT key, name, source, created_at, updated_at, message_count, last_preview, workdir
     FROM sessions WHERE created_at IS NOT NULL AND (updated_at, key) < (?2, ?3) ORDER BY updated_at DESC, key DESC LIMIT ?1";

/// What becomes of the row of a session that is deleted, and of one that is emptied.
const FORGET: &str = "UPDATE sessions SET created_at = NULL, updated_at = 0, name = NULL, source = NULL, message_count = 0,
                                          last_preview = NULL, workdir = NULL WHERE id = ?1";
const EMPTY: &str = "UPDATE sessions SET message_count = 0, last_preview = NULL WHERE id = ?1";

impl AgentStore {
    /// Opens a session.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`]; [`StoreError::Invalid`] when the key is not one of this agent.
    pub async fn create_session(&self, new: NewSession) -> Result<SessionRecord, StoreError> {
        self.check_key(&new.key)?;
        let now = self.clock.now_ms();
        self.database
            .write(move |connection| {
                let id = session_row(connection, &new.key)?;
                let opened = connection
                    .prepare_cached(
                        "UPDATE sessions SET created_at = ?2, updated_at = ?2, name = ?3, source = ?4
                         WHERE id = ?1 AND created_at IS NULL",
                    )?
                    .execute(params![id, now, new.name, codec::source_word(new.source)])?;
                if opened == 0 {
                    return Err(StoreError::AlreadyThere(format!("session `{}`", new.key)).into());
                }
                find(connection, &new.key)?.ok_or_else(|| Failure::Unreadable("a session vanished".to_owned()))
            })
            .await
    }

    /// The session.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn session(&self, key: &SessionKey) -> Result<Option<SessionRecord>, StoreError> {
        let key = key.clone();
        self.database.read(move |connection| find(connection, &key)).await
    }

    /// The most recently updated sessions, the newest first, at most `limit`; with a cursor, those behind it.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn list_sessions(&self, limit: usize, cursor: Option<&SessionCursor>) -> Result<Vec<SessionRecord>, StoreError> {
        let (limit, cursor) = (codec::limit(limit), cursor.cloned());
        self.database
            .read(move |connection| match cursor {
                None => all(connection, NEWEST, params![limit]),
                Some(cursor) => all(connection, OLDER, params![limit, cursor.updated_at, cursor.key.as_str()]),
            })
            .await
    }

    /// As [`Self::list_sessions`], of those whose name, key or preview holds `text`, whatever the case and the accents.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn find_sessions(
        &self,
        text: &str,
        limit: usize,
        cursor: Option<&SessionCursor>,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let (text, cursor) = (text.to_owned(), cursor.cloned());
        self.database
            .read(move |connection| {
                let (query, place) = match &cursor {
                    None => (NEWEST, None),
                    Some(cursor) => (OLDER, Some((cursor.updated_at, cursor.key.as_str()))),
                };
                let mut statement = connection.prepare_cached(query)?;
                let mut rows = match place {
                    None => statement.query(params![i64::MAX])?,
                    Some((updated_at, key)) => statement.query(params![i64::MAX, updated_at, key])?,
                };
                let mut found = Vec::new();
                while found.len() < limit
                    && let Some(row) = rows.next()?
                {
                    let session = record(row)?;
                    let named = [session.name.as_deref(), session.last_preview.as_deref(), Some(session.key.as_str())];
                    if named.into_iter().flatten().any(|name| words::holds(name, &text)) {
                        found.push(session);
                    }
                }
                Ok(found)
            })
            .await
    }

    /// Sets the folder that the session's agent works in, or takes it away; false when there is no such session. Whether the
    /// folder may be used is the caller's to say.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn set_workdir(&self, key: &SessionKey, workdir: Option<String>) -> Result<bool, StoreError> {
        let key = key.clone();
        self.database
            .write(move |connection| {
                let changed = connection
                    .prepare_cached("UPDATE sessions SET workdir = ?2 WHERE key = ?1 AND created_at IS NOT NULL")?
                    .execute(params![key.as_str(), workdir])?;
                Ok(changed > 0)
            })
            .await
    }

    /// Gives the session a name, or takes it away; false when there is no such session.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn rename_session(&self, key: &SessionKey, name: Option<String>) -> Result<bool, StoreError> {
        let key = key.clone();
        self.database
            .write(move |connection| {
                let renamed = connection
                    .prepare_cached("UPDATE sessions SET name = ?2 WHERE key = ?1 AND created_at IS NOT NULL")?
                    .execute(params![key.as_str(), name])?;
                Ok(renamed > 0)
            })
            .await
    }

    /// Deletes the session and all that was said in it; false when there is no such session. Its sequence numbers go on where
    /// they were if it is opened again, and what was delivered to it once is still known as delivered.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while deliveries in it wait or run.
    pub async fn delete_session(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.forget(key, FORGET).await
    }

    /// Deletes all that was said in the session, which stays, with its name and its folder; false when there is no such session.
    ///
    /// # Errors
    /// [`StoreError::Busy`] while deliveries in it wait or run.
    pub async fn clear_session(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.forget(key, EMPTY).await
    }

    async fn forget(&self, key: &SessionKey, rest: &'static str) -> Result<bool, StoreError> {
        let (key, upkeep) = (key.clone(), self.database.upkeep());
        self.database
            .write(move |connection| {
                let deleted = delete(connection, &key, rest)?;
                upkeep.store(true, Ordering::Relaxed);
                Ok(deleted)
            })
            .await
    }

    /// Takes `block` fresh sequence numbers for the session, which need not exist; returns the first. Numbers begin at 1 and
    /// are never given twice.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the key is not one of this agent, `block` is not positive, or the numbers are used up.
    pub async fn reserve_seq(&self, session: &SessionKey, block: i64) -> Result<i64, StoreError> {
        self.check_key(session)?;
        let session = session.clone();
        self.database
            .write(move |connection| {
                let id = session_row(connection, &session)?;
                let first: i64 = connection
                    .prepare_cached("SELECT next_seq FROM sessions WHERE id = ?1")?
                    .query_row([id], |row| row.get(0))?;
                let next = first.checked_add(block).filter(|_| block > 0);
                let next = next.ok_or_else(|| StoreError::Invalid(format!("cannot take {block} numbers from {first} on")))?;
                connection.prepare_cached("UPDATE sessions SET next_seq = ?2 WHERE id = ?1")?.execute([id, next])?;
                Ok(first)
            })
            .await
    }
}

pub(crate) fn find(connection: &Connection, key: &SessionKey) -> Outcome<Option<SessionRecord>> {
    let query = format!("SELECT {COLUMNS} FROM sessions WHERE key = ?1 AND created_at IS NOT NULL");
    Ok(all(connection, &query, params![key.as_str()])?.pop())
}

fn all(connection: &Connection, query: &str, values: &[&dyn rusqlite::ToSql]) -> Outcome<Vec<SessionRecord>> {
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(record(row)?);
    }
    Ok(found)
}

fn record(row: &Row<'_>) -> Outcome<SessionRecord> {
    Ok(SessionRecord {
        key: parse(&row.get::<_, String>(0)?)?,
        name: row.get(1)?,
        source: codec::source(&row.get::<_, String>(2)?)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
        message_count: row.get::<_, i64>(5)?.unsigned_abs(),
        last_preview: row.get(6)?,
        workdir: row.get(7)?,
    })
}

fn delete(connection: &Connection, key: &SessionKey, rest: &str) -> Outcome<bool> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT id FROM sessions WHERE key = ?1 AND created_at IS NOT NULL")?
        .query_row([key.as_str()], |row| row.get(0))
        .optional()?;
    let Some(id) = found else { return Ok(false) };
    let unfinished: i64 = connection.prepare_cached(UNFINISHED_COUNT)?.query_row([id], |row| row.get(0))?;
    if unfinished > 0 {
        let unfinished = usize::try_from(unfinished).unwrap_or(usize::MAX);
        return Err(StoreError::Busy { session: key.clone(), unfinished }.into());
    }
    // Replies in the outbox stay: they were said, and somebody waits for them.
    for statement in [
        "DELETE FROM questions WHERE session = ?1",
        overheard::FORGET_BODIES,
        overheard::FORGET,
        "DELETE FROM steps WHERE delivery IN (SELECT delivery FROM messages WHERE session = ?1)",
        "UPDATE inbox SET body_json = NULL WHERE delivery IN (SELECT delivery FROM messages WHERE session = ?1)",
        "UPDATE deliveries SET answer = NULL, error = NULL WHERE ordinal IN (SELECT delivery FROM messages WHERE session = ?1)",
        search::FORGET_SESSION,
        "DELETE FROM messages WHERE session = ?1",
        rest,
    ] {
        connection.prepare_cached(statement)?.execute([id])?;
    }
    Ok(true)
}
