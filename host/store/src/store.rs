//! The state folder: which databases there are, opened when they are first needed, and closed together.

use crate::agent::AgentStore;
use crate::database::{Database, make_folder};
use crate::error::StoreError;
use crate::gateway::GatewayStore;
use crate::lock::StateLock;
use crate::schema::Schema;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use wingman_message::{AgentId, Clock};

const AGENTS: &str = "agents";
const AGENT_FILE: &str = "agent.db";
const GATEWAY_FILE: &str = "gateway.db";
const BLOBS: &str = "blobs";

/// The durable state of one gateway. Cheap to clone; all clones are one.
///
/// A value that comes back from a writing call is durable. Dropping a call's future never does half of it.
#[derive(Clone)]
pub struct Store {
    folder: Arc<Path>,
    clock: Arc<dyn Clock>,
    gateway: GatewayStore,
    open: Arc<Mutex<Open>>,
}

/// Held for look-ups only, never across an await.
struct Open {
    /// None once the store is closed.
    lock: Option<Arc<StateLock>>,
    agents: HashMap<AgentId, Arc<OnceCell<AgentStore>>>,
}

impl Store {
    /// Opens the state in `folder`, which is made where needed, with mode 0700. Once for each process, at start.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another gateway has the folder; [`StoreError::NewerDatabase`]; [`StoreError::Corrupt`];
    /// [`StoreError::Inaccessible`] when the folder or a file cannot be made or written.
    pub async fn open(folder: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let folder = folder.into();
        let (folder, lock, database) = blocking(move || {
            make_folder(&folder)?;
            let lock = Arc::new(StateLock::take(&folder)?);
            let database = Database::open(folder.join(GATEWAY_FILE), Schema::Gateway, Arc::clone(&lock))?;
            Ok((folder, lock, database))
        })
        .await?;
        let gateway = GatewayStore::new(database, folder.join(BLOBS).into(), Arc::clone(&clock));
        gateway.sweep_blobs().await?;
        let open = Open { lock: Some(lock), agents: HashMap::new() };
        Ok(Self { folder: folder.into(), clock, gateway, open: Arc::new(Mutex::new(open)) })
    }

    /// What belongs to the gateway as a whole.
    #[must_use]
    pub fn gateway(&self) -> GatewayStore {
        self.gateway.clone()
    }

    /// One agent's state, opened by the first call.
    ///
    /// # Errors
    /// As [`Self::open`] for the agent's database; [`StoreError::Closed`].
    pub async fn agent(&self, agent: &AgentId) -> Result<AgentStore, StoreError> {
        let (cell, lock) = {
            let mut open = self.lock_open();
            let Some(lock) = open.lock.clone() else { return Err(StoreError::Closed) };
            if let Some(cell) = open.agents.get(agent) {
                (Arc::clone(cell), lock)
            } else {
                let cell = Arc::<OnceCell<AgentStore>>::default();
                open.agents.insert(agent.clone(), Arc::clone(&cell));
                (cell, lock)
            }
        };
        if let Some(store) = cell.get() {
            return Ok(store.clone());
        }
        let path = self.folder.join(AGENTS).join(agent.as_str()).join(AGENT_FILE);
        let (id, clock) = (agent.clone(), Arc::clone(&self.clock));
        let store = cell
            .get_or_try_init(|| async move {
                let database = blocking(move || Database::open(path, Schema::Agent, lock)).await?;
                Ok::<_, StoreError>(AgentStore::new(id, database, clock))
            })
            .await?;
        Ok(store.clone())
    }

    /// The agents that have state, whether or not they are configured, by id.
    ///
    /// # Errors
    /// [`StoreError::Inaccessible`]
    pub async fn agents(&self) -> Result<Vec<AgentId>, StoreError> {
        let folder = self.folder.join(AGENTS);
        blocking(move || agents_in(&folder).map_err(|error| StoreError::inaccessible(&folder, &error))).await
    }

    /// Does what was asked, closes all files and lets go of the folder. At shutdown; later calls get [`StoreError::Closed`].
    pub async fn close(&self) {
        let (lock, agents) = {
            let mut open = self.lock_open();
            (open.lock.take(), std::mem::take(&mut open.agents))
        };
        for cell in agents.into_values() {
            // Waits for one that is just being opened.
            if let Ok(agent) = cell.get_or_try_init(|| async { Err(StoreError::Closed) }).await {
                agent.database.close().await;
            }
        }
        self.gateway.database.close().await;
        drop(lock);
    }

    fn lock_open(&self) -> MutexGuard<'_, Open> {
        // Every critical section leaves whole values behind, so that a panic elsewhere breaks nothing here.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder).finish_non_exhaustive()
    }
}

fn agents_in(folder: &Path) -> std::io::Result<Vec<AgentId>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut agents = Vec::new();
    for entry in entries {
        let entry = entry?;
        let id = entry.file_name().to_str().and_then(|name| AgentId::new(name).ok());
        if let Some(id) = id
            && entry.path().join(AGENT_FILE).is_file()
        {
            agents.push(id);
        }
    }
    agents.sort();
    Ok(agents)
}

/// Runs `work` on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    // Fails only when the runtime is shutting down or `work` panicked.
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed)?
}
