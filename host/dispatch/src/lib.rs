//! What moves: entrances, session tasks, turns, the event hub, delivery.
//!
//! A message that enters is normalised by a component, routed, and stored; only then is its sender told that it was accepted.
//! The session's task runs the agent, step by step, stores the answer, and tells everyone who watches. No wire format, no SQL,
//! no component and no model is known here by name: they come in through the ports of `wingman-message`.

mod aside;
mod channel_entrance;
mod client_entrance;
mod context;
mod copies;
mod courier;
mod dead_letters;
mod delegate;
mod deliver;
mod driver;
mod error;
mod event;
mod fingerprint;
mod folders;
mod growing;
mod hub;
mod parts;
mod questions;
mod queue;
mod registry;
mod requests;
mod retry;
mod roster;
mod search;
mod session;
mod sessions;
mod turn;
mod watch;
mod webhook_entrance;
mod webhooks;

pub use client_entrance::{ClientRequest, Prepared, Submitted};
pub use copies::{MAX_IMPORTED, Piece};
pub use error::Refused;
pub use event::{Event, Rendered, Snapshot, What};
pub use folders::{FileEntry, FolderError, Folders, Listing, MAX_ENTRIES, MAX_FILE};
pub use questions::QuestionReply;
pub use retry::RetryPolicy;
pub use roster::Agents;
pub use search::SearchResults;
pub use session::Cancelled;
pub use sessions::SessionPage;
pub use watch::Watch;
pub use webhook_entrance::{WebhookAccepted, WebhookPost};
pub use webhooks::{Webhook, WebhookChange, WebhookSecret, WebhookSource, Webhooks};
pub use wingman_store::{
    CopiedMessage, CursorError, DeadLetter, DeadLetterKind, MessageCursor, MessagePage, OutboxRow, Outgoing, SearchCursor,
    SearchHit, SessionCursor, SessionExport, SessionRecord, SnippetPart, StoreError, StoredWebhook,
};

use courier::{Couriers, Office};
use hub::Hub;
use registry::Registry;
use roster::Roster;
use session::{Command, Shared};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{Semaphore, broadcast, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wingman_message::{
    AgentId, AgentInfo, ChannelName, ClientId, Clock, Components, PluginName, PluginStatus, RequestId, SessionKey,
};
use wingman_route::Router;
use wingman_store::Store;

/// Bounds of what moves.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Unfinished requests in one session.
    pub queued_per_session: usize,
    /// Runs at once, over all sessions.
    pub concurrent_runs: usize,
    /// How long one run may take, in seconds, not counting what it waits for people and other agents.
    pub run_seconds: u64,
    /// How often a task may be handed on from agent to agent.
    pub delegate_depth: u32,
    /// How many tasks may be handed over for one request, by all runs that come of it together.
    pub delegate_runs: usize,
    /// How replies to chat networks are tried again.
    pub retry: RetryPolicy,
}

/// What messages pass on their way in.
#[derive(Clone)]
pub struct Entrances {
    /// The loaded components.
    pub components: Arc<dyn Components>,
    /// Whose component normalises what clients say.
    pub client_channel: ChannelName,
    /// What normalises a webhook's deliveries where it names no preset.
    pub default_preset: PluginName,
    /// From places to agents, at the start; see [`Dispatch::replace_agents`].
    pub router: Router,
}

/// The moving part of the gateway. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Dispatch {
    store: Store,
    clock: Arc<dyn Clock>,
    limits: Limits,
    entrances: Arc<Entrances>,
    registry: Arc<Registry>,
    webhooks: Arc<Webhooks>,
}

/// Figures since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatchStats {
    /// Turns that ended.
    pub messages_processed: u64,
    /// Sessions that have a task.
    pub active_sessions: usize,
}

impl Dispatch {
    /// A gateway's moving part. Nothing moves before [`Self::resume`]. `folders` are those that sessions may work in.
    #[must_use]
    pub fn new(
        store: Store,
        agents: Agents,
        entrances: Entrances,
        webhooks: Webhooks,
        folders: Folders,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Self {
        let (stop, abort, tasks) = (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let office = Office {
            components: Arc::clone(&entrances.components),
            clock: Arc::clone(&clock),
            retry: limits.retry,
            tasks: tasks.clone(),
            stop: stop.clone(),
            abort: abort.clone(),
        };
        let shared = Shared {
            clock: Arc::clone(&clock),
            limits,
            folders,
            runs: Arc::new(Semaphore::new(limits.concurrent_runs)),
            requests: requests::Requests::default(),
            couriers: Couriers::new(office),
            finished_runs: 0.into(),
            stop,
            abort,
            tasks,
        };
        let hub = Hub::new(store.clone(), Arc::clone(&clock));
        let roster = Roster::new(agents, entrances.router.clone());
        let registry = Registry::new(roster, store.clone(), hub, Arc::new(shared));
        Self { store, clock, limits, entrances: Arc::new(entrances), registry, webhooks: Arc::new(webhooks) }
    }

    /// Takes up what an earlier life of the process accepted and did not finish; returns how many sessions have such work. Called
    /// once, before anything new is let in. Sessions of agents that are no longer configured wait until they are again.
    ///
    /// # Errors
    /// [`Refused::Store`]
    pub async fn resume(&self) -> Result<usize, Refused> {
        let (mut settled, mut resumed) = (0, 0);
        for agent in self.store.agents().await? {
            let store = self.store.agent(&agent).await?;
            settled += deliver::settle(&store).await?;
            for place in store.outbox_places().await? {
                self.registry.shared.couriers.wake(store.clone(), place);
            }
        }
        for agent in self.registry.agents() {
            for session in self.store.agent(&agent.info().id).await?.unfinished_sessions().await? {
                self.registry.task(&session).await?;
                resumed += 1;
            }
        }
        if resumed + settled > 0 {
            tracing::info!(sessions = resumed, settled, "unfinished work was taken up");
        }
        Ok(resumed)
    }

    /// Watches a session, which need not exist yet. With `since`, stored messages of a later number come first.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`]
    pub async fn watch(&self, session: &SessionKey, since: Option<i64>) -> Result<Watch, Refused> {
        self.registry.agent(session.agent())?;
        let store = self.store.agent(session.agent()).await?;
        let feed = self.registry.hub.feed(session).await?;
        Ok(Watch::join(feed, store, since).await?)
    }

    /// New messages, questions and ends of runs in any session.
    #[must_use]
    pub fn notices(&self) -> broadcast::Receiver<Arc<Event>> {
        self.registry.hub.notices()
    }

    /// Stops a client's request, whether it runs or waits.
    pub async fn cancel(&self, client: &ClientId, request: &RequestId) -> Cancelled {
        let Some(session) = self.registry.shared.requests.session_of(client, request) else { return Cancelled::NotFound };
        let Some(task) = self.registry.live_task(&session) else { return Cancelled::NotFound };
        let (reply, outcome) = oneshot::channel();
        let command = Command::Cancel { client: client.clone(), request: request.clone(), reply };
        match task.send(command).await {
            Ok(()) => outcome.await.unwrap_or(Cancelled::NotFound),
            Err(_) => Cancelled::NotFound,
        }
    }

    /// Exchanges the agents, and the way to them. What runs ends with the agent that it began with; the next turn of a session takes
    /// the new one. Those of `keep` that there are and that `agents` lacks stay as they are. Sessions of agents that are new here and
    /// have unfinished work are taken up.
    ///
    /// # Errors
    /// [`Refused::Store`]; the agents are exchanged all the same.
    pub async fn replace_agents(&self, mut agents: Agents, keep: &[AgentId], router: Router) -> Result<(), Refused> {
        for id in keep {
            if let Ok(agent) = self.registry.agent(id) {
                agents.entry(id.clone()).or_insert(agent);
            }
        }
        let known: Vec<AgentId> = self.registry.agents().iter().map(|agent| agent.info().id.clone()).collect();
        let added: Vec<AgentId> = agents.keys().filter(|id| !known.contains(id)).cloned().collect();
        self.registry.roster.replace(agents, router);
        for agent in added {
            for session in self.store.agent(&agent).await?.unfinished_sessions().await? {
                self.registry.task(&session).await?;
            }
        }
        Ok(())
    }

    /// The agent that answers where no binding matches.
    #[must_use]
    pub fn default_agent(&self) -> AgentId {
        self.registry.roster.router().default_agent().clone()
    }

    /// All agents, the default one first, then by id.
    #[must_use]
    pub fn agents(&self) -> Vec<AgentInfo> {
        let mut agents: Vec<AgentInfo> = self.registry.agents().iter().map(|agent| agent.info().clone()).collect();
        agents.sort_by(|a, b| b.is_default.cmp(&a.is_default).then_with(|| a.id.cmp(&b.id)));
        agents
    }

    /// All plugins, by name.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginStatus> {
        self.entrances.components.list()
    }

    /// The webhooks.
    #[must_use]
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// The time, as everything here reads it.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Figures since the start.
    #[must_use]
    pub fn stats(&self) -> DispatchStats {
        DispatchStats {
            messages_processed: self.registry.shared.finished_runs.load(Ordering::Relaxed),
            active_sessions: self.registry.live_count(),
        }
    }

    /// Lets nothing new in, gives what runs `grace` to end, and drops the rest: the next start resumes it.
    pub async fn shut_down(&self, grace: Duration) {
        let shared = &self.registry.shared;
        shared.stop.cancel();
        shared.tasks.close();
        if tokio::time::timeout(grace, shared.tasks.wait()).await.is_err() {
            tracing::info!("runs that did not end within the grace period are resumed at the next start");
            shared.abort.cancel();
            shared.tasks.wait().await;
        }
    }

    /// Runs `work` to its end even if the caller goes away.
    async fn run_to_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Refused>> + Send + 'static,
    ) -> Result<T, Refused> {
        let shared = &self.registry.shared;
        if shared.stop.is_cancelled() {
            return Err(Refused::ShuttingDown);
        }
        shared.tasks.spawn(work).await.unwrap_or(Err(Refused::ShuttingDown))
    }
}
