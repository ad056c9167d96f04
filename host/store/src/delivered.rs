//! Replies by the network's ids of the messages that carry them: what somebody reacts to, and what must not be taken for a
//! stranger's words when a network repeats it.

use crate::error::Outcome;
use rusqlite::{Connection, OptionalExtension as _, params};
use wingman_message::{Inbound, Place, SessionKey};

/// How many of them an agent remembers.
const MAX_REMEMBERED: i64 = 10_000;

pub(crate) const IS_OWN: &str = "SELECT 1 FROM delivered WHERE message = ?1 AND channel = ?2 AND account = ?3";
/// The answer in a session that a message carries; its text is null once the session was cleared.
pub(crate) const ANSWER: &str = "SELECT m.content FROM delivered r JOIN deliveries d ON d.ordinal = r.delivery
     LEFT JOIN messages m ON m.id = d.answer
     WHERE r.message = ?1 AND r.channel = ?2 AND r.account = ?3 AND d.session = (SELECT id FROM sessions WHERE key = ?4)";

/// Remembers that the network's messages `ids` carry the reply to `delivery`.
pub(crate) fn remember(connection: &Connection, delivery: i64, place: &Place, ids: &[String]) -> Outcome<()> {
    for id in ids {
        connection
            .prepare_cached("INSERT OR REPLACE INTO delivered (delivery, channel, account, message) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![delivery, place.channel.as_str(), account(place), id])?;
    }
    connection
        .prepare_cached("DELETE FROM delivered WHERE id <= (SELECT max(id) FROM delivered) - ?1")?
        .execute([MAX_REMEMBERED])?;
    Ok(())
}

/// The gateway said it itself.
pub(crate) fn is_own(connection: &Connection, message: &Inbound) -> Outcome<bool> {
    let place = &message.place;
    let found = connection.prepare_cached(IS_OWN)?.exists(params![message.id, place.channel.as_str(), account(place)])?;
    Ok(found)
}

/// What the agent said in the message `id` at `place`, if it is one of its session's; its text, as far as that is kept.
pub(crate) fn answer(connection: &Connection, session: &SessionKey, place: &Place, id: &str) -> Outcome<Option<Option<String>>> {
    let found = connection
        .prepare_cached(ANSWER)?
        .query_row(params![id, place.channel.as_str(), account(place), session.as_str()], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// The account as the inbox writes it.
pub(crate) fn account(place: &Place) -> &str {
    place.account.as_deref().unwrap_or("")
}
