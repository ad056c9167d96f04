//! What a network does to messages that came in before: edits, deletions, reactions. What still waits is changed; of what was said
//! already, the session's next turn is told.

use crate::accept::{self, NewDelivery, Sorted};
use crate::agent::{AgentStore, session_row};
use crate::codec::{self, parse, text_at, to_json};
use crate::delivered::{self, account};
use crate::deliveries::{DeliveryState, forget_original};
use crate::error::{Outcome, StoreError};
use crate::overheard;
use rusqlite::{Connection, params};
use wingman_message::{DeliveryId, Inbound, InboundKind, Target, remark};

/// What became of an edit, a deletion or a reaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amended {
    /// It came before.
    Repeated,
    /// It is about nothing that is known in the session, or it changes nothing. Nothing was stored.
    Ignored,
    /// What it is about was not read by the agent yet, and is changed.
    Changed,
    /// Its delivery has nothing left to say, and will have no turn.
    Cancelled(DeliveryId),
    /// The session's next turn is told of it.
    Noted,
}

/// A message by its network's id, in a session that is open or has overheard it.
pub(crate) const BY_ID: &str = "SELECT i.id, i.body_json, d.ordinal, d.id, d.state, o.inbox IS NOT NULL, s.created_at IS NOT NULL
     FROM inbox i JOIN deliveries d ON d.ordinal = i.delivery JOIN sessions s ON s.id = d.session
     LEFT JOIN overheard o ON o.inbox = i.id
     WHERE i.inbound = ?1 AND i.channel = ?2 AND i.account = ?3 AND i.scope = ?4 AND s.key = ?5";

/// What an amendment is about.
enum Found {
    /// It waits for its turn.
    Waiting { inbox: i64, body: Inbound, ordinal: i64, delivery: DeliveryId },
    /// It waits to be taken in by a turn.
    Overheard { inbox: i64, body: Inbound },
    /// The agent has read it, or reads it now.
    Read { inbox: i64, body: Option<Inbound> },
    /// The agent said it.
    Answer { text: Option<String> },
}

impl AgentStore {
    /// Takes an edit, a deletion or a reaction: the one message of `new`. Called by the one task that owns the session, so that
    /// nothing begins its turn meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when it names a session that is not this agent's, or holds anything but one amendment.
    pub async fn amend(&self, new: NewDelivery) -> Result<Amended, StoreError> {
        self.check_key(&new.session)?;
        if !matches!(new.messages.as_slice(), [only] if !only.kind.is_message()) {
            return Err(StoreError::Invalid("an amendment is one message that edits, deletes or reacts".to_owned()));
        }
        let now = self.clock.now_ms();
        self.database.write(move |connection| amend(connection, &new, now)).await
    }
}

fn amend(connection: &Connection, new: &NewDelivery, now: i64) -> Outcome<Amended> {
    let Sorted { fresh, .. } = accept::sort_out(connection, new)?;
    let Some((_, amendment)) = fresh.first() else { return Ok(Amended::Repeated) };
    let Some(found) = find(connection, new, amendment)? else { return Ok(Amended::Ignored) };
    let amended = match (amendment.kind, &found) {
        (InboundKind::Edit, Found::Waiting { body, .. } | Found::Overheard { body, .. }) if body.text == amendment.text => {
            return Ok(Amended::Ignored);
        }
        // Networks call it an edit when they add a preview.
        (InboundKind::Edit, Found::Read { body: Some(body), .. }) if body.text == amendment.text => return Ok(Amended::Ignored),
        (InboundKind::Edit, Found::Waiting { inbox, body, .. }) => {
            put_body(connection, *inbox, &edited(body, amendment))?;
            Amended::Changed
        }
        (InboundKind::Edit, Found::Overheard { inbox, body }) if body.kind.is_message() => {
            overheard::replace(connection, *inbox, &edited(body, amendment))?;
            Amended::Changed
        }
        (InboundKind::Deletion, Found::Waiting { inbox, ordinal, delivery, .. }) => {
            retract(connection, *inbox, (*ordinal, *delivery), now)?
        }
        (InboundKind::Deletion, Found::Overheard { inbox, .. }) => {
            connection.prepare_cached("DELETE FROM overheard WHERE inbox = ?1")?.execute([inbox])?;
            forget_body(connection, *inbox)?;
            Amended::Changed
        }
        _ => Amended::Noted,
    };
    let session = session_row(connection, &new.session)?;
    let ordinal = accept::insert_messages(connection, session, new, DeliveryState::Done, &fresh)?;
    if amended == Amended::Noted {
        overheard::keep(connection, session, (ordinal, 0), &note(amendment, &found))?;
        overheard::prune(connection, session)?;
        if let (InboundKind::Edit, Found::Read { inbox, body: Some(body) }) = (amendment.kind, &found) {
            // So that the next edit is held against what it reads now.
            put_body(connection, *inbox, &edited(body, amendment))?;
        }
    } else {
        connection.prepare_cached("UPDATE inbox SET body_json = NULL WHERE delivery = ?1")?.execute([ordinal])?;
    }
    Ok(amended)
}

fn find(connection: &Connection, new: &NewDelivery, amendment: &Inbound) -> Outcome<Option<Found>> {
    let Some(id) = &amendment.reply_to else { return Ok(None) };
    let place = &amendment.place;
    let mut statement = connection.prepare_cached(BY_ID)?;
    let mut rows = statement.query(params![id, place.channel.as_str(), account(place), new.scope, new.session.as_str()])?;
    let Some(row) = rows.next()? else {
        return Ok(delivered::answer(connection, &new.session, place, id)?.map(|text| Found::Answer { text }));
    };
    let (inbox, body) = (row.get(0)?, overheard::body(text_at(row, 1)?)?);
    let state = codec::state(&row.get::<_, String>(4)?)?;
    let (is_overheard, is_open): (bool, bool) = (row.get(5)?, row.get(6)?);
    Ok(match (state, body) {
        (DeliveryState::Pending, Some(body)) => {
            Some(Found::Waiting { inbox, body, ordinal: row.get(2)?, delivery: parse(&row.get::<_, String>(3)?)? })
        }
        // It was taken back before anybody read it.
        (DeliveryState::Pending, None) | (DeliveryState::Cancelled, None) => None,
        (_, Some(body)) if is_overheard => Some(Found::Overheard { inbox, body }),
        (_, body) => is_open.then_some(Found::Read { inbox, body }),
    })
}

/// `body` with the text that it has now.
fn edited(body: &Inbound, amendment: &Inbound) -> Inbound {
    Inbound { text: amendment.text.clone(), ..body.clone() }
}

fn note(amendment: &Inbound, found: &Found) -> String {
    let target = match found {
        Found::Waiting { body, .. } | Found::Overheard { body, .. } => Target { by_agent: false, text: Some(&body.text) },
        Found::Read { body, .. } => Target { by_agent: false, text: body.as_ref().map(|body| body.text.as_str()) },
        Found::Answer { text } => Target { by_agent: true, text: text.as_deref() },
    };
    remark(amendment, target)
}

/// Takes a message out of a delivery that waits; without any other, the delivery is cancelled.
fn retract(connection: &Connection, inbox: i64, (ordinal, delivery): (i64, DeliveryId), now: i64) -> Outcome<Amended> {
    forget_body(connection, inbox)?;
    let has_more =
        connection.prepare_cached("SELECT 1 FROM inbox WHERE delivery = ?1 AND body_json IS NOT NULL")?.exists([ordinal])?;
    if has_more {
        return Ok(Amended::Changed);
    }
    connection
        .prepare_cached("UPDATE deliveries SET state = 'cancelled', finished_at = ?2 WHERE ordinal = ?1")?
        .execute(params![ordinal, now])?;
    forget_original(connection, ordinal)?;
    Ok(Amended::Cancelled(delivery))
}

fn forget_body(connection: &Connection, inbox: i64) -> Outcome<()> {
    connection.prepare_cached("UPDATE inbox SET body_json = NULL WHERE id = ?1")?.execute([inbox])?;
    Ok(())
}

fn put_body(connection: &Connection, inbox: i64, body: &Inbound) -> Outcome<()> {
    connection.prepare_cached("UPDATE inbox SET body_json = ?2 WHERE id = ?1")?.execute(params![inbox, to_json(body)?])?;
    Ok(())
}
