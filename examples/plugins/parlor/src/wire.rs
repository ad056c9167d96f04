//! The network's words, as far as this channel reads them. Other fields are ignored.

use serde::Deserialize;
use wingman_sdk::{Inbound, InboundKind, Peer, Place, Sender};

/// What the operator sets.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Settings {
    pub(crate) base_url: String,
}

/// What the network posts to the webhook.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Delivery {
    /// Asks whether somebody is there.
    Ping {
        challenge: String,
    },
    Message {
        message: Message,
    },
}

/// The answer of `GET /updates`.
#[derive(Deserialize)]
pub(crate) struct Updates {
    pub(crate) updates: Vec<Message>,
    pub(crate) next: String,
}

/// The answer to a message that was sent.
#[derive(Deserialize)]
pub(crate) struct Posted {
    pub(crate) id: String,
}

/// The answer of `GET /me`.
#[derive(Deserialize)]
pub(crate) struct Me {
    pub(crate) name: String,
}

#[derive(Deserialize)]
pub(crate) struct Message {
    id: String,
    room: Room,
    thread: Option<String>,
    author: Author,
    /// What it does to the message that `reply_to` names, unless it just says something.
    #[serde(default)]
    event: Event,
    /// Of a reaction: the emoji.
    #[serde(default)]
    text: String,
    reply_to: Option<String>,
    /// Milliseconds since the Unix epoch.
    sent_at: Option<u64>,
    #[serde(default)]
    mentions_me: bool,
}

#[derive(Deserialize)]
struct Room {
    id: String,
    kind: RoomKind,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum RoomKind {
    Private,
    Closed,
    Open,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum Event {
    #[default]
    Said,
    Edited,
    Deleted,
    Reacted,
}

#[derive(Deserialize)]
struct Author {
    id: String,
    name: Option<String>,
    #[serde(default)]
    bot: bool,
}

impl Message {
    pub(crate) fn into_inbound(self, account: Option<String>) -> Inbound {
        let is_private = self.room.kind == RoomKind::Private;
        let peer = match self.room.kind {
            RoomKind::Private => Peer::dm(self.room.id),
            RoomKind::Closed => Peer::group(self.room.id),
            RoomKind::Open => Peer::channel(self.room.id),
        };
        let place = Place { account, peer: Some(peer), thread: self.thread, ..Place::default() };
        let sender = Sender { id: self.author.id, name: self.author.name, is_bot: self.author.bot };
        let mut inbound = Inbound::new(self.id, self.text).at(place).from_sender(sender).sent_at(self.sent_at);
        inbound.kind = match self.event {
            Event::Said => InboundKind::Message,
            Event::Edited => InboundKind::Edit,
            Event::Deleted => InboundKind::Deletion,
            Event::Reacted => InboundKind::Reaction,
        };
        inbound.mentioned = is_private || self.mentions_me;
        inbound.reply_to = self.reply_to;
        inbound
    }
}
