//! Sessions that are copies: forks of others, and imports. A copy is written in steps, so that neither memory nor the other
//! writers feel its length, and is there with its last step or not at all.

use crate::agent::{AgentStore, session_row};
use crate::codec;
use crate::error::{Failure, Outcome, StoreError};
use crate::messages::{self, Belongs, NewMessage};
use crate::sessions::{self, SessionRecord};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wingman_message::{
    Attachment, Clock, Entry, Message, MessageId, MessageStatus, Part, Role, Sender, SessionKey, SessionSource,
};

/// How many messages of another session are copied in one step, and after how many bytes of text it ends earlier.
const STEP: i64 = 200;
const STEP_BYTES: usize = 1024 * 1024;

/// A message without what ties it to one gateway: what an export holds, and an import brings.
#[derive(Debug, Clone, PartialEq)]
pub struct CopiedMessage {
    /// Who speaks.
    pub role: Role,
    /// All its text.
    pub content: String,
    /// When it was said: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Who sent it.
    pub sender: Option<Sender>,
    /// How it ended.
    pub status: MessageStatus,
    /// What went wrong, for people.
    pub error: Option<String>,
    /// Text and tools in order; empty for a user.
    pub parts: Vec<Part>,
    /// Files beside it.
    pub attachments: Vec<Attachment>,
    /// Strangers wrote it.
    pub untrusted: bool,
    /// It is what was said and done around the agent.
    pub overheard: bool,
    /// What its run had done, step by step; empty for a user.
    pub journal: Vec<Entry>,
}

/// A session that is to be a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCopy {
    /// Its key, which nobody has used before.
    pub key: SessionKey,
    /// Its display name.
    pub name: Option<String>,
    /// The folder that its agent works in, where it has one of its own.
    pub workdir: Option<String>,
}

/// A copy that is being written. It has to be finished or given up; one that is dropped is cleared away at the next start.
#[derive(Debug)]
pub struct SessionCopy {
    store: AgentStore,
    new: NewCopy,
    session: i64,
    count: i64,
    preview: Option<String>,
}

impl AgentStore {
    /// Begins a copy. Nobody sees it before it is finished.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`]; [`StoreError::Invalid`] when the key is not one of this agent.
    pub async fn begin_copy(&self, new: NewCopy) -> Result<SessionCopy, StoreError> {
        self.check_key(&new.key)?;
        let key = new.key.clone();
        let session = self.database.write(move |connection| begin(connection, &key)).await?;
        Ok(SessionCopy { store: self.clone(), new, session, count: 0, preview: None })
    }

    /// Makes a session of what was said in `source` up to the message `until`, that one included. What is said in the source
    /// meanwhile or later is not part of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such session, or no such message in it; [`StoreError::AlreadyThere`].
    pub async fn fork_session(&self, source: &SessionKey, until: MessageId, new: NewCopy) -> Result<SessionRecord, StoreError> {
        let (key, wanted) = (source.clone(), new.key.clone());
        if key == wanted {
            return Err(StoreError::AlreadyThere(format!("session `{key}`")));
        }
        let (from, last) = self.database.read(move |connection| place_of(connection, &key, until)).await?;
        let mut copy = self.begin_copy(new).await?;
        let mut after = i64::MIN;
        loop {
            match copy.take_from(from, after, last).await {
                Ok(Some(reached)) => after = reached,
                Ok(None) => break,
                Err(error) => {
                    copy.give_up().await;
                    return Err(error);
                }
            }
        }
        // A source that was deleted under our hands is not half a source.
        if after < last {
            copy.give_up().await;
            return Err(StoreError::NotFound(format!("session `{source}` any more")));
        }
        copy.finish().await
    }
}

impl SessionCopy {
    /// Adds `messages`, in order, in one step.
    ///
    /// # Errors
    /// See [`AgentStore`]. The copy can only be given up then.
    pub async fn append(&mut self, messages: Vec<CopiedMessage>) -> Result<(), StoreError> {
        let Some(last) = messages.last() else { return Ok(()) };
        let (preview, count) = (messages::preview(&last.content), codec::limit(messages.len()));
        let (session, first, clock) = (self.session, self.count, Arc::clone(&self.store.clock));
        self.store
            .database
            .write(move |connection| {
                check(connection, session)?;
                for (message, seq) in messages.iter().zip(first + 1..) {
                    write(connection, session, seq, message, &*clock)?;
                }
                Ok(())
            })
            .await?;
        self.count += count;
        self.preview = Some(preview);
        Ok(())
    }

    /// How many messages it has so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.count.unsigned_abs()
    }

    /// It has no messages yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The session is there from now on.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`] when somebody has opened a session of that key meanwhile; the copy is given up then.
    pub async fn finish(self) -> Result<SessionRecord, StoreError> {
        let (session, now) = (self.session, self.store.clock.now_ms());
        let (new, count, preview) = (self.new.clone(), self.count, self.preview.clone());
        let finished = self.store.database.write(move |connection| {
            check(connection, session)?;
            let opened = connection
                .prepare_cached(
                    "UPDATE sessions SET created_at = ?2, updated_at = ?2, name = ?3, source = ?4, message_count = ?5,
                                         last_preview = ?6, workdir = ?7, next_seq = max(next_seq, ?5 + 1)
                     WHERE id = ?1 AND created_at IS NULL",
                )?
                .execute(params![
                    session,
                    now,
                    new.name,
                    codec::source_word(SessionSource::Client),
                    count,
                    preview,
                    new.workdir
                ])?;
            if opened == 0 {
                return Err(StoreError::AlreadyThere(format!("session `{}`", new.key)).into());
            }
            connection.prepare_cached("DELETE FROM copies WHERE session = ?1")?.execute([session])?;
            sessions::find(connection, &new.key)?.ok_or_else(|| Failure::Unreadable("a session vanished".to_owned()))
        });
        match finished.await {
            Ok(record) => Ok(record),
            Err(error) => {
                self.give_up().await;
                Err(error)
            }
        }
    }

    /// Nothing of it is kept.
    pub async fn give_up(self) {
        let (session, upkeep): (i64, Arc<AtomicBool>) = (self.session, self.store.database.upkeep());
        let given_up = self.store.database.write(move |connection| {
            connection.prepare_cached("UPDATE copies SET given_up = 1 WHERE session = ?1")?.execute([session])?;
            upkeep.store(true, Ordering::Relaxed);
            Ok(())
        });
        if let Err(error) = given_up.await {
            tracing::debug!(session = %self.new.key, %error, "a copy is cleared away at the next start");
        }
    }

    /// Copies some messages of the session `from` behind the number `after`, up to `until`; the last one's number, none where
    /// there are no more.
    async fn take_from(&mut self, from: i64, after: i64, until: i64) -> Result<Option<i64>, StoreError> {
        let (session, first, clock) = (self.session, self.count, Arc::clone(&self.store.clock));
        let taken = self
            .store
            .database
            .write(move |connection| {
                check(connection, session)?;
                let mut statement = connection.prepare_cached(messages::OLDEST_BETWEEN)?;
                let mut rows = statement.query(params![from, after, until, STEP])?;
                let (mut count, mut bytes, mut last) = (0, 0, None);
                while bytes < STEP_BYTES
                    && let Some(row) = rows.next()?
                {
                    let (message, delivery) = messages::read(row)?;
                    let journal = messages::journal(connection, &message, delivery)?;
                    let copied = copied(message, journal);
                    count += 1;
                    bytes += copied.0.content.len();
                    write(connection, session, first + count, &copied.0, &*clock)?;
                    last = Some((copied.1, messages::preview(&copied.0.content)));
                }
                Ok(last.map(|(seq, preview)| (seq, preview, count)))
            })
            .await?;
        Ok(taken.map(|(seq, preview, count)| {
            self.count += count;
            self.preview = Some(preview);
            seq
        }))
    }
}

/// A message as a copy, and the number that it had.
pub(crate) fn copied(message: Message, journal: Vec<Entry>) -> (CopiedMessage, i64) {
    let Message { role, content, created_at, seq, sender, status, error, parts, attachments, untrusted, overheard, .. } = message;
    (CopiedMessage { role, content, created_at, sender, status, error, parts, attachments, untrusted, overheard, journal }, seq)
}

fn begin(connection: &Connection, key: &SessionKey) -> Outcome<i64> {
    let session = session_row(connection, key)?;
    let used: bool = connection
        .prepare_cached(
            "SELECT created_at IS NOT NULL OR EXISTS (SELECT 1 FROM copies WHERE session = ?1)
                    OR EXISTS (SELECT 1 FROM messages WHERE session = ?1) FROM sessions WHERE id = ?1",
        )?
        .query_row([session], |row| row.get(0))?;
    if used {
        return Err(StoreError::AlreadyThere(format!("session `{key}`")).into());
    }
    connection.prepare_cached("INSERT INTO copies (session) VALUES (?1)")?.execute([session])?;
    Ok(session)
}

/// It is still being written.
fn check(connection: &Connection, session: i64) -> Outcome<()> {
    let live: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM copies WHERE session = ?1 AND given_up = 0)")?
        .query_row([session], |row| row.get(0))?;
    if live { Ok(()) } else { Err(StoreError::NotFound("such copy any more".to_owned()).into()) }
}

fn write(connection: &Connection, session: i64, seq: i64, copied: &CopiedMessage, clock: &dyn Clock) -> Outcome<()> {
    let CopiedMessage { role, content, created_at, sender, status, error, parts, attachments, untrusted, overheard, journal } =
        copied;
    let message = Message {
        id: MessageId::new(clock.now_ms()),
        role: *role,
        content: content.clone(),
        created_at: *created_at,
        seq,
        request: None,
        run: None,
        sender: sender.clone(),
        status: *status,
        error: error.clone(),
        parts: parts.clone(),
        attachments: attachments.clone(),
        untrusted: *untrusted,
        overheard: *overheard,
    };
    messages::insert(connection, &NewMessage { session, belongs: Belongs::Copy(journal), message: &message })
}

/// The session's row and the message's number in it.
fn place_of(connection: &Connection, session: &SessionKey, message: MessageId) -> Outcome<(i64, i64)> {
    let found = connection
        .prepare_cached(
            "SELECT s.id, m.seq FROM messages m JOIN sessions s ON s.id = m.session
             WHERE m.id = ?1 AND s.key = ?2 AND s.created_at IS NOT NULL",
        )?
        .query_row(params![message.to_string(), session.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        Some(place) => Ok(place),
        None if sessions::find(connection, session)?.is_none() => {
            Err(StoreError::NotFound(format!("session `{session}`")).into())
        }
        None => Err(StoreError::NotFound(format!("message `{message}` in session `{session}`")).into()),
    }
}
