//! A gateway's moving part that can be killed and started again, and clients that ask it things.

use crate::agents::{Settings, agents};
use crate::network::Network;
use crate::script::Script;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tempfile::TempDir;
use wingman_dispatch::{
    Cancelled, ClientRequest, Dispatch, Entrances, Event, Folders, Limits, Refused, RetryPolicy, Submitted, Watch, Webhooks, What,
};
use wingman_message::{
    AgentId, ChannelName, ClientId, DmScope, Message, PluginName, QueueMode, RequestId, Role, SessionKey, SystemClock,
};
use wingman_route::Router;
use wingman_store::{DeliveryRecord, Store};

pub(crate) struct World {
    folder: TempDir,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) network: Arc<Network>,
    pub(crate) script: Arc<Script>,
    pub(crate) breaks: Arc<AtomicBool>,
    pub(crate) store: Store,
    pub(crate) dispatch: Dispatch,
}

pub(crate) fn limits() -> Limits {
    let retry = RetryPolicy {
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(20),
        give_up_after: Duration::from_secs(60),
    };
    Limits { queued_per_session: 10, concurrent_runs: 8, run_seconds: 60, delegate_depth: 3, delegate_runs: 4, retry }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default(), limits()).await
    }

    pub(crate) async fn with(settings: Settings, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::open(folder, settings, limits, Arc::default(), Script::new()).await
    }

    async fn open(folder: TempDir, settings: Settings, limits: Limits, network: Arc<Network>, script: Arc<Script>) -> Self {
        let store = Store::open(folder.path(), Arc::new(SystemClock)).await.unwrap();
        let breaks = Arc::new(AtomicBool::new(false));
        let entrances = Entrances {
            components: Arc::clone(&network) as _,
            client_channel: ChannelName::new("client").unwrap(),
            default_preset: PluginName::new("generic").unwrap(),
            router: Router::new(AgentId::new("main").unwrap(), vec![], DmScope::Main),
        };
        let webhooks = Webhooks::new(vec![], store.gateway());
        let all = agents(&script, &settings, &breaks);
        let folders = Folders::new(vec![folder.path().to_owned()]);
        let dispatch = Dispatch::new(store.clone(), all, entrances, webhooks, folders, Arc::new(SystemClock), limits);
        dispatch.resume().await.unwrap();
        Self { folder, settings, limits, network, script, breaks, store, dispatch }
    }

    /// Another life of the process. What runs is dropped where it stands, as by a kill.
    pub(crate) async fn killed_and_started(self) -> Self {
        self.killed_and_started_to_hang_at(&[]).await
    }

    /// Another life, in which whoever comes by one of `points` stays there.
    pub(crate) async fn killed_and_started_to_hang_at(self, points: &[&str]) -> Self {
        let Self { folder, settings, limits, network, script, store, dispatch, .. } = self;
        dispatch.shut_down(Duration::ZERO).await;
        store.close().await;
        script.forget_places();
        script.hang_at(points);
        Self::open(folder, settings, limits, network, script).await
    }

    pub(crate) async fn submit(&self, client: &str, id: &str, mode: Option<QueueMode>, text: &str) -> Result<Submitted, Refused> {
        let request = ClientRequest {
            client: ClientId::new(client).unwrap(),
            request: RequestId::new(id).unwrap(),
            agent: None,
            session: Some(session()),
            channel: None,
            mode,
            payload: serde_json::json!({ "content": text }).to_string().into(),
        };
        let prepared = self.dispatch.prepare(request).await?;
        self.dispatch.submit(prepared).await
    }

    /// The client `cli` asks; returns how many stand before it.
    pub(crate) async fn asks(&self, id: &str, mode: QueueMode, text: &str) -> usize {
        match self.submit("cli", id, Some(mode), text).await.unwrap() {
            Submitted::Accepted { position } => position,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn in_session(&self, session: &SessionKey, id: &str, text: &str) {
        let request = ClientRequest {
            client: ClientId::new("cli").unwrap(),
            request: RequestId::new(id).unwrap(),
            agent: None,
            session: Some(session.clone()),
            channel: None,
            mode: None,
            payload: serde_json::json!({ "content": text }).to_string().into(),
        };
        let prepared = self.dispatch.prepare(request).await.unwrap();
        self.dispatch.submit(prepared).await.unwrap();
    }

    pub(crate) async fn cancels(&self, client: &str, id: &str) -> Cancelled {
        self.dispatch.cancel(&ClientId::new(client).unwrap(), &RequestId::new(id).unwrap()).await
    }

    pub(crate) async fn record(&self, id: &str) -> DeliveryRecord {
        let agent = self.store.agent(session().agent()).await.unwrap();
        agent.delivery_by_request(&ClientId::new("cli").unwrap(), &RequestId::new(id).unwrap()).await.unwrap().unwrap()
    }

    /// The request, once it has ended, and what was said to it.
    pub(crate) async fn ended(&self, id: &str) -> (DeliveryRecord, String) {
        let mut watch = self.watch().await;
        loop {
            let record = self.record(id).await;
            if record.state.is_finished() {
                let agent = self.store.agent(session().agent()).await.unwrap();
                let answer = match record.answer {
                    Some(answer) => agent.message(answer).await.unwrap(),
                    None => None,
                };
                return (record, answer.map(|answer| answer.content).unwrap_or_default());
            }
            next(&mut watch).await;
        }
    }

    pub(crate) async fn answer_to(&self, id: &str) -> String {
        self.ended(id).await.1
    }

    pub(crate) async fn watch(&self) -> Watch {
        self.dispatch.watch(&session(), None).await.unwrap()
    }

    pub(crate) async fn messages(&self) -> Vec<Message> {
        self.dispatch.messages(&session(), 200, None).await.unwrap().messages
    }

    pub(crate) async fn users_said(&self) -> Vec<String> {
        let users = self.messages().await.into_iter().filter(|message| message.role == Role::User);
        users.map(|message| message.content).collect()
    }
}

pub(crate) fn session() -> SessionKey {
    "agent:main:main".parse().unwrap()
}

pub(crate) async fn next(watch: &mut Watch) -> Arc<Event> {
    tokio::time::timeout(Duration::from_secs(30), watch.next()).await.unwrap().unwrap()
}

/// The next event that `wanted` makes something of.
pub(crate) async fn next_of<T>(watch: &mut Watch, wanted: impl Fn(&Event) -> Option<T>) -> T {
    loop {
        if let Some(found) = wanted(&*next(watch).await) {
            return found;
        }
    }
}

/// The end of the request `id`.
pub(crate) async fn end_of(watch: &mut Watch, id: &str) -> What {
    next_of(watch, |event| {
        let is_its = event.request.as_ref().is_some_and(|request| request.as_str() == id);
        (is_its && event.what.is_final()).then(|| event.what.clone())
    })
    .await
}
