//! The port to the place where agents are described: whoever serves people who manage agents asks it; whoever keeps the
//! descriptions (files, in the gateway) answers.

use crate::AgentId;
use async_trait::async_trait;

/// Where an agent's description stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentSource {
    /// In the gateway's configuration, which people edit: it cannot be changed here.
    Config,
    /// In a file of its own.
    File,
}

/// How much of a conversation an agent's model is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgentContext {
    /// The model's context window, in tokens.
    pub max_tokens: u64,
    /// The part of the window, from 0 to 1, that a conversation may fill before its older part is summarised.
    pub compact_at: f64,
    /// How many of the newest turns stay word for word.
    pub keep_recent: usize,
}

/// What an agent is, as its owner wrote it. What is left out is the gateway's default.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentDraft {
    /// Its display name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// It takes new messages.
    pub enabled: bool,
    /// Its model: `provider:model-name`.
    pub model: Option<String>,
    /// The tools that it may use; all where nothing is said.
    pub tools: Option<Vec<String>>,
    /// What it is told before every conversation: Markdown.
    pub instructions: Option<String>,
    /// How much its model is shown.
    pub context: Option<AgentContext>,
}

impl Default for AgentDraft {
    fn default() -> Self {
        Self { name: None, description: None, enabled: true, model: None, tools: None, instructions: None, context: None }
    }
}

/// An agent's description.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentRecord {
    /// Its id.
    pub id: AgentId,
    /// Where the description stands.
    pub source: AgentSource,
    /// What it is.
    pub draft: AgentDraft,
}

/// A change of the descriptions, made by hand, that could not be taken. What was there before stays in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReloadFailure {
    /// When it was tried: milliseconds since the Unix epoch.
    pub at: i64,
    /// What is wrong, and where.
    pub message: String,
}

/// Why a description was not changed. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// There is no such agent.
    #[error("there is no agent `{0}`")]
    Unknown(AgentId),
    /// There is one already.
    #[error("there is an agent `{0}` already; choose another id, or change that one")]
    Exists(AgentId),
    /// It is described in the configuration.
    #[error("the agent `{0}` stands in the configuration file, under `agents.list`: change it there; it is taken at once")]
    ReadOnly(AgentId),
    /// The description cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// Something else needs it as it is.
    #[error("{0}")]
    Needed(String),
    /// The description cannot be written; the text is for the log.
    #[error("{0}")]
    Failed(String),
}

/// Where agents are described. A change is in force, and durable, when the call that made it returns.
#[async_trait]
pub trait AgentCatalog: std::fmt::Debug + Send + Sync + 'static {
    /// An agent's description.
    ///
    /// # Errors
    /// [`CatalogError::Unknown`]
    async fn read(&self, id: &AgentId) -> Result<AgentRecord, CatalogError>;

    /// Describes a new agent.
    ///
    /// # Errors
    /// [`CatalogError::Exists`], [`CatalogError::Invalid`], [`CatalogError::Failed`]
    async fn create(&self, id: &AgentId, draft: AgentDraft) -> Result<AgentRecord, CatalogError>;

    /// Describes an agent anew. What runs ends as it began.
    ///
    /// # Errors
    /// [`CatalogError::Unknown`], [`CatalogError::ReadOnly`], [`CatalogError::Invalid`], [`CatalogError::Failed`]
    async fn replace(&self, id: &AgentId, draft: AgentDraft) -> Result<AgentRecord, CatalogError>;

    /// Forgets an agent's description. What it said and kept stays, and is there again if an agent of that id is.
    ///
    /// # Errors
    /// [`CatalogError::Unknown`], [`CatalogError::ReadOnly`], [`CatalogError::Needed`], [`CatalogError::Failed`]
    async fn delete(&self, id: &AgentId) -> Result<(), CatalogError>;

    /// The last change that could not be taken; none where all that is written is in force.
    fn failure(&self) -> Option<ReloadFailure>;
}
