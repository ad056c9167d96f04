//! The handle to one agent's database. What can be done with it stands beside each concern: accepting, turns, deliveries, dead
//! letters, sessions, messages, outbox.

use crate::database::Database;
use crate::error::{Outcome, StoreError};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::sync::Arc;
use wingman_message::{AgentId, Clock, SessionKey};

/// One agent's durable state. Cheap to clone; all clones are one. Made by [`crate::Store::agent`].
///
/// Every call may fail with [`StoreError::Closed`], [`StoreError::Io`], [`StoreError::DiskFull`] or [`StoreError::Corrupt`];
/// each names only what it fails with besides.
#[derive(Clone)]
pub struct AgentStore {
    pub(crate) agent: AgentId,
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
}

impl AgentStore {
    pub(crate) fn new(agent: AgentId, database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { agent, database, clock }
    }

    /// The agent.
    #[must_use]
    pub fn agent(&self) -> &AgentId {
        &self.agent
    }

    /// Refuses a key that is another agent's, or that could not be read back. Keys made from what a network calls its rooms can
    /// be longer than keys may be.
    pub(crate) fn check_key(&self, session: &SessionKey) -> Result<(), StoreError> {
        if session.agent() != &self.agent {
            return Err(StoreError::Invalid(format!("session `{session}` is not one of agent `{}`", self.agent)));
        }
        session.as_str().parse::<SessionKey>().map(drop).map_err(|error| StoreError::Invalid(error.to_string()))
    }
}

impl std::fmt::Debug for AgentStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentStore").field("agent", &self.agent).finish_non_exhaustive()
    }
}

/// The row of `key`, which is made where there is none; the session itself need not exist.
pub(crate) fn session_row(connection: &Connection, key: &SessionKey) -> Outcome<i64> {
    let found = connection
        .prepare_cached("SELECT id FROM sessions WHERE key = ?1")?
        .query_row([key.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(id) = found {
        return Ok(id);
    }
    connection.prepare_cached("INSERT INTO sessions (key) VALUES (?1)")?.execute(params![key.as_str()])?;
    Ok(connection.last_insert_rowid())
}
