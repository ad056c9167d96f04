//! The node plane as clients speak it: `register`, `unregister`, `join_group`, `leave_group`, `broadcast`, `direct`.

use super::Auth;
use crate::envelope::RawEnvelope;
use crate::{ErrorCode, FrameError, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The longest name of a node or a group, in characters.
const MAX_NAME: usize = 100;
/// The longest text beside a name, in characters.
const MAX_TEXT: usize = 500;
/// The most capabilities of a node.
const MAX_CAPABILITIES: usize = 64;

/// Who a node is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct RegisterRequest {
    /// The node's name for people: 1 to 100 characters. Names need not differ.
    pub name: String,
    /// What the node can do, in words of its own: at most 64, each of at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// The gateway's token or password, where it asks for one and the frame has no `auth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub token: Option<Secret>,
    /// A session that the node works in; kept, and told to those who list nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// An agent that the node belongs to; kept, and told to those who list nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<String>,
}

/// A `register`, read.
#[derive(Debug, Clone)]
pub struct Register {
    /// Who registers.
    pub node: RegisterRequest,
    /// With what right, where the envelope says so.
    pub auth: Option<Auth>,
}

impl Register {
    pub(crate) fn read(envelope: &RawEnvelope, auth: Option<Auth>) -> Result<Self, FrameError> {
        let node: RegisterRequest = envelope.payload()?;
        check(envelope, "name", Some(&node.name), MAX_NAME)?;
        check(envelope, "sessionId", node.session_id.as_ref(), MAX_TEXT)?;
        check(envelope, "agentName", node.agent_name.as_ref(), MAX_NAME)?;
        let capabilities = node.capabilities.as_deref().unwrap_or_default();
        if capabilities.len() > MAX_CAPABILITIES {
            let most = format!("`payload.capabilities`: expected at most {MAX_CAPABILITIES}");
            return Err(envelope.refuse(ErrorCode::InvalidRequest, most));
        }
        capabilities.iter().try_for_each(|capability| check(envelope, "capabilities", Some(capability), MAX_NAME))?;
        Ok(Self { node, auth })
    }

    /// The secret that comes with it, wherever the client has put it.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        let in_auth = self.auth.as_ref().and_then(|auth| auth.token.as_ref().or(auth.password.as_ref()));
        self.node.token.as_ref().or(in_auth)
    }
}

/// Which group to join: by id, or by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct JoinGroupRequest {
    /// The group's id. Counts before the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// The group's name, exactly as written: 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_name: Option<String>,
    /// Whether a name that no group has makes a new group. True unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_if_not_exists: Option<bool>,
    /// What a new group is for: at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl JoinGroupRequest {
    pub(crate) fn read(envelope: &RawEnvelope) -> Result<Self, FrameError> {
        let request: Self = envelope.payload()?;
        if request.group_id.is_none() && request.group_name.is_none() {
            return Err(envelope.refuse(ErrorCode::InvalidRequest, "`payload` names no group: say `groupName` or `groupId`"));
        }
        check(envelope, "groupName", request.group_name.as_ref(), MAX_NAME)?;
        check(envelope, "description", request.description.as_ref(), MAX_TEXT)?;
        Ok(request)
    }
}

/// Which group to leave. The id may stand in the envelope instead.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct LeaveGroupRequest {
    /// The group's id.
    #[serde(default)]
    pub group_id: String,
}

impl LeaveGroupRequest {
    pub(crate) fn read(envelope: &RawEnvelope) -> Result<Self, FrameError> {
        let Self { group_id } = envelope.optional_payload()?.unwrap_or_default();
        Ok(Self { group_id: addressee(envelope, "groupId", group_id)? })
    }
}

/// A message for all other members of a group. The group's id may stand in the envelope instead.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct BroadcastRequest {
    /// The group's id.
    #[serde(default)]
    pub group_id: String,
    /// The message, any JSON; passed on as it is written.
    #[schemars(with = "serde_json::Value")]
    #[ts(type = "unknown")]
    pub message: Box<RawValue>,
}

impl BroadcastRequest {
    pub(crate) fn read(envelope: &RawEnvelope) -> Result<Self, FrameError> {
        if let Some(room) = envelope.text("roomId").filter(|_| envelope.text("groupId").is_none()) {
            let short: String = room.chars().take(80).collect();
            let message =
                format!("room {short:?}: this gateway has no rooms of agents yet; name a group of nodes by `payload.groupId`");
            return Err(envelope.refuse(ErrorCode::InvalidRequest, message));
        }
        let Self { group_id, message } = envelope.payload()?;
        Ok(Self { group_id: addressee(envelope, "groupId", group_id)?, message })
    }
}

/// A message for one node. The node's id may stand in the envelope instead.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
pub struct DirectRequest {
    /// The node's id.
    #[serde(default)]
    pub target_node_id: String,
    /// The message, any JSON; passed on as it is written.
    #[schemars(with = "serde_json::Value")]
    #[ts(type = "unknown")]
    pub message: Box<RawValue>,
}

impl DirectRequest {
    pub(crate) fn read(envelope: &RawEnvelope) -> Result<Self, FrameError> {
        let Self { target_node_id, message } = envelope.payload()?;
        Ok(Self { target_node_id: addressee(envelope, "targetNodeId", target_node_id)?, message })
    }
}

/// The addressee that the payload names, or the envelope.
fn addressee(envelope: &RawEnvelope, key: &'static str, in_payload: String) -> Result<String, FrameError> {
    if !in_payload.is_empty() {
        return Ok(in_payload);
    }
    let in_envelope = envelope.text(key).filter(|id| !id.is_empty());
    let id = in_envelope.ok_or_else(|| envelope.refuse(ErrorCode::InvalidRequest, format!("`payload.{key}` is missing")))?;
    Ok(id.into_owned())
}

/// Refuses a text that is empty, too long, or has control characters.
fn check(envelope: &RawEnvelope, key: &str, text: Option<&String>, most: usize) -> Result<(), FrameError> {
    match text {
        Some(text) if text.is_empty() || text.chars().count() > most || text.chars().any(char::is_control) => {
            let rule = format!("`payload.{key}`: expected 1 to {most} characters, none of them a control character");
            Err(envelope.refuse(ErrorCode::InvalidRequest, rule))
        }
        _ => Ok(()),
    }
}
