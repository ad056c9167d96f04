//! Reading and managing sessions, over all agents.

use crate::Dispatch;
use crate::error::Refused;
use wingman_message::{AgentId, SessionKey, SessionSource};
use wingman_store::{AgentStore, MessageCursor, MessagePage, NewSession, SessionCursor, SessionRecord};

/// A page of sessions, the newest first.
#[derive(Debug, Clone)]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<SessionRecord>,
    /// Where the next page begins, if there is one.
    pub next: Option<SessionCursor>,
}

impl Dispatch {
    /// The newest sessions of one agent, or of all.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`]
    pub async fn list_sessions(
        &self,
        agent: Option<&AgentId>,
        limit: usize,
        cursor: Option<&SessionCursor>,
    ) -> Result<SessionPage, Refused> {
        let agents: Vec<AgentId> = match agent {
            Some(agent) => vec![self.registry.agent(agent)?.info().id.clone()],
            None => self.registry.agents().iter().map(|agent| agent.info().id.clone()).collect(),
        };
        let mut sessions = Vec::new();
        for agent in &agents {
            // One more than asked for, so that the last page knows that it is the last.
            sessions.extend(self.store.agent(agent).await?.list_sessions(limit + 1, cursor).await?);
        }
        sessions.sort_by_key(|session| std::cmp::Reverse(session.cursor()));
        let next = (sessions.len() > limit).then(|| sessions[limit - 1].cursor());
        sessions.truncate(limit);
        Ok(SessionPage { sessions, next })
    }

    /// Opens a session before anything is said in it.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::AgentDisabled`], [`Refused::Store`] when the key is taken
    pub async fn create_session(&self, key: SessionKey, name: Option<String>) -> Result<SessionRecord, Refused> {
        self.registry.roster.taking(key.agent())?;
        let store = self.session_store(&key).await?;
        Ok(store.create_session(NewSession { key, name, source: SessionSource::Client }).await?)
    }

    /// The session, if it was ever written to.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`]
    pub async fn session(&self, key: &SessionKey) -> Result<Option<SessionRecord>, Refused> {
        Ok(self.session_store(key).await?.session(key).await?)
    }

    /// Gives the session a name; false when there is no such session.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`]
    pub async fn rename_session(&self, key: &SessionKey, name: Option<String>) -> Result<bool, Refused> {
        Ok(self.session_store(key).await?.rename_session(key, name).await?)
    }

    /// Deletes the session and all that was said in it; false when there is no such session.
    ///
    /// # Errors
    /// [`Refused::Store`] while anything is running or waiting in it.
    pub async fn delete_session(&self, key: &SessionKey) -> Result<bool, Refused> {
        Ok(self.session_store(key).await?.delete_session(key).await?)
    }

    /// A page of the session's messages: the newest first, in order of time within.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`]
    pub async fn messages(&self, key: &SessionKey, limit: usize, cursor: Option<&MessageCursor>) -> Result<MessagePage, Refused> {
        Ok(self.session_store(key).await?.messages(key, limit, cursor).await?)
    }

    /// A run of the session is in flight.
    #[must_use]
    pub fn is_running(&self, key: &SessionKey) -> bool {
        self.registry.hub.live_feed(key).is_some_and(|feed| feed.is_running())
    }

    async fn session_store(&self, key: &SessionKey) -> Result<AgentStore, Refused> {
        self.registry.agent(key.agent())?;
        Ok(self.store.agent(key.agent()).await?)
    }
}
