//! Tasks that one agent's run hands to another's: how many there are, and whose a session's is.

use crate::agent::AgentStore;
use crate::codec::{from_json, limit};
use crate::error::StoreError;
use rusqlite::{OptionalExtension as _, params};
use wingman_message::{ParentRun, RunId, SessionKey};

pub(crate) const PARENT_OF: &str = "SELECT parent_json FROM deliveries INDEXED BY deliveries_children
     WHERE session = (SELECT id FROM sessions WHERE key = ?1) AND parent_json IS NOT NULL LIMIT 1";

impl AgentStore {
    /// Counts the task in the session `child` as one of those below the run `top`, which is one of this agent's. False, and nothing
    /// changes, where that would make more than `max`; one that is counted already stays counted.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn count_delegation(&self, top: RunId, child: &SessionKey, max: usize) -> Result<bool, StoreError> {
        let child = child.clone();
        self.database
            .write(move |connection| {
                let run = top.to_string();
                let (others, is_known): (i64, bool) = connection
                    .prepare_cached("SELECT count(*), coalesce(max(child = ?2), 0) FROM delegations WHERE run = ?1")?
                    .query_row(params![run, child.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
                if is_known {
                    return Ok(true);
                }
                if others >= limit(max) {
                    return Ok(false);
                }
                connection
                    .prepare_cached("INSERT INTO delegations (run, child) VALUES (?1, ?2)")?
                    .execute(params![run, child.as_str()])?;
                Ok(true)
            })
            .await
    }

    /// The run that handed over the task which `session` was opened for; none for other sessions.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn parent_of(&self, session: &SessionKey) -> Result<Option<ParentRun>, StoreError> {
        let session = session.clone();
        self.database
            .read(move |connection| {
                let parent: Option<String> =
                    connection.prepare_cached(PARENT_OF)?.query_row([session.as_str()], |row| row.get(0)).optional()?;
                parent.as_deref().map(from_json).transpose()
            })
            .await
    }

    /// The run waits for somebody else: however often the process ends meanwhile, the run is not what ends it.
    ///
    /// # Errors
    /// See [`AgentStore`].
    pub async fn run_waits(&self, run: RunId) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                connection.prepare_cached("UPDATE deliveries SET attempts = 0 WHERE run = ?1")?.execute([run.to_string()])?;
                Ok(())
            })
            .await
    }
}
