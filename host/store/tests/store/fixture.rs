//! What the stories share: a store in a folder of its own, and short ways to write a delivery and its turn.

use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use wingman_message::{
    AccountName, AgentId, ChannelName, ClientId, DeliveryId, Entry, Header, Inbound, InboundKind, ManualClock, Message,
    MessageId, MessageStatus, Origin, Place, RequestId, Role, RunId, SessionKey, SessionSource, WebhookId,
};
use wingman_store::{Accepted, AgentStore, DeliveryState, FinishTurn, NewDelivery, Original, OutboxReply, Store, StoreError};

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) clock: ManualClock,
    pub(crate) store: Store,
    pub(crate) agent: AgentStore,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(1_000);
        let store = Store::open(folder.path().join("state"), Arc::new(clock.clone())).await.unwrap();
        let agent = store.agent(&main_agent()).await.unwrap();
        Self { folder, clock, store, agent }
    }

    pub(crate) async fn reopen(self) -> Self {
        let Self { folder, clock, store, .. } = self;
        store.close().await;
        let store = Store::open(folder.path().join("state"), Arc::new(clock.clone())).await.unwrap();
        let agent = store.agent(&main_agent()).await.unwrap();
        Self { folder, clock, store, agent }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("state/agents/main/agent.db")
    }

    /// A whole turn, from a delivery of one message to its answer.
    pub(crate) async fn turn(&self, session: &SessionKey, inbound: &str) -> DeliveryId {
        let new = delivery(session, &[inbound]);
        let id = new.id;
        assert!(matches!(self.agent.accept(new).await, Ok(Accepted::New { .. })));
        let seq = self.agent.reserve_seq(session, 2).await.unwrap();
        let turn = self.agent.begin_turn(id, run_id(), seq).await.unwrap();
        self.agent.finish_turn(finish(id, turn.run, seq + 1)).await.unwrap();
        id
    }
}

pub(crate) fn main_agent() -> AgentId {
    AgentId::new("main").unwrap()
}

pub(crate) fn session(name: &str) -> SessionKey {
    format!("agent:main:{name}").parse().unwrap()
}

pub(crate) fn run_id() -> RunId {
    RunId::new(1)
}

pub(crate) fn inbound(id: &str) -> Inbound {
    Inbound {
        id: id.to_owned(),
        kind: InboundKind::Message,
        place: Place::of(ChannelName::new("room").unwrap()),
        sender: None,
        text: format!("text of {id}"),
        attachments: Vec::new(),
        mentioned: false,
        reply_to: None,
        sent_at: None,
        facts: Vec::new(),
        context: None,
    }
}

pub(crate) fn original(content_type: &str, body: Vec<u8>) -> Original {
    let headers = vec![Header { name: "x-kind".to_owned(), value: "push".to_owned() }];
    Original { content_type: content_type.to_owned(), headers, body: body.into() }
}

/// Messages of a chat network, at the place of [`inbound`].
pub(crate) fn from_channel(session: &SessionKey, ids: &[&str]) -> NewDelivery {
    let channel = ChannelName::new("room").unwrap();
    let origin = Origin::Channel { account: Some(AccountName::new("sales").unwrap()), channel };
    NewDelivery { origin, scope: "channel:room".to_owned(), source: SessionSource::Channel, ..delivery(session, ids) }
}

/// A webhook's delivery of messages with these ids.
pub(crate) fn delivery(session: &SessionKey, ids: &[&str]) -> NewDelivery {
    NewDelivery {
        id: DeliveryId::new(1),
        scope: "webhook:w".to_owned(),
        session: session.clone(),
        session_name: None,
        source: SessionSource::Webhook,
        origin: Origin::Webhook { webhook: WebhookId::new("w").unwrap() },
        received_at: 1_000,
        fingerprint: [0; 32],
        raw: None,
        messages: ids.iter().map(|id| inbound(id)).collect(),
        max_queued: 100,
        mode: wingman_message::QueueMode::Queue,
    }
}

/// A client's request.
pub(crate) fn request(session: &SessionKey, client: &str, request: &str) -> NewDelivery {
    let origin = Origin::Client { client: ClientId::new(client).unwrap(), request: RequestId::new(request).unwrap() };
    NewDelivery { origin, scope: "client".to_owned(), source: SessionSource::Client, ..delivery(session, &[request]) }
}

pub(crate) fn answer(run: RunId, seq: i64) -> Message {
    Message {
        id: MessageId::new(1),
        role: Role::Assistant,
        content: "an answer".to_owned(),
        created_at: 1_000,
        seq,
        request: None,
        run: Some(run),
        sender: None,
        status: MessageStatus::Complete,
        error: None,
        parts: Vec::new(),
        attachments: Vec::new(),
        untrusted: false,
        overheard: false,
    }
}

pub(crate) fn finish(delivery: DeliveryId, run: RunId, seq: i64) -> FinishTurn {
    FinishTurn {
        delivery,
        run,
        state: DeliveryState::Done,
        final_step: None,
        answer: answer(run, seq),
        reply: Some(OutboxReply { markdown: "an answer".to_owned() }),
    }
}

pub(crate) fn said(text: &str) -> Entry {
    Entry::assistant(text, Vec::new())
}

pub(crate) async fn state_of(agent: &AgentStore, delivery: DeliveryId) -> Result<DeliveryState, StoreError> {
    Ok(agent.delivery(delivery).await?.unwrap().state)
}
