//! The schemas and their versions. A migration that was released is never edited: a change is a new one, appended.

use crate::error::StoreError;
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};
use std::path::Path;

const AGENT: &[M<'static>] = &[
    M::up(include_str!("migrations/agent_0001.sql")),
    M::up(include_str!("migrations/agent_0002.sql")).foreign_key_check(),
    M::up(include_str!("migrations/agent_0003.sql")),
    M::up(include_str!("migrations/agent_0004.sql")),
    M::up(include_str!("migrations/agent_0005.sql")),
    M::up(include_str!("migrations/agent_0006.sql")),
    M::up(include_str!("migrations/agent_0007.sql")).foreign_key_check(),
];
const GATEWAY: &[M<'static>] =
    &[M::up(include_str!("migrations/gateway_0001.sql")), M::up(include_str!("migrations/gateway_0002.sql"))];

/// Which of the databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    Agent,
    Gateway,
}

impl Schema {
    fn migrations(self) -> &'static [M<'static>] {
        match self {
            Self::Agent => AGENT,
            Self::Gateway => GATEWAY,
        }
    }

    /// Refuses a database that a newer program has written. To be called before anything is changed in it.
    pub(crate) fn check(self, connection: &Connection, path: &Path) -> Result<(), StoreError> {
        let found: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(|error| crate::error::Failure::from(error).at(path))?;
        let known = i64::try_from(self.migrations().len()).unwrap_or(i64::MAX);
        if found > known {
            return Err(StoreError::NewerDatabase { path: path.to_owned(), found, known });
        }
        Ok(())
    }

    /// Brings the database up to date, in one transaction for each version.
    pub(crate) fn migrate(self, connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
        let set_foreign_keys = |connection: &Connection, on: bool| {
            connection.pragma_update(None, "foreign_keys", on).map_err(|error| crate::error::Failure::from(error).at(path))
        };
        // A table is rebuilt by dropping it, which must not delete what refers to it. Migrations that do so check at their end.
        set_foreign_keys(connection, false)?;
        Migrations::from_slice(self.migrations()).to_latest(connection).map_err(|error| match error {
            rusqlite_migration::Error::RusqliteError { err, .. } => crate::error::Failure::from(err).at(path),
            other => StoreError::Internal { path: path.to_owned(), reason: other.to_string() },
        })?;
        set_foreign_keys(connection, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_sound() {
        for schema in [Schema::Agent, Schema::Gateway] {
            Migrations::from_slice(schema.migrations()).validate().unwrap();
        }
    }
}
