//! Bodies of the HTTP API, and the names of its headers.

mod agent;
mod agent_edit;
mod auth;
mod dead_letter;
mod folder;
mod health;
mod mcp;
mod outbox;
mod plugin;
mod problem;
mod provider;
mod question;
mod search;
mod session;
mod transfer;
mod webhook;

pub use agent::{AgentSummary, ReloadError, ServerConfig};
pub use agent_edit::{AgentContext, AgentDetails, AgentSource, CreateAgent};
pub use auth::{AuthMode, AuthSession, LoginRequest};
pub use dead_letter::{DeadLetter, DeadLetterKind};
pub use folder::{FileEntry, FolderEntry, FolderListing, FolderRoots, MakeFolder};
pub use health::{GatewayStats, GroupList, GroupSummary, Health, NodeList, NodeSummary, Stats};
pub use mcp::{McpServerState, McpServerSummary};
pub use outbox::{OutboxEntry, OutboxKind};
pub use plugin::{PluginState, PluginSummary};
pub use problem::{PROBLEM_MEDIA_TYPE, Problem};
pub use provider::ProviderSummary;
pub use question::QuestionReply;
pub use search::{SearchHit, SnippetPart};
pub use session::{CreateSession, ForkSession, RenameSession, SessionSource, SessionSummary, SetWorkdir};
pub use transfer::{EXPORT_FORMAT, EXPORT_MEDIA_TYPE, EXPORT_VERSION, ExportHeader, ExportedMessage};
pub use webhook::{CreateWebhook, CreatedWebhook, WebhookAccepted, WebhookSummary};

/// The response header that leads to the next page of a list; absent on the last page.
pub const NEXT_CURSOR_HEADER: &str = "x-next-cursor";
/// The response header, value `1`, of a search that could not look at all: old messages are still being made searchable.
pub const SEARCH_INCOMPLETE_HEADER: &str = "x-search-incomplete";
/// The request header, value `1`, that every write by cookie must carry: a foreign page cannot send it.
pub const CSRF_HEADER: &str = "x-wingman-csrf";
/// The request header that carries a webhook's secret.
pub const WEBHOOK_SECRET_HEADER: &str = "x-wingman-secret";
