//! Finding what was said: the index of words, and looking into it.

use crate::agent::AgentStore;
use crate::codec::{self, parse, text_at};
use crate::error::{Outcome, StoreError};
use crate::words::{self, Query, SnippetPart};
use rusqlite::{Connection, OptionalExtension as _, params};
use wingman_message::{MessageId, Role, SessionKey};

/// A message that holds what was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// Its place: greater for what was stored later in this agent's database.
    pub place: i64,
    /// The session.
    pub session: SessionKey,
    /// The session's name, where it has one.
    pub session_name: Option<String>,
    /// The message.
    pub message: MessageId,
    /// Its number in the session.
    pub seq: i64,
    /// Who said it.
    pub role: Role,
    /// When: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// The part of it around the first hit.
    pub snippet: Vec<SnippetPart>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The hits, what was stored last first.
    pub hits: Vec<SearchHit>,
    /// Messages from before there was a search are still being put into the index: there may be more.
    pub is_incomplete: bool,
}

/// Number and words of a message.
const INSERT: &str = "INSERT INTO message_search (rowid, words) VALUES (?1, ?2)";
/// Has a session's messages taken out of the index when nobody waits. Nothing is found of them from the moment on at which they are
/// gone themselves, and their ordinals are never given again.
pub(crate) const FORGET_SESSION: &str = "INSERT INTO search_garbage (ordinal) SELECT ordinal FROM messages WHERE session = ?1";
pub(crate) const HITS: &str = "SELECT m.ordinal, s.key, s.name, m.id, m.seq, m.role, m.created_at, m.content
     FROM message_search f JOIN messages m ON m.ordinal = f.rowid JOIN sessions s ON s.id = m.session
     WHERE f.message_search MATCH ?1 AND f.rowid < ?2 AND s.created_at IS NOT NULL ORDER BY f.rowid DESC LIMIT ?3";

impl AgentStore {
    /// The messages that hold every word of `text`, what was stored last first, at most `limit`, and only those before the place
    /// `before`. The last letters of a word may be missing; case and accents do not count; no character is an operator.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when there is no word in `text`.
    pub async fn search(&self, text: &str, limit: usize, before: Option<i64>) -> Result<SearchPage, StoreError> {
        let Some(query) = Query::read(text) else {
            return Err(StoreError::Invalid("there is nothing to look for: write at least one letter or digit".to_owned()));
        };
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare_cached(HITS)?;
                let mut rows = statement.query(params![query.to_fts(), before.unwrap_or(i64::MAX), codec::limit(limit)])?;
                let mut hits = Vec::new();
                while let Some(row) = rows.next()? {
                    hits.push(SearchHit {
                        place: row.get(0)?,
                        session: parse(&row.get::<_, String>(1)?)?,
                        session_name: row.get(2)?,
                        message: parse(&row.get::<_, String>(3)?)?,
                        seq: row.get(4)?,
                        role: codec::role(&row.get::<_, String>(5)?)?,
                        created_at: row.get(6)?,
                        snippet: query.snippet(text_at(row, 7)?.unwrap_or_default()),
                    });
                }
                Ok(SearchPage { hits, is_incomplete: backlog(connection)?.is_some() })
            })
            .await
    }
}

/// Puts a message's words into the index.
pub(crate) fn insert(connection: &Connection, ordinal: i64, content: &str) -> Outcome<()> {
    connection.prepare_cached(INSERT)?.execute(params![ordinal, words::to_index(content)])?;
    Ok(())
}

/// Below which message the index is still empty.
pub(crate) fn backlog(connection: &Connection) -> Outcome<Option<i64>> {
    Ok(connection.prepare_cached("SELECT below FROM search_backlog")?.query_row([], |row| row.get(0)).optional()?)
}
