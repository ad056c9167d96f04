//! Reading and managing sessions, over all agents.

use crate::Dispatch;
use crate::error::Refused;
use crate::folders::{FolderError, Folders};
use std::path::PathBuf;
use wingman_message::{AgentId, ParentRun, SessionKey, SessionSource};
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
    /// The newest sessions of one agent, or of all; with a `text`, those whose name, key or newest words hold it.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`]
    pub async fn list_sessions(
        &self,
        agent: Option<&AgentId>,
        text: Option<&str>,
        limit: usize,
        cursor: Option<&SessionCursor>,
    ) -> Result<SessionPage, Refused> {
        let mut sessions = Vec::new();
        for agent in self.agents_named(agent)? {
            let store = self.store.agent(&agent).await?;
            // One more than asked for, so that the last page knows that it is the last.
            sessions.extend(match text {
                Some(text) => store.find_sessions(text, limit + 1, cursor).await?,
                None => store.list_sessions(limit + 1, cursor).await?,
            });
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

    /// Sets the folder that the session's agent works in, or takes it away; false when there is no such session. What is stored
    /// is the folder itself, whatever links led to it; it is held against the roots again when a run starts.
    ///
    /// # Errors
    /// [`Refused::Folder`] when it may not be used; [`Refused::UnknownAgent`], [`Refused::Store`]
    pub async fn set_workdir(&self, key: &SessionKey, workdir: Option<PathBuf>) -> Result<bool, Refused> {
        let store = self.session_store(key).await?;
        let workdir = match workdir {
            Some(path) => Some(self.with_folders(move |folders| text(folders.folder(&path)?)).await?),
            None => None,
        };
        Ok(store.set_workdir(key, workdir).await?)
    }

    /// Has `work` done with the folders that people and agents may work in, on a thread that may block.
    ///
    /// # Errors
    /// [`Refused::Folder`], [`Refused::ShuttingDown`]
    pub async fn with_folders<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folders) -> Result<T, FolderError> + Send + 'static,
    ) -> Result<T, Refused> {
        let folders = self.registry.shared.folders.clone();
        let done = tokio::task::spawn_blocking(move || work(&folders)).await;
        // Fails only when the runtime is shutting down or the work panicked.
        Ok(done.map_err(|_| Refused::ShuttingDown)??)
    }

    /// Deletes the session and all that was said in it; false when there is no such session.
    ///
    /// # Errors
    /// [`Refused::Store`] while anything is running or waiting in it.
    pub async fn delete_session(&self, key: &SessionKey) -> Result<bool, Refused> {
        Ok(self.session_store(key).await?.delete_session(key).await?)
    }

    /// Deletes all that was said in the session, which stays; false when there is no such session.
    ///
    /// # Errors
    /// [`Refused::Store`] while anything is running or waiting in it.
    pub async fn clear_session(&self, key: &SessionKey) -> Result<bool, Refused> {
        Ok(self.session_store(key).await?.clear_session(key).await?)
    }

    /// A page of the session's messages: the newest first, in order of time within.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`]
    pub async fn messages(&self, key: &SessionKey, limit: usize, cursor: Option<&MessageCursor>) -> Result<MessagePage, Refused> {
        Ok(self.session_store(key).await?.messages(key, limit, cursor).await?)
    }

    /// The run that handed over the task which the session was opened for; none for other sessions.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`]
    pub async fn parent_of(&self, key: &SessionKey) -> Result<Option<ParentRun>, Refused> {
        if !key.is_delegate() {
            return Ok(None);
        }
        Ok(self.session_store(key).await?.parent_of(key).await?)
    }

    /// A run of the session is in flight.
    #[must_use]
    pub fn is_running(&self, key: &SessionKey) -> bool {
        self.registry.hub.live_feed(key).is_some_and(|feed| feed.is_running())
    }

    /// The agent of that id, or all.
    pub(crate) fn agents_named(&self, agent: Option<&AgentId>) -> Result<Vec<AgentId>, Refused> {
        Ok(match agent {
            Some(agent) => vec![self.registry.agent(agent)?.info().id.clone()],
            None => self.registry.agents().iter().map(|agent| agent.info().id.clone()).collect(),
        })
    }

    pub(crate) async fn session_store(&self, key: &SessionKey) -> Result<AgentStore, Refused> {
        self.registry.agent(key.agent())?;
        Ok(self.store.agent(key.agent()).await?)
    }
}

/// A path as the store keeps it.
fn text(path: PathBuf) -> Result<String, FolderError> {
    path.into_os_string().into_string().map_err(|path| FolderError::Unusable {
        path: path.into(),
        reason: "its name is not text (UTF-8); use a folder with another name".to_owned(),
    })
}
