//! Work that can wait, done by the writer's thread in small steps when nobody waits for it: older messages are put into the
//! index, words of messages that are gone are taken out, and copies that were given up are cleared away. Where it stands is in the database, so that it goes on after a restart.

use crate::error::Outcome;
use crate::search;
use rusqlite::{Connection, OptionalExtension as _, params};

/// How many messages a step looks at: a bound on how long a writer waits for it.
const STEP: i64 = 64;
/// How many messages' words a step takes out: that costs more than to put them in.
const CLEARED: i64 = 32;
/// A step ends after this much text.
const STEP_BYTES: usize = 256 * 1024;

/// At the start: whatever copies an earlier life of the process had begun are given up.
pub(crate) fn begin(connection: &Connection) -> Outcome<()> {
    connection.execute("UPDATE copies SET given_up = 1 WHERE given_up = 0", [])?;
    Ok(())
}

/// Does a little, in the transaction that is open. False when nothing is left to do.
pub(crate) fn step(connection: &Connection) -> Outcome<bool> {
    Ok(clear_copy(connection)? || clear_index(connection)? || fill_index(connection)?)
}

/// The words of messages that are gone.
fn clear_index(connection: &Connection) -> Outcome<bool> {
    let some = "SELECT ordinal FROM search_garbage ORDER BY ordinal LIMIT ?1";
    connection.prepare_cached(&format!("DELETE FROM message_search WHERE rowid IN ({some})"))?.execute([CLEARED])?;
    let cleared =
        connection.prepare_cached(&format!("DELETE FROM search_garbage WHERE ordinal IN ({some})"))?.execute([CLEARED])?;
    Ok(cleared > 0)
}

fn clear_copy(connection: &Connection) -> Outcome<bool> {
    let copy: Option<i64> = connection
        .prepare_cached("SELECT session FROM copies WHERE given_up = 1 LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(session) = copy else { return Ok(false) };
    let some = "SELECT ordinal FROM messages WHERE session = ?1 ORDER BY seq LIMIT ?2";
    connection.prepare_cached(&format!("INSERT INTO search_garbage (ordinal) {some}"))?.execute(params![session, STEP])?;
    let cleared =
        connection.prepare_cached(&format!("DELETE FROM messages WHERE ordinal IN ({some})"))?.execute(params![session, STEP])?;
    if cleared == 0 {
        connection.prepare_cached("DELETE FROM copies WHERE session = ?1")?.execute([session])?;
    }
    Ok(true)
}

/// The newest first: they are what is looked for most.
fn fill_index(connection: &Connection) -> Outcome<bool> {
    let Some(below) = search::backlog(connection)? else { return Ok(false) };
    let mut statement =
        connection.prepare_cached("SELECT ordinal, content FROM messages WHERE ordinal < ?1 ORDER BY ordinal DESC LIMIT ?2")?;
    let mut rows = statement.query(params![below, STEP])?;
    let (mut reached, mut bytes) = (None, 0);
    while bytes < STEP_BYTES
        && let Some(row) = rows.next()?
    {
        let (ordinal, content): (i64, String) = (row.get(0)?, row.get(1)?);
        search::insert(connection, ordinal, &content)?;
        bytes += content.len();
        reached = Some(ordinal);
    }
    match reached {
        Some(ordinal) => connection.prepare_cached("UPDATE search_backlog SET below = ?1")?.execute([ordinal])?,
        None => connection.prepare_cached("DELETE FROM search_backlog")?.execute([])?,
    };
    Ok(reached.is_some())
}
