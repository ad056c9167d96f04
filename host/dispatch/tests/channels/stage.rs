//! A gateway's moving part between a network in memory and an agent that says what it is given to say.

use crate::network::Network;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::sync::mpsc;
use wingman_dispatch::{Dispatch, Entrances, Folders, Limits, RetryPolicy, StoredWebhook, Webhooks};
use wingman_message::{
    AgentId, AgentInfo, AgentRuntime, ChannelName, Entry, Inbound, InboundKind, ModelError, ModelInfo, Next, Peer, PeerKind,
    Place, PluginName, Progress, QueueMode, RunContext, RunError, Sender, SessionKey, Step, StopReason, SystemClock, Usage,
    WebhookId,
};
use wingman_route::Router;
use wingman_store::Store;

/// Lines that a story may write ahead.
const MAX_LINES: usize = 1_000;

/// What the agent does next.
pub(crate) enum Line {
    Says(&'static str),
    Fails(&'static str),
    Ends,
}

/// An agent whose words come from the test, one line after the other.
struct Actor {
    info: AgentInfo,
    lines: Mutex<mpsc::Receiver<Line>>,
}

#[async_trait]
impl AgentRuntime for Actor {
    fn info(&self) -> &AgentInfo {
        &self.info
    }

    fn next(&self, _: &[Entry]) -> Next {
        Next::Model
    }

    async fn step(&self, context: &RunContext, _: &[Entry], _: &[Entry]) -> Result<Step, RunError> {
        let mut lines = self.lines.lock().await;
        let mut text = String::new();
        loop {
            match lines.recv().await {
                Some(Line::Says(words)) => {
                    text.push_str(words);
                    context.emit.send(Progress::Text(words.to_owned()));
                }
                Some(Line::Fails(why)) => return Err(ModelError::Unavailable(why.to_owned()).into()),
                Some(Line::Ends) => {
                    let entry = Entry::assistant(text, vec![]);
                    return Ok(Step { entry, usage: Usage::default(), model: None, finished: Some(StopReason::EndTurn) });
                }
                None => std::future::pending().await,
            }
        }
    }
}

pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) network: Arc<Network>,
    pub(crate) store: Store,
    pub(crate) dispatch: Dispatch,
    lines: mpsc::Sender<Line>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap(), Arc::default()).await
    }

    /// A stage that tries nothing again by itself for an hour.
    pub(crate) async fn patient() -> Self {
        let pause = Duration::from_secs(3600);
        let retry = RetryPolicy { first_pause: pause, longest_pause: pause, give_up_after: pause * 24 };
        Self::open_with(tempfile::tempdir().unwrap(), Arc::default(), retry).await
    }

    async fn open(folder: TempDir, network: Arc<Network>) -> Self {
        let retry = RetryPolicy {
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(20),
            give_up_after: Duration::from_secs(60),
        };
        Self::open_with(folder, network, retry).await
    }

    async fn open_with(folder: TempDir, network: Arc<Network>, retry: RetryPolicy) -> Self {
        let store = Store::open(folder.path(), Arc::new(SystemClock)).await.unwrap();
        let (lines, spoken) = mpsc::channel(MAX_LINES);
        let id = AgentId::new("main").unwrap();
        let model = ModelInfo { name: "actor:one".into(), demo: false };
        let info = AgentInfo {
            id: id.clone(),
            name: "Main".into(),
            description: None,
            enabled: true,
            is_default: true,
            model,
            tools: vec![],
            outputs: folder.path().join("outputs/main").into(),
            queue_mode: QueueMode::Queue,
        };
        let agent: Arc<dyn AgentRuntime> = Arc::new(Actor { info, lines: Mutex::new(spoken) });
        let entrances = Entrances {
            components: Arc::clone(&network) as _,
            client_channel: ChannelName::new("client").unwrap(),
            default_preset: PluginName::new("generic").unwrap(),
            router: Router::new(id.clone(), vec![], wingman_message::DmScope::Main),
        };
        let limits =
            Limits { queued_per_session: 10, concurrent_runs: 8, run_seconds: 60, delegate_depth: 3, delegate_runs: 16, retry };
        let webhooks = Webhooks::new(vec![webhook("plain", None), webhook("signed", Some("signed"))], store.gateway());
        let agents = HashMap::from([(id, agent)]);
        let folders = Folders::new(vec![folder.path().join("root")]);
        let dispatch = Dispatch::new(store.clone(), agents, entrances, webhooks, folders, Arc::new(SystemClock), limits);
        dispatch.resume().await.unwrap();
        Self { folder, network, store, dispatch, lines }
    }

    /// Another life of the process. What runs or is being sent is dropped where it stands, as by a kill.
    pub(crate) async fn killed_and_started(self) -> Self {
        let Self { folder, network, store, dispatch, .. } = self;
        dispatch.shut_down(Duration::ZERO).await;
        store.close().await;
        Self::open(folder, network).await
    }

    /// A path below the stage's own folder, where `root` is the one folder that sessions may work in.
    pub(crate) fn path(&self, below: &str) -> std::path::PathBuf {
        self.folder.path().canonicalize().unwrap().join(below)
    }

    pub(crate) async fn hears(&self, messages: Vec<Inbound>) {
        self.dispatch.channel(&parlor(), None, messages).await.unwrap();
    }

    pub(crate) fn speaks(&self, lines: impl IntoIterator<Item = Line>) {
        for line in lines {
            self.lines.try_send(line).unwrap();
        }
    }

    /// A message is heard and answered.
    pub(crate) async fn exchange(&self, message: Inbound, answer: &'static str) {
        self.hears(vec![message]).await;
        self.speaks([Line::Says(answer), Line::Ends]);
    }

    pub(crate) async fn undelivered(&self, place: &Place) -> bool {
        let agent = self.store.agent(&AgentId::new("main").unwrap()).await.unwrap();
        agent.outbox_next(place).await.unwrap().is_some()
    }

    /// The next reply to `place` was tried, and failed so.
    pub(crate) async fn failed_with(&self, place: &Place, why: &str) -> bool {
        let agent = self.store.agent(&AgentId::new("main").unwrap()).await.unwrap();
        let error = agent.outbox_next(place).await.unwrap().and_then(|row| row.last_error);
        error.is_some_and(|error| error.contains(why))
    }

    pub(crate) async fn users_said(&self, session: &str) -> Vec<String> {
        let key: SessionKey = session.parse().unwrap();
        let page = self.dispatch.messages(&key, 100, None).await.unwrap();
        let users = page.messages.into_iter().filter(|message| message.role == wingman_message::Role::User);
        users.map(|message| message.content).collect()
    }
}

fn webhook(id: &str, preset: Option<&str>) -> StoredWebhook {
    StoredWebhook {
        id: WebhookId::new(id).unwrap(),
        name: id.to_owned(),
        agent: AgentId::new("main").unwrap(),
        secret_hash: [0; 32],
        secret: Some("signed with this".into()),
        enabled: true,
        preset: preset.map(|preset| PluginName::new(preset).unwrap()),
        session: None,
        event_label: None,
        allowed_ips: vec![],
        created_at: 0,
    }
}

pub(crate) fn parlor() -> ChannelName {
    ChannelName::new("parlor").unwrap()
}

pub(crate) fn dm(person: &str) -> Place {
    Place { peer: Some(Peer { kind: PeerKind::Dm, id: person.to_owned() }), ..Place::of(parlor()) }
}

pub(crate) fn room(id: &str) -> Place {
    Place { peer: Some(Peer { kind: PeerKind::Group, id: id.to_owned() }), ..Place::of(parlor()) }
}

pub(crate) fn said(place: Place, id: &str, text: &str) -> Inbound {
    Inbound {
        id: id.to_owned(),
        kind: InboundKind::Message,
        place,
        sender: Some(Sender { id: "u-1".into(), name: Some("Ada".into()), is_bot: false }),
        text: text.to_owned(),
        attachments: vec![],
        mentioned: false,
        reply_to: None,
        sent_at: None,
        facts: vec![],
        context: Some(format!("context of {id}")),
    }
}
