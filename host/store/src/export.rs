//! Reading a whole session, a piece at a time: as it was when the reading began.

use crate::agent::AgentStore;
use crate::copies::{CopiedMessage, copied};
use crate::error::{Outcome, StoreError};
use crate::messages;
use crate::sessions::{self, SessionRecord};
use rusqlite::{Connection, params};
use wingman_message::SessionKey;

/// How many messages a piece has, and after how many bytes of text and journal it ends earlier.
const PIECE: i64 = 100;
const PIECE_BYTES: usize = 512 * 1024;

/// A session that is being read to its end. Holds nothing open between two pieces.
#[derive(Debug)]
pub struct SessionExport {
    /// The session when the reading began.
    pub session: SessionRecord,
    store: AgentStore,
    row: i64,
    after: i64,
    last: i64,
    left: u64,
}

impl AgentStore {
    /// Begins to read the session; none when there is no such session.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn export_session(&self, key: &SessionKey) -> Result<Option<SessionExport>, StoreError> {
        let (key, store) = (key.clone(), self.clone());
        let begun = self.database.read(move |connection| begin(connection, &key)).await?;
        Ok(begun.map(|(session, row, last)| {
            let left = session.message_count;
            SessionExport { session, store, row, after: i64::MIN, last, left }
        }))
    }
}

impl SessionExport {
    /// The next messages, in order; none at the end.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the session was deleted meanwhile.
    pub async fn next_piece(&mut self) -> Result<Vec<CopiedMessage>, StoreError> {
        let (row, after, last) = (self.row, self.after, self.last);
        let found = self.store.database.read(move |connection| piece(connection, row, after, last)).await?;
        let (messages, reached) = found;
        self.left = self.left.saturating_sub(u64::try_from(messages.len()).unwrap_or(u64::MAX));
        match reached {
            Some(reached) => self.after = reached,
            None if self.left > 0 => {
                return Err(StoreError::NotFound(format!("session `{}` any more", self.session.key)));
            }
            None => {}
        }
        Ok(messages)
    }
}

fn begin(connection: &Connection, key: &SessionKey) -> Outcome<Option<(SessionRecord, i64, i64)>> {
    let Some(session) = sessions::find(connection, key)? else { return Ok(None) };
    let (row, last) = connection
        .prepare_cached(
            "SELECT s.id, coalesce((SELECT max(m.seq) FROM messages m WHERE m.session = s.id), 0) FROM sessions s WHERE s.key = ?1",
        )?
        .query_row([key.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Some((session, row, last)))
}

fn piece(connection: &Connection, row: i64, after: i64, last: i64) -> Outcome<(Vec<CopiedMessage>, Option<i64>)> {
    let mut statement = connection.prepare_cached(messages::OLDEST_BETWEEN)?;
    let mut rows = statement.query(params![row, after, last, PIECE])?;
    let (mut messages, mut bytes, mut reached) = (Vec::new(), 0, None);
    while bytes < PIECE_BYTES
        && let Some(row) = rows.next()?
    {
        let (message, delivery) = messages::read(row)?;
        let journal = messages::journal(connection, &message, delivery)?;
        let (message, seq) = copied(message, journal);
        bytes += size(&message);
        reached = Some(seq);
        messages.push(message);
    }
    Ok((messages, reached))
}

/// About how many bytes it holds.
fn size(message: &CopiedMessage) -> usize {
    let journal = message.journal.iter().map(|entry| match entry {
        wingman_message::Entry::User(user) => user.text.len(),
        wingman_message::Entry::Assistant { text, .. } => text.len(),
        wingman_message::Entry::Tool { output, .. } => output.len(),
    });
    message.content.len() + journal.sum::<usize>()
}
