//! What came in through a channel and asks for no turn: kept, in words and within bounds, until the session's next turn takes it in.

use crate::accept::{self, Accepted, NewDelivery, Sorted};
use crate::agent::{AgentStore, session_row};
use crate::codec::{from_json, to_json};
use crate::delivered;
use crate::deliveries::DeliveryState;
use crate::error::{Outcome, StoreError};
use crate::messages::{self, Belongs, NewMessage};
use rusqlite::{Connection, params};
use wingman_message::{Inbound, Message, MessageId, MessageStatus, Role, RunId, Target, remark};

/// How many remarks a session keeps for its next turn, and how many bytes they have together. The oldest are dropped.
const MAX_REMARKS: i64 = 50;
const MAX_BYTES: i64 = 16 * 1024;

/// Those of a session that are over one of the bounds, counted from the newest.
macro_rules! over_the_bounds {
    () => {
        "(SELECT inbox FROM (
             SELECT inbox, row_number() OVER newest_first AS number,
                    sum(length(CAST(remark AS BLOB))) OVER newest_first AS bytes
             FROM overheard WHERE session = ?1 WINDOW newest_first AS (ORDER BY inbox DESC))
         WHERE number > ?2 OR bytes > ?3)"
    };
}

pub(crate) const OF_SESSION: &str = "SELECT remark FROM overheard WHERE session = ?1 ORDER BY inbox";
/// What was said is not kept twice; that it came stays known.
pub(crate) const FORGET_BODIES: &str =
    "UPDATE inbox SET body_json = NULL WHERE id IN (SELECT inbox FROM overheard WHERE session = ?1)";
pub(crate) const FORGET: &str = "DELETE FROM overheard WHERE session = ?1";

impl AgentStore {
    /// Keeps messages that ask for no turn, for the session's next one; repeats, and what the gateway itself has said there, are left
    /// out. The session is not opened by them. Each session keeps the newest 50, and 16 KiB of them.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when it names a session that is not this agent's.
    pub async fn overhear(&self, mut new: NewDelivery) -> Result<Accepted, StoreError> {
        self.check_key(&new.session)?;
        self.database
            .write(move |connection| {
                let all = std::mem::take(&mut new.messages);
                for message in all {
                    if !delivered::is_own(connection, &message)? {
                        new.messages.push(message);
                    }
                }
                overhear(connection, &new)
            })
            .await
    }
}

fn overhear(connection: &Connection, new: &NewDelivery) -> Outcome<Accepted> {
    let Sorted { fresh, known } = accept::sort_out(connection, new)?;
    if let (true, Some(first)) = (fresh.is_empty(), known) {
        return accept::duplicate(connection, first, &new.fingerprint);
    }
    let session = session_row(connection, &new.session)?;
    let ordinal = accept::insert_messages(connection, session, new, DeliveryState::Done, &fresh)?;
    let nothing = Target { by_agent: false, text: None };
    for (position, message) in &fresh {
        keep(connection, session, (ordinal, *position), &remark(message, nothing))?;
    }
    prune(connection, session)?;
    Ok(Accepted::New { delivery: new.id, session: new.session.clone(), ordinal, messages: 0 })
}

/// Keeps a remark about what stands at a place of the inbox: a delivery, and a position in it.
pub(crate) fn keep(connection: &Connection, session: i64, (ordinal, position): (i64, usize), remark: &str) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO overheard (inbox, session, remark) SELECT id, ?1, ?4 FROM inbox WHERE delivery = ?2 AND position = ?3",
        )?
        .execute(params![session, ordinal, crate::codec::limit(position), remark])?;
    Ok(())
}

/// Drops what is over the bounds.
pub(crate) fn prune(connection: &Connection, session: i64) -> Outcome<()> {
    for statement in [
        concat!("UPDATE inbox SET body_json = NULL WHERE id IN ", over_the_bounds!()),
        concat!("DELETE FROM overheard WHERE inbox IN ", over_the_bounds!()),
    ] {
        connection.prepare_cached(statement)?.execute(params![session, MAX_REMARKS, MAX_BYTES])?;
    }
    Ok(())
}

/// Puts another text in the place of an overheard message's.
pub(crate) fn replace(connection: &Connection, inbox: i64, message: &Inbound) -> Outcome<()> {
    let remark = remark(message, Target { by_agent: false, text: None });
    connection.prepare_cached("UPDATE overheard SET remark = ?2 WHERE inbox = ?1")?.execute(params![inbox, remark])?;
    connection.prepare_cached("UPDATE inbox SET body_json = ?2 WHERE id = ?1")?.execute(params![inbox, to_json(message)?])?;
    Ok(())
}

/// Takes out what a session has overheard, the oldest first, for the turn that begins.
fn take(connection: &Connection, session: i64) -> Outcome<Vec<String>> {
    let remarks = connection
        .prepare_cached(OF_SESSION)?
        .query_map([session], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    if !remarks.is_empty() {
        connection.prepare_cached(FORGET_BODIES)?.execute([session])?;
        connection.prepare_cached(FORGET)?.execute([session])?;
    }
    Ok(remarks)
}

/// Stores what a session has overheard as the message that comes before those of the turn that takes it in.
pub(crate) fn store(
    connection: &Connection,
    (session, ordinal): (i64, i64),
    run: RunId,
    seq: i64,
    now: i64,
) -> Outcome<Option<Message>> {
    let remarks = take(connection, session)?;
    if remarks.is_empty() {
        return Ok(None);
    }
    let message = Message {
        id: MessageId::new(now),
        role: Role::User,
        content: wingman_message::overheard(&remarks),
        created_at: now,
        seq,
        request: None,
        run: Some(run),
        sender: None,
        status: MessageStatus::Complete,
        error: None,
        parts: Vec::new(),
        attachments: Vec::new(),
        untrusted: true,
        overheard: true,
    };
    messages::insert(connection, &NewMessage { session, belongs: Belongs::Delivery(ordinal), message: &message })?;
    messages::count(connection, session, std::slice::from_ref(&message), now)?;
    Ok(Some(message))
}

/// The message as it came, while that is kept.
pub(crate) fn body(json: Option<&str>) -> Outcome<Option<Inbound>> {
    json.map(from_json).transpose()
}
