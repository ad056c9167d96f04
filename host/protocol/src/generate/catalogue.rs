//! Every type that is part of the wire, in the order in which the generated files show it. A new type is one line here.

use crate::rest::{GroupList, GroupSummary, NodeList, NodeSummary, ProviderSummary};
use crate::*;

/// Does something with each type of the wire.
pub(super) trait Visit {
    fn visit<T: schemars::JsonSchema + ts_rs::TS + 'static>(&mut self);
}

macro_rules! visit_all {
    ($visitor:ident: $($type:ty),+ $(,)?) => { $($visitor.visit::<$type>();)+ };
}

/// Frames and what is inside them.
pub(super) fn frames(visitor: &mut impl Visit) {
    visit_all!(visitor:
        Envelope, ClientFrame, ClientInfo, Auth, AgentRequest, NewAttachment, AttachmentKind, QueueMode, Routing, Peer, PeerKind,
        CancelRequest, AnswerRequest, SubscribeRequest, UnsubscribeRequest,
        RegisterRequest, JoinGroupRequest, LeaveGroupRequest, BroadcastRequest, DirectRequest,
        ServerFrame, ResFrame, AckFrame, Ack, QueueAck, CancelStatus, ErrorFrame, ErrorBody, ErrorCode, BroadcastFrame, DirectFrame, PingFrame, PongFrame,
        AgentFrame, AgentEvent, AgentResult, Usage,
        StreamChunk, TextData, ChunkText, Retry, ToolInput, ToolChunk, ToolOutput, ToolFailure,
        StoredMessage, Role, Status, MessagePart, ToolCallPart, Attachment, PendingQuestion, QuestionKind,
    );
}

/// Bodies of the HTTP API.
pub(super) fn bodies(visitor: &mut impl Visit) {
    visit_all!(visitor:
        SessionSummary, SessionSource, CreateSession, RenameSession, ForkSession, SetWorkdir, SearchHit, SnippetPart,
        ExportHeader, ExportedMessage, FolderRoots, FolderListing, FolderEntry, FileEntry, MakeFolder, AgentSummary, AgentDetails,
        AgentSource, AgentContext, CreateAgent, ServerConfig, ReloadError, PluginSummary, PluginState,
        McpServerSummary, McpServerState, ProviderSummary,
        WebhookSummary, CreateWebhook, CreatedWebhook, WebhookAccepted, AuthSession, AuthMode, LoginRequest,
        DeadLetter, DeadLetterKind, OutboxEntry, OutboxKind, QuestionReply,
        Health, GatewayStats, Stats, NodeList, NodeSummary, GroupList, GroupSummary, Problem,
    );
}
