//! Actors: what runs by itself for an account, a socket that is kept or a network that is asked. One task each, which ends with its
//! plugin's version and is started again for the next one. Messages are made durable before anything is acknowledged or forgotten.

mod poll;
mod socket;

use crate::access::Access;
use crate::plugin::{Plugin, Stage};
use crate::services::{HOST_KEYS, HOST_QUOTA};
use crate::shelf::Shelf;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wingman_egress::Injection;
use wingman_message::{AccountName, ChannelName, Inbound, Intake, PluginFailure, PluginName};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Whatever a plugin or its network says: what fails or closes at once must not be hammered.
const LEAST_PAUSE: Duration = Duration::from_millis(100);
/// How long an actor may take to do what its plugin wants done at this moment.
const LAST_CALL: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One WebSocket message; closing is not one.
#[derive(Debug)]
pub(crate) enum SocketFrame {
    Text(String),
    Binary(Bytes),
}

/// What a socket's plugin wants done.
#[derive(Debug)]
pub(crate) enum Action {
    Send(SocketFrame),
    SendSealed { text: String, secrets: Vec<Injection> },
    Emit(Box<Inbound>),
    Checkpoint(String),
    TickAfter(Duration),
    Reconnect(Duration),
    Stop(PluginFailure),
}

/// What came of asking the network.
#[derive(Debug)]
pub(crate) struct Polled {
    pub(crate) messages: Vec<Inbound>,
    pub(crate) cursor: Option<String>,
    pub(crate) wait: Duration,
}

/// All actors. They are started with the first shelf and follow each later one.
pub(crate) struct Actors {
    stage: Arc<Stage>,
    intake: Arc<dyn Intake>,
    // A std mutex: held to look up and replace entries, never across an await. None once all have been ended: no later shelf
    // starts any again.
    running: Mutex<Option<BTreeMap<Key, Running>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    plugin: PluginName,
    account: Option<AccountName>,
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Socket,
    Poll,
}

struct Running {
    plugin: Arc<Plugin>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    standing: Standing,
}

/// How an actor stands, in words for the operator.
#[derive(Clone)]
pub(crate) struct Standing(Arc<Mutex<String>>);

impl Standing {
    pub(crate) fn say(&self, words: impl Into<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words.into();
    }

    fn words(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What one actor works with.
pub(crate) struct Actor {
    pub(crate) stage: Arc<Stage>,
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) access: Arc<Access>,
    pub(crate) channel: ChannelName,
    pub(crate) standing: Standing,
}

impl Actors {
    pub(crate) fn new(stage: Arc<Stage>, intake: Arc<dyn Intake>) -> Self {
        Self { stage, intake, running: Mutex::new(Some(BTreeMap::new())) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<BTreeMap<Key, Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts what the shelf asks for, ends what it no longer asks for, and replaces what runs another version. Whoever waits for a
    /// plugin is told.
    pub(crate) fn follow(&self, shelf: &Shelf) {
        let mut wanted: BTreeMap<Key, (Arc<Plugin>, ChannelName)> = BTreeMap::new();
        for (channel, name) in &shelf.channels {
            let Some(plugin) = shelf.plugin(name) else { continue };
            let skills = plugin.entry.skills();
            for (account, access) in plugin.accounts.iter().filter(|(_, access)| access.broken.is_none()) {
                let ways = [(skills.socket, Way::Socket), (skills.poll, Way::Poll)];
                for (_, way) in ways.into_iter().filter(|(has, _)| *has) {
                    let key = Key { plugin: access.scope.plugin.clone(), account: account.clone(), way };
                    wanted.insert(key, (Arc::clone(plugin), channel.clone()));
                }
            }
        }
        let mut running = self.lock();
        let Some(running) = &mut *running else { return };
        running.retain(|key, actor| {
            let goes_on = wanted.contains_key(key);
            if !goes_on {
                actor.stop.cancel();
            }
            goes_on
        });
        for (key, (plugin, channel)) in wanted {
            if running.get(&key).is_some_and(|actor| Arc::ptr_eq(&actor.plugin, &plugin) && !actor.task.is_finished()) {
                continue;
            }
            let before = running.remove(&key);
            if let Some(actor) = self.start(&key, plugin, channel, before) {
                running.insert(key, actor);
            }
        }
        self.intake.renewed();
    }

    /// Starts an actor, once the one before has ended: two at once would be two connections of one account.
    fn start(&self, key: &Key, plugin: Arc<Plugin>, channel: ChannelName, before: Option<Running>) -> Option<Running> {
        let access = Arc::clone(plugin.accounts.get(&key.account)?);
        let standing = Standing(Arc::new(Mutex::new("starting".to_owned())));
        let stop = CancellationToken::new();
        let actor = Actor {
            stage: Arc::clone(&self.stage),
            intake: Arc::clone(&self.intake),
            plugin: Arc::clone(&plugin),
            access,
            channel,
            standing: standing.clone(),
        };
        let (way, token) = (key.way, stop.clone());
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                before.end().await;
            }
            match way {
                Way::Socket => socket::run(&actor, &token).await,
                Way::Poll => poll::run(&actor, &token).await,
            }
        });
        Some(Running { plugin, stop, task, standing })
    }

    /// How the plugin's actors are, for the operator.
    pub(crate) fn notes(&self, plugin: &str) -> Vec<String> {
        let running = self.lock();
        let own = running.iter().flatten().filter(|(key, _)| key.plugin.as_str() == plugin);
        own.map(|(key, actor)| {
            let account = key.account.as_ref().map(|name| format!(" of account `{name}`")).unwrap_or_default();
            let way = if key.way == Way::Socket { "socket" } else { "polling" };
            let words = if actor.task.is_finished() {
                "ended; a change of the plugin starts it again".to_owned()
            } else {
                actor.standing.words()
            };
            format!("{way}{account}: {words}")
        })
        .collect()
    }

    /// Ends all of them and waits until they have.
    pub(crate) async fn stop(&self) {
        let running = self.lock().take().unwrap_or_default();
        for actor in running.values() {
            actor.stop.cancel();
        }
        for (_, actor) in running {
            actor.end().await;
        }
    }
}

impl Running {
    /// Ends it, and waits until it has: at its next pause, or where it stands if that takes too long.
    async fn end(mut self) {
        self.stop.cancel();
        // A panic in it was its own, and is in the log.
        if tokio::time::timeout(LAST_CALL, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Actor {
    /// What was stored under the host's own key, as text.
    pub(crate) async fn stored(&self, key: &str) -> Result<Option<String>, PluginFailure> {
        let found = self.stage.sandbox.services.store.get(&self.access.scope, &format!("{HOST_KEYS}{key}")).await;
        let found = found.map_err(|error| PluginFailure::Temporary(error.to_string()))?;
        Ok(found.and_then(|bytes| String::from_utf8(bytes.into()).ok()))
    }

    /// Stores it; the messages that it stands for are durable already.
    pub(crate) async fn remember(&self, key: &str, value: String) -> Result<(), PluginFailure> {
        let services = &self.stage.sandbox.services;
        let set = services.store.set(&self.access.scope, &format!("{HOST_KEYS}{key}"), value.into(), HOST_QUOTA).await;
        set.map_err(|error| PluginFailure::Temporary(error.to_string()))
    }

    /// Makes messages durable.
    pub(crate) async fn take(&self, messages: Vec<Inbound>) -> Result<(), PluginFailure> {
        if messages.is_empty() {
            return Ok(());
        }
        let taken = self.intake.take(&self.channel, self.access.scope.account.as_ref(), messages).await;
        taken.map_err(|error| PluginFailure::Temporary(error.to_string()))
    }
}

/// The pauses between attempts: twice as long each time, until one goes well.
pub(crate) struct Pauses(Duration);

impl Pauses {
    pub(crate) fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    pub(crate) fn reset(&mut self) {
        self.0 = FIRST_PAUSE;
    }

    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        let next = self.0;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
        next
    }

    /// The pause that a failure asks for, or the next one.
    pub(crate) fn after(&mut self, failure: &PluginFailure) -> Duration {
        let next = self.next();
        match failure {
            PluginFailure::RateLimited { retry_after_ms } => Duration::from_millis(*retry_after_ms).max(LEAST_PAUSE),
            _ => next,
        }
    }
}

/// Whether trying again is of no use until the operator does something.
pub(crate) fn is_final(failure: &PluginFailure) -> bool {
    matches!(failure, PluginFailure::Unauthorized(_) | PluginFailure::Permanent(_) | PluginFailure::Unsupported(_))
}
