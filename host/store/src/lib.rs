//! The durable state of the gateway: what is accepted, said, done and still to be delivered. The only crate that names SQL.
//!
//! [`Store`] is the state folder. [`AgentStore`] is one agent's database (inbox, sessions, messages, journal, outbox) and
//! [`GatewayStore`] that of the gateway as a whole (webhooks, settings, what plugins keep). Nothing here runs, routes or sends anything, reads the
//! time by itself or makes a delivery's or a run's id.
//!
//! One thread writes to each database, and many waiting writers share one fsync; a few connections read beside it. A call that
//! returned a value is durable, whatever is killed next. A call whose future was dropped has done all of its work or none.

mod accept;
mod agent;
mod amend;
mod blobs;
mod codec;
mod copies;
mod cursor;
mod database;
mod dead_letters;
mod delegations;
mod delivered;
mod deliveries;
mod error;
mod export;
mod gateway;
mod lock;
mod messages;
mod outbox;
mod overheard;
#[cfg(test)]
mod plans;
mod plugin_state;
mod questions;
mod readers;
mod schema;
mod search;
mod sessions;
mod store;
mod summaries;
mod turn;
mod upkeep;
mod webhooks;
mod words;
mod writer;
#[cfg(test)]
mod writer_tests;

pub use accept::{Accepted, MAX_MESSAGES_PER_DELIVERY, NewDelivery, Original};
pub use agent::AgentStore;
pub use amend::Amended;
pub use copies::{CopiedMessage, NewCopy, SessionCopy};
pub use cursor::{CursorError, MessageCursor, SearchCursor, SessionCursor};
pub use dead_letters::{DeadLetter, DeadLetterKind, Revived};
pub use deliveries::{DeliveryRecord, DeliveryState, Unfinished};
pub use error::StoreError;
pub use export::SessionExport;
pub use gateway::GatewayStore;
pub use messages::MessagePage;
pub use outbox::{OutboxId, OutboxRow, Outgoing, ReplyTarget};
pub use questions::{Asked, QuestionTarget};
pub use search::{SearchHit, SearchPage};
pub use sessions::{NewSession, SessionRecord};
pub use store::Store;
pub use summaries::{MAX_HISTORY_BYTES, StoredSummary};
pub use turn::{FinishTurn, OutboxReply, Turn};
pub use webhooks::StoredWebhook;
pub use words::SnippetPart;
