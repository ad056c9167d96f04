//! The agents that there are, and the way to them: exchanged as one while the gateway runs. A run keeps the agent that it began with;
//! the next turn takes the one there is then.

use crate::error::Refused;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use wingman_message::{AgentId, AgentRuntime};
use wingman_route::Router;

/// The agents of a gateway, by id.
pub type Agents = HashMap<AgentId, Arc<dyn AgentRuntime>>;

/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Roster(Arc<RwLock<Arc<Current>>>);

struct Current {
    agents: Agents,
    router: Arc<Router>,
}

impl Roster {
    pub(crate) fn new(agents: Agents, router: Router) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(Current { agents, router: Arc::new(router) }))))
    }

    pub(crate) fn replace(&self, agents: Agents, router: Router) {
        // One assignment, which leaves a whole value behind.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Current { agents, router: Arc::new(router) });
    }

    pub(crate) fn router(&self) -> Arc<Router> {
        Arc::clone(&self.now().router)
    }

    pub(crate) fn agents(&self) -> Vec<Arc<dyn AgentRuntime>> {
        self.now().agents.values().cloned().collect()
    }

    pub(crate) fn agent(&self, id: &AgentId) -> Result<Arc<dyn AgentRuntime>, Refused> {
        self.now().agents.get(id).cloned().ok_or_else(|| Refused::UnknownAgent(id.clone()))
    }

    /// The agent, if it takes new messages.
    pub(crate) fn taking(&self, id: &AgentId) -> Result<Arc<dyn AgentRuntime>, Refused> {
        let agent = self.agent(id)?;
        if agent.info().enabled { Ok(agent) } else { Err(Refused::AgentDisabled(id.clone())) }
    }

    fn now(&self) -> Arc<Current> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One session's agent. What was accepted is answered even if the agent is taken out of the configuration meanwhile: by the one there
/// was.
pub(crate) struct SessionAgent {
    id: AgentId,
    roster: Roster,
    last: Mutex<Arc<dyn AgentRuntime>>,
}

impl SessionAgent {
    pub(crate) fn new(id: AgentId, roster: Roster) -> Result<Self, Refused> {
        let last = Mutex::new(roster.agent(&id)?);
        Ok(Self { id, roster, last })
    }

    /// The agent for the turn that begins.
    pub(crate) fn now(&self) -> Arc<dyn AgentRuntime> {
        let mut last = self.last();
        if let Ok(agent) = self.roster.agent(&self.id) {
            *last = agent;
        }
        Arc::clone(&last)
    }

    fn last(&self) -> MutexGuard<'_, Arc<dyn AgentRuntime>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
