//! What stands for the older part of a conversation, and the history that a model reads: the summary, and what follows it.

use crate::agent::{AgentStore, session_row};
use crate::error::{Outcome, StoreError};
use rusqlite::{Connection, OptionalExtension as _, params};
use wingman_message::{SessionKey, Summary};

/// The most that is read of one history, in bytes of what its messages and steps say. A session whose newest messages have more is
/// shown from a later one on: a bound on memory, far above what a model takes.
pub const MAX_HISTORY_BYTES: usize = 32 * 1024 * 1024;

/// A session's summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSummary {
    /// The summary.
    pub summary: Summary,
    /// The sequence number of the last message that it covers; all before it are covered, too.
    pub covers: i64,
    /// When it was made: milliseconds since the Unix epoch.
    pub made_at: i64,
}

pub(crate) const SUMMARY: &str = "SELECT m.text, m.untrusted, m.covers, m.made_at
     FROM sessions s JOIN summaries m ON m.session = s.id WHERE s.key = ?1";

impl AgentStore {
    /// The session's summary, if there is one.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn summary(&self, session: &SessionKey) -> Result<Option<StoredSummary>, StoreError> {
        let session = session.clone();
        self.database.read(move |connection| find(connection, &session)).await
    }

    /// Keeps `summary` for the session's messages up to `covers`, a message's sequence number, in the place of the one before. One
    /// that covers less than that, or messages that are not there, is not kept.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the key is not one of this agent.
    pub async fn put_summary(&self, session: &SessionKey, covers: i64, summary: Summary) -> Result<(), StoreError> {
        self.check_key(session)?;
        let (session, now) = (session.clone(), self.clock.now_ms());
        self.database
            .write(move |connection| {
                let id = session_row(connection, &session)?;
                connection
                    .prepare_cached(
                        "INSERT INTO summaries (session, covers, text, untrusted, made_at)
                         SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM messages WHERE session = ?1 AND seq = ?2)
                         ON CONFLICT DO UPDATE SET covers = excluded.covers, text = excluded.text,
                             untrusted = excluded.untrusted, made_at = excluded.made_at
                         WHERE excluded.covers > summaries.covers",
                    )?
                    .execute(params![id, covers, summary.text, summary.untrusted, now])?;
                Ok(())
            })
            .await
    }
}

fn find(connection: &Connection, session: &SessionKey) -> Outcome<Option<StoredSummary>> {
    let mut statement = connection.prepare_cached(SUMMARY)?;
    let found = statement.query_row([session.as_str()], |row| {
        let summary = Summary { text: row.get(0)?, untrusted: row.get(1)? };
        Ok(StoredSummary { summary, covers: row.get(2)?, made_at: row.get(3)? })
    });
    Ok(found.optional()?)
}
