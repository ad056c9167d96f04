//! `ack`: confirms what a client asked for. Its payload is always an object.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::{AgentId, GroupId, NodeId, QuestionId, RequestId, RunId, SessionKey};

/// A confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct AckFrame {
    /// The id of the frame that is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The node that it is confirmed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub node_id: Option<NodeId>,
    /// The group that was joined or left. No other ack has it: clients read it as that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub group_id: Option<GroupId>,
    /// What is confirmed.
    pub payload: Ack,
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
}

/// What is confirmed; `action` is the type of the frame that asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(tag = "action", rename_all_fields = "camelCase")]
pub enum Ack {
    /// A request waits for its session, or waits no more.
    #[serde(rename = "req:agent")]
    AgentRequest(QueueAck),
    /// What became of a cancellation.
    #[serde(rename = "req:agent:cancel")]
    Cancel {
        /// The request.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        request_id: RequestId,
        /// What became of it.
        status: CancelStatus,
    },
    /// The answer to a question is kept, and its run goes on.
    #[serde(rename = "req:answer")]
    Answer {
        /// The session.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        session_id: SessionKey,
        /// The question.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        question_id: QuestionId,
    },
    /// The client watches the session; what it missed and live events follow.
    #[serde(rename = "session_subscribe")]
    SessionSubscribe {
        /// The session.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        session_id: SessionKey,
        /// The newest event of the session.
        seq: i64,
    },
    /// The client watches the session no more.
    #[serde(rename = "session_unsubscribe")]
    SessionUnsubscribe {
        /// The session.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        session_id: SessionKey,
        /// The newest event of the session.
        seq: i64,
    },
    /// The connection is a node.
    #[serde(rename = "register")]
    Register {
        /// The node's id, for as long as the connection lasts.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        node_id: NodeId,
        /// Its name.
        name: String,
        /// The session that it works in, where it has said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        session_id: Option<String>,
        /// The agent that it belongs to, where it has said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        agent_name: Option<String>,
    },
    /// The node is a member of the group.
    #[serde(rename = "join_group")]
    JoinGroup {
        /// The group's id.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        group_id: GroupId,
        /// The group's name.
        group_name: String,
    },
    /// The node is a member of the group no more.
    #[serde(rename = "leave_group")]
    LeaveGroup {},
}

/// How a request waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(tag = "status", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum QueueAck {
    /// The session is busy: the request waits.
    Queued {
        /// The request.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        request_id: RequestId,
        /// The session.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        session_id: SessionKey,
        /// The agent.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        agent_id: AgentId,
        /// How many stand before it, the running one included.
        position: u64,
    },
    /// The request's turn has come.
    Dequeued {
        /// The request.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        request_id: RequestId,
        /// The session.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        session_id: SessionKey,
        /// The agent.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        agent_id: AgentId,
        /// How many still wait.
        remaining: u64,
    },
    /// The request has joined the run in flight. Its own end comes with that run's.
    Steered {
        /// The request.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        request_id: RequestId,
        /// The session.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        session_id: SessionKey,
        /// The agent.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        agent_id: AgentId,
        /// The run that answers it.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        run_id: RunId,
        /// The request that it has joined, where a client's request began the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        #[ts(as = "Option<String>", optional)]
        joined_request_id: Option<RequestId>,
    },
    /// The request shares a turn that begins now with one before it. Its own end comes with that one's.
    Merged {
        /// The request.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        request_id: RequestId,
        /// The session.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        session_id: SessionKey,
        /// The agent.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        agent_id: AgentId,
        /// The run that answers it.
        #[schemars(with = "String")]
        #[ts(as = "String")]
        run_id: RunId,
        /// The request that it has joined, where a client's request began the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        #[ts(as = "Option<String>", optional)]
        joined_request_id: Option<RequestId>,
    },
}

/// What became of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum CancelStatus {
    /// The run is being stopped; its `agent-error` follows.
    Cancelled,
    /// The request waited, and is gone.
    CancelledQueued,
    /// No such request is running or waiting.
    NotFound,
}
