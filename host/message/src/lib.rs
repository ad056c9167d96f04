//! The vocabulary of the gateway: what every other crate under `host/` speaks.
//!
//! Plain data, ids, session keys, and the ports (`Model`, `Tool`, `AgentRuntime`, `AgentCatalog`, `Components`, `McpDirectory`, `Clock`) that let
//! crates which do not know each other work together. No I/O lives here, and nothing here knows a wire format, SQL, a network or a
//! component.

mod catalog;
mod channel;
mod clock;
mod compaction;
mod component;
mod ids;
mod inbound;
mod mcp;
mod message;
mod model;
mod overheard;
mod plugin_store;
mod question;
mod queue_mode;
mod run;
mod session_key;
mod tool;

pub use catalog::{AgentCatalog, AgentContext, AgentDraft, AgentRecord, AgentSource, CatalogError, ReloadFailure};
pub use channel::{
    ChannelSkills, Entrance, Intake, IntakeError, Outbound, Phase, Receipt, Seen, Unverified, UnverifiedRequest, VerifiedRequest,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use compaction::{Compaction, Summary};
pub use component::{Components, HttpReply, HttpRequest, PluginFailure, PluginState, PluginStatus, Received, WebhookDelivery};
pub use ids::{
    AccountName, AgentId, ChannelName, ClientId, DeliveryId, GroupId, IdError, MessageId, NodeId, PluginName, QuestionId,
    RequestId, RunId, WebhookId,
};
pub use inbound::{Attachment, ContentSource, Header, Inbound, InboundKind, Origin, Peer, PeerKind, Place, Sender};
pub use mcp::{McpDirectory, McpServerState, McpServerStatus};
pub use message::{Message, MessageStatus, Part, Role, SessionSource, ToolPart};
pub use model::{
    Entry, Model, ModelError, ModelEvent, ModelInfo, ModelRequest, ModelStream, Reasoning, StopReason, ToolCall, Usage, UserEntry,
};
pub use overheard::{Target, overheard, remark};
pub use plugin_store::{BlobInfo, PluginScope, PluginStore, PluginStoreError, StoreResult};
pub use question::{Answer, Approval, NewQuestion, Question, QuestionKind};
pub use queue_mode::QueueMode;
pub use run::{AgentInfo, AgentRuntime, Emit, Next, NextCall, ParentRun, Progress, RunContext, RunError, Step, Work};
pub use session_key::{DmScope, SessionKey, SessionKeyError};
pub use tool::{Tool, ToolError, ToolInvocation, ToolKind, ToolOutput, ToolProgress, ToolSource, ToolSpec};
