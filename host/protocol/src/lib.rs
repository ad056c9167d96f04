//! The wire: every frame of the WebSocket and every body of the HTTP API, as serde types.
//!
//! Bytes from outside become types here, once ([`ClientFrame::parse`]); JSON Schema, TypeScript and the reference page are
//! made from the same types ([`generate`]). No socket, no HTTP and no policy live here: whether a request is allowed, found
//! or throttled is decided by those who serve it.

#![forbid(unsafe_code)]

mod agent_event;
mod attachment;
mod client;
mod code;
mod envelope;
pub mod generate;
mod message;
mod question;
pub mod rest;
mod secret;
mod server;

pub use agent_event::{
    AgentEvent, AgentEventKind, AgentResult, ChunkText, Retry, StreamChunk, TextData, ToolChunk, ToolFailure, ToolInput,
    ToolOutput, Usage,
};
pub use attachment::{Attachment, AttachmentKind, NewAttachment};
pub use client::{
    AgentRequest, AgentRequestFrame, AnswerRequest, Auth, BroadcastRequest, CancelRequest, ClientFrame, ClientInfo,
    ClientMessage, ConnectRequest, DirectRequest, Frame, JoinGroupRequest, LeaveGroupRequest, NodeMessage, Peer, PeerKind,
    QueueMode, Register, RegisterRequest, Routing, SubscribeRequest, UnsubscribeRequest,
};
pub use code::{ErrorCode, FrameError};
pub use envelope::Envelope;
pub use message::{MessagePart, Role, Status, StoredMessage, ToolCallPart};
pub use question::{PendingQuestion, QuestionKind};
pub use rest::{
    AgentContext, AgentDetails, AgentSource, AgentSummary, AuthMode, AuthSession, CreateAgent, CreateSession, CreateWebhook,
    CreatedWebhook, DeadLetter, DeadLetterKind, ExportHeader, ExportedMessage, FileEntry, FolderEntry, FolderListing,
    FolderRoots, ForkSession, GatewayStats, Health, LoginRequest, MakeFolder, McpServerState, McpServerSummary, OutboxEntry,
    OutboxKind, PluginState, PluginSummary, Problem, QuestionReply, ReloadError, RenameSession, SearchHit, ServerConfig,
    SessionSource, SessionSummary, SetWorkdir, SnippetPart, Stats, WebhookAccepted, WebhookSummary,
};
pub use secret::Secret;
pub use server::{
    Ack, AckFrame, AgentFrame, BroadcastFrame, CancelStatus, DirectFrame, EncodedEvent, ErrorBody, ErrorFrame, GATEWAY_READY,
    PingFrame, PongFrame, QueueAck, ResFrame, ServerFrame,
};
/// Ids on the wire are those of the vocabulary.
pub use wingman_message::{AgentId, ClientId, GroupId, MessageId, NodeId, QuestionId, RequestId, RunId, SessionKey};
