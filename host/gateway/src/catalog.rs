//! The one who keeps the configuration in force: takes it again when its file or an agent's own changes, and changes agents' files on
//! behalf of the API. One task owns it, so that a change by hand and one by the API never meet.

mod draft;

use crate::{compose, operator, settings, translate};
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use draft::{entry, record};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wingman_config::{AgentEntry, AgentFolder, Config, Overrides, WriteError};
use wingman_dispatch::Dispatch;
use wingman_mcp::McpServers;
use wingman_message::{AgentCatalog, AgentDraft, AgentId, AgentRecord, CatalogError, Clock, ReloadFailure};
use wingman_plugin::PluginHost;

/// How many requests may wait for the task; more wait at their callers.
const MAILBOX: usize = 16;
/// How often the agents' own files are looked at. Their folders hold databases, too, which change all the time: watching those folders
/// would cost more than looking.
const LOOK: Duration = Duration::from_secs(2);

/// The way to the task. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Catalog {
    commands: mpsc::Sender<Command>,
    failure: watch::Receiver<Option<ReloadFailure>>,
    changed: Arc<Notify>,
    stop: CancellationToken,
}

/// What the task is asked.
enum Command {
    Read(AgentId, oneshot::Sender<Result<AgentRecord, CatalogError>>),
    Create(AgentId, AgentDraft, oneshot::Sender<Result<AgentRecord, CatalogError>>),
    Replace(AgentId, AgentDraft, oneshot::Sender<Result<AgentRecord, CatalogError>>),
    Delete(AgentId, oneshot::Sender<Result<(), CatalogError>>),
    Stop(oneshot::Sender<()>),
}

/// What tells a change of any agent's file.
type Fingerprint = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// The task.
struct Keeper {
    config: Config,
    overrides: Overrides,
    moving: Moving,
    seen: Fingerprint,
    failure: watch::Sender<Option<ReloadFailure>>,
}

/// What a configuration is put in force in.
pub(crate) struct Moving {
    pub(crate) dispatch: Dispatch,
    pub(crate) plugins: PluginHost,
    pub(crate) mcp: McpServers,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Catalog {
    /// Starts the task. `config` is in force.
    pub(crate) fn start(config: Config, overrides: Overrides, moving: Moving) -> Self {
        let (commands, mailbox) = mpsc::channel(MAILBOX);
        let at = moving.clock.now_ms();
        let broken: Vec<String> = config.agents.broken.iter().map(ToString::to_string).collect();
        let failed = (!broken.is_empty()).then(|| ReloadFailure { at, message: broken.join("\n") });
        let (failure, known_failure) = watch::channel(failed);
        let (changed, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let seen = folder(&config).fingerprint();
        let keeper = Keeper { config, overrides, moving, seen, failure };
        let task: JoinHandle<()> = tokio::spawn(keeper.run(mailbox, Arc::clone(&changed), stop.clone()));
        drop(task);
        Self { commands, failure: known_failure, changed, stop }
    }

    /// To be notified when the configuration's file has changed.
    pub(crate) fn changed(&self) -> Arc<Notify> {
        Arc::clone(&self.changed)
    }

    /// Ends the task, after what it is about to do.
    pub(crate) async fn stop(&self) {
        let (reply, stopped) = oneshot::channel();
        if self.commands.send(Command::Stop(reply)).await.is_ok() {
            // An error means that the task has ended, which is what was wanted.
            let _ = stopped.await;
        }
        self.stop.cancel();
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<Result<T, CatalogError>>) -> Command) -> Result<T, CatalogError> {
        let gone = || CatalogError::Failed("the gateway is shutting down".into());
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Catalog")
    }
}

#[async_trait]
impl AgentCatalog for Catalog {
    async fn read(&self, id: &AgentId) -> Result<AgentRecord, CatalogError> {
        self.ask(|reply| Command::Read(id.clone(), reply)).await
    }

    async fn create(&self, id: &AgentId, draft: AgentDraft) -> Result<AgentRecord, CatalogError> {
        self.ask(|reply| Command::Create(id.clone(), draft, reply)).await
    }

    async fn replace(&self, id: &AgentId, draft: AgentDraft) -> Result<AgentRecord, CatalogError> {
        self.ask(|reply| Command::Replace(id.clone(), draft, reply)).await
    }

    async fn delete(&self, id: &AgentId) -> Result<(), CatalogError> {
        self.ask(|reply| Command::Delete(id.clone(), reply)).await
    }

    fn failure(&self) -> Option<ReloadFailure> {
        self.failure.borrow().clone()
    }
}

impl Keeper {
    async fn run(mut self, mut mailbox: mpsc::Receiver<Command>, changed: Arc<Notify>, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = changed.notified() => self.take_logged(true).await,
                _ = look.tick() => {
                    let folder = folder(&self.config);
                    let now = tokio::task::spawn_blocking(move || folder.fingerprint()).await.unwrap_or_default();
                    if now != self.seen {
                        self.seen = now;
                        self.take_logged(false).await;
                    }
                }
                command = mailbox.recv() => match command {
                    Some(Command::Read(id, reply)) => drop(reply.send(self.read(&id))),
                    Some(Command::Create(id, draft, reply)) => drop(reply.send(self.create(&id, draft).await)),
                    Some(Command::Replace(id, draft, reply)) => drop(reply.send(self.replace(&id, draft).await)),
                    Some(Command::Delete(id, reply)) => drop(reply.send(self.delete(&id).await)),
                    Some(Command::Stop(reply)) => {
                        let _ = reply.send(());
                        return;
                    }
                    None => return,
                },
            }
        }
    }

    /// Takes what is written, by hand, and says what came of it.
    async fn take_logged(&mut self, with_plugins: bool) {
        match self.take(with_plugins).await {
            Ok(broken) if broken.is_empty() => tracing::info!("the changed configuration is taken"),
            Ok(broken) => {
                tracing::error!(%broken, "the changed configuration is taken, but for agents whose files have mistakes")
            }
            Err(error) => {
                let message = format!("{error:#}");
                tracing::error!(error = message, "the changed configuration is not taken; the one before stays");
                self.failed(message);
            }
        }
    }

    /// Reads all that is written, and puts it in force. An agent whose own file has mistakes stays as it is; returns those mistakes.
    async fn take(&mut self, with_plugins: bool) -> Result<String> {
        let (path, overrides) = (self.config.file.clone(), self.overrides.clone());
        let config = tokio::task::spawn_blocking(move || settings::load(Some(&path), &overrides)).await??;
        if config.gateway.state_dir != self.config.gateway.state_dir {
            bail!("`gateway.stateDir` has changed, which takes a restart: `wingman gateway restart`");
        }
        let Moving { dispatch, plugins, mcp, clock } = &self.moving;
        let compose::Built { agents, broken } = compose::agents(&config, plugins, mcp, clock)?;
        let router = translate::router(&config)?;
        if with_plugins {
            plugins.reconfigure(operator::read(&config).await?).await?;
        }
        let keep: Vec<AgentId> = broken.iter().filter_map(|broken| AgentId::new(broken.id.as_str()).ok()).collect();
        dispatch
            .replace_agents(agents, &keep, router)
            .await
            .context("the agents are taken, but unfinished work of theirs is not")?;
        self.config = config;
        let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
        let broken = broken.join("\n");
        if broken.is_empty() {
            self.failure.send_replace(None);
        } else {
            self.failed(broken.clone());
        }
        Ok(broken)
    }

    fn failed(&self, message: String) {
        let at = self.moving.clock.now_ms();
        self.failure.send_replace(Some(ReloadFailure { at, message }));
    }

    fn read(&self, id: &AgentId) -> Result<AgentRecord, CatalogError> {
        record(&self.config, id).ok_or_else(|| CatalogError::Unknown(id.clone()))
    }

    async fn create(&mut self, id: &AgentId, draft: AgentDraft) -> Result<AgentRecord, CatalogError> {
        let agents = &self.config.agents;
        let is_it = |other: &wingman_config::AgentId| other.as_str().eq_ignore_ascii_case(id.as_str());
        let listed = agents.list.iter().filter(|_| !agents.implied).map(|agent| &agent.id);
        if listed.chain(agents.broken.iter().map(|broken| &broken.id)).any(is_it) {
            return Err(CatalogError::Exists(id.clone()));
        }
        self.write(&entry(id, draft, None)?, None).await?;
        self.read(id)
    }

    async fn replace(&mut self, id: &AgentId, draft: AgentDraft) -> Result<AgentRecord, CatalogError> {
        if self.config.agents.implied && self.config.agents.get(id.as_str()).is_some() {
            return self.create(id, draft).await;
        }
        let Own { entry: before, text } = self.own(id)?;
        self.write(&entry(id, draft, Some(&before))?, Some(text)).await?;
        self.read(id)
    }

    async fn delete(&mut self, id: &AgentId) -> Result<(), CatalogError> {
        let Own { entry, text } = self.own(id)?;
        let folder = folder(&self.config);
        folder.remove(&entry.id).map_err(|error| CatalogError::Failed(written(&error)))?;
        let outcome = self.take(false).await;
        self.seen = folder.fingerprint();
        if let Err(error) = outcome {
            // Something names the agent, such as a binding: without it, the configuration would be refused at the next start.
            self.undo(&entry.id, Some(&text)).await;
            return Err(CatalogError::Needed(format!("the agent `{id}` is still needed: {error:#}")));
        }
        Ok(())
    }

    /// What an agent's own file says.
    fn own(&self, id: &AgentId) -> Result<Own, CatalogError> {
        let agents = &self.config.agents;
        match agents.get(id.as_str()) {
            None if !agents.broken.iter().any(|broken| broken.id.as_str() == id.as_str()) => {
                return Err(CatalogError::Unknown(id.clone()));
            }
            Some(agent) if agent.file.is_none() => return Err(CatalogError::ReadOnly(id.clone())),
            _ => {}
        }
        let (folder, own) = (folder(&self.config), draft::config_id(id)?);
        let mend = |why: String| CatalogError::Needed(format!("mend the agent's file by hand first: {why}"));
        let text = folder.text(&own).ok_or_else(|| mend("it cannot be read".to_owned()))?;
        let entry = folder.entry(&own).map_err(|error| mend(error.to_string()))?;
        Ok(Own { entry: entry.ok_or_else(|| CatalogError::Unknown(id.clone()))?, text })
    }

    /// Writes an agent's file and puts it in force; where that fails, what was there before is there again.
    async fn write(&mut self, fresh: &AgentEntry, before: Option<String>) -> Result<(), CatalogError> {
        let folder = folder(&self.config);
        folder.check(fresh).map_err(|error| CatalogError::Invalid(error.message))?;
        let file = folder.write(fresh, before.is_none()).map_err(|error| match error {
            WriteError::Exists { .. } => CatalogError::Needed(format!("{error}; it was written this moment, by hand")),
            error @ WriteError::Io { .. } => CatalogError::Failed(written(&error)),
        })?;
        let outcome = self.take(false).await;
        self.seen = folder.fingerprint();
        let mistake = match outcome {
            Err(error) => format!("{error:#}"),
            // Of all mistakes, those of this file.
            Ok(broken) => match broken.lines().find_map(|line| line.strip_prefix(&format!("{}: ", file.display()))) {
                Some(mistake) => mistake.to_owned(),
                None => return Ok(()),
            },
        };
        self.undo(&fresh.id, before.as_deref()).await;
        Err(CatalogError::Invalid(mistake))
    }

    /// Has an agent's file say what it said before, or not be there.
    async fn undo(&mut self, id: &wingman_config::AgentId, before: Option<&str>) {
        let folder = folder(&self.config);
        let undone = match before {
            Some(text) => folder.put_back(id, text),
            None => folder.remove(id).map(drop),
        };
        if let Err(error) = undone {
            tracing::error!(error = written(&error), agent = %id, "an agent's file is not as it was");
        }
        self.take_logged(false).await;
        self.seen = folder.fingerprint();
    }
}

/// An agent's own file: what it says, and its text.
struct Own {
    entry: AgentEntry,
    text: String,
}

/// Where the agents' own files are.
fn folder(config: &Config) -> AgentFolder {
    AgentFolder::new(config.gateway.state_dir.join("agents"))
}

fn written(error: &WriteError) -> String {
    match error {
        WriteError::Io { source, .. } => format!("{error}: {source}"),
        WriteError::Exists { .. } => error.to_string(),
    }
}
