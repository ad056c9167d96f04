//! What comes in through a channel and asks for no turn: words among others, words of bots, edits, deletions, reactions. A session's
//! next turn is shown what it has overheard; what still waits for a turn of its own is changed where it waits.

use crate::Dispatch;
use crate::channel_entrance::{Doorway, is_by_bot};
use crate::error::Refused;
use wingman_message::{Inbound, PeerKind, QueueMode, SessionKey};
use wingman_store::Amended;

/// What came in together, by what it asks for; each in the order in which it came.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Messages that ask for a turn.
    pub(crate) requests: Vec<Inbound>,
    /// Messages that do not.
    pub(crate) overheard: Vec<Inbound>,
    /// Edits, deletions, reactions.
    pub(crate) amendments: Vec<Inbound>,
}

/// Sorts messages by what they ask for.
pub(crate) fn sorted(messages: Vec<Inbound>) -> Heard {
    let mut heard = Heard::default();
    for message in messages {
        let pile = match &message {
            amendment if !amendment.kind.is_message() => &mut heard.amendments,
            request if asks_for_a_turn(request) => &mut heard.requests,
            _ => &mut heard.overheard,
        };
        pile.push(message);
    }
    heard
}

impl Dispatch {
    /// Keeps messages for the session's next turn, where its binding wants that.
    pub(crate) async fn overhear(
        &self,
        doorway: &Doorway,
        session: SessionKey,
        mut messages: Vec<Inbound>,
    ) -> Result<(), Refused> {
        let router = self.registry.roster.router();
        messages.retain(|message| {
            let is_kept = router.route(&message.place).context && !is_empty(message);
            if !is_kept {
                tracing::debug!(channel = %message.place.channel, message = message.id, "a message asks for no answer");
            }
            is_kept
        });
        if messages.is_empty() {
            return Ok(());
        }
        let store = self.store.agent(session.agent()).await?;
        store.overhear(self.channel_delivery(doorway, session, messages, QueueMode::Queue)).await?;
        Ok(())
    }

    /// Takes an edit, a deletion or a reaction.
    pub(crate) async fn amend(&self, doorway: &Doorway, session: SessionKey, amendment: Vec<Inbound>) -> Result<(), Refused> {
        let Some(Inbound { id, kind, reply_to, .. }) = amendment.first().cloned() else { return Ok(()) };
        let new = self.channel_delivery(doorway, session.clone(), amendment, QueueMode::Queue);
        let amended = self.registry.amend(new).await?;
        if amended == Amended::Ignored {
            tracing::debug!(%session, id, ?kind, about = ?reply_to, "it is about nothing that is known here, or changes nothing");
        }
        Ok(())
    }
}

/// Two bots must not talk to each other for ever, and not everything that is said in a room is said to the agent.
fn asks_for_a_turn(message: &Inbound) -> bool {
    let among_others = message.place.peer.as_ref().is_some_and(|peer| peer.kind != PeerKind::Dm);
    !is_by_bot(message) && (message.mentioned || !among_others)
}

/// It tells nobody anything, such as somebody's joining a room.
fn is_empty(message: &Inbound) -> bool {
    message.text.trim().is_empty() && message.attachments.is_empty()
}
