//! What a connection does as a node: it is registered, is in groups, and speaks to other nodes.

use super::Sockets;
use super::handshake::NORMAL;
use super::outbox::{Gone, Outbox};
use axum::extract::ws::Utf8Bytes;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;
use wingman_message::NodeId;
use wingman_nodes::{GroupChoice, Member, NewNode, Refused, Registration};
use wingman_protocol::{
    Ack, BroadcastFrame, BroadcastRequest, DirectFrame, DirectRequest, ErrorBody, ErrorCode, JoinGroupRequest, LeaveGroupRequest,
    RegisterRequest, ServerFrame,
};

/// How long one that reads slowly holds up those who speak to it, before it is cut.
const PATIENCE: Duration = Duration::from_secs(5);
/// "Try again later" (registered with IANA for RFC 6455).
const TRY_AGAIN: u16 = 1013;

/// Makes the connection a node, for as long as the registration is held; closes where there is no place.
pub(crate) async fn register(
    node: RegisterRequest,
    id: Option<String>,
    outbox: &Outbox,
    sockets: &Sockets,
) -> Result<Registration<Outbox>, Gone> {
    let now = sockets.dispatch.now_ms();
    match sockets.nodes.register(about(&node), outbox.clone(), now) {
        Ok(registration) => {
            outbox.mark_as_node();
            outbox.frame(&registered(id, registration.id(), node, now)).await?;
            Ok(registration)
        }
        Err(refused) => {
            outbox.frame(&refusal(id, &refused, now)).await?;
            outbox.close(TRY_AGAIN, "no place for another node");
            Err(Gone)
        }
    }
}

/// The node says anew who it is.
pub(crate) async fn update(
    registration: &Registration<Outbox>,
    node: RegisterRequest,
    id: Option<String>,
    outbox: &Outbox,
    sockets: &Sockets,
) -> Result<(), Gone> {
    registration.update(about(&node));
    outbox.frame(&registered(id, registration.id(), node, sockets.dispatch.now_ms())).await
}

/// The node goes, and its connection with it.
pub(crate) fn unregister(outbox: &Outbox) -> Gone {
    outbox.close(NORMAL, "unregistered");
    Gone
}

pub(crate) async fn join(
    registration: &Registration<Outbox>,
    request: JoinGroupRequest,
    id: Option<String>,
    outbox: &Outbox,
    sockets: &Sockets,
) -> Result<(), Gone> {
    let now = sockets.dispatch.now_ms();
    let JoinGroupRequest { group_id, group_name, create_if_not_exists, description } = request;
    let choice = match (&group_id, &group_name) {
        (Some(id), _) => GroupChoice::Id(id),
        (None, name) => GroupChoice::Name {
            name: name.as_deref().unwrap_or_default(),
            create: create_if_not_exists.unwrap_or(true),
            description: description.as_deref(),
        },
    };
    let frame = match registration.join(choice, now) {
        Ok(group) => {
            let ack = Ack::JoinGroup { group_id: group.id, group_name: group.name.as_ref().to_owned() };
            ServerFrame::node_ack(id, registration.id(), Some(group.id), ack, now)
        }
        Err(refused) => refusal(id, &refused, now),
    };
    outbox.frame(&frame).await
}

pub(crate) async fn leave(
    registration: &Registration<Outbox>,
    request: LeaveGroupRequest,
    id: Option<String>,
    outbox: &Outbox,
    sockets: &Sockets,
) -> Result<(), Gone> {
    let now = sockets.dispatch.now_ms();
    let frame = match registration.leave(&request.group_id) {
        Ok(group) => ServerFrame::node_ack(id, registration.id(), Some(group), Ack::LeaveGroup {}, now),
        Err(refused) => refusal(id, &refused, now),
    };
    outbox.frame(&frame).await
}

/// Passes a message on to all other members of a group. The one who speaks waits for those who are behind, so that nobody misses
/// anything and nobody's memory fills; see [`PATIENCE`].
pub(crate) async fn broadcast(
    registration: &Registration<Outbox>,
    request: BroadcastRequest,
    id: Option<String>,
    outbox: &Outbox,
    sockets: &Sockets,
) -> Result<(), Gone> {
    let now = sockets.dispatch.now_ms();
    let audience = match registration.audience(&request.group_id) {
        Ok(audience) => audience,
        Err(refused) => return outbox.frame(&refusal(id, &refused, now)).await,
    };
    sockets.node_messages.fetch_add(1, Ordering::Relaxed);
    let frame = BroadcastFrame::write(registration.id(), audience.group, &request.message, now);
    say(&audience.members, registration.id(), &frame.into()).await;
    Ok(())
}

pub(crate) async fn direct(
    registration: &Registration<Outbox>,
    request: DirectRequest,
    id: Option<String>,
    outbox: &Outbox,
    sockets: &Sockets,
) -> Result<(), Gone> {
    let now = sockets.dispatch.now_ms();
    let (target, line) = match sockets.nodes.line(&request.target_node_id) {
        Ok(found) => found,
        Err(refused) => return outbox.frame(&refusal(id, &refused, now)).await,
    };
    sockets.node_messages.fetch_add(1, Ordering::Relaxed);
    let frame = DirectFrame::write(registration.id(), target, &request.message, now);
    if let Err(full) = line.try_text(frame.into()) {
        line.insist(full, Instant::now() + PATIENCE).await;
    }
    Ok(())
}

/// The frame is written once; each member's queue holds the same bytes.
async fn say(members: &[Member<Outbox>], speaker: NodeId, frame: &Utf8Bytes) {
    let mut behind = Vec::new();
    for member in members.iter().filter(|member| member.node != speaker) {
        if let Err(full) = member.line.try_text(frame.clone()) {
            behind.push((&member.line, full));
        }
    }
    let deadline = Instant::now() + PATIENCE;
    for (line, full) in behind {
        line.insist(full, deadline).await;
    }
}

/// The answer to what only a node may say.
pub(crate) fn not_registered(id: Option<String>, now_ms: i64) -> ServerFrame {
    refusal(id, &Refused::NotRegistered, now_ms)
}

fn about(node: &RegisterRequest) -> NewNode {
    let RegisterRequest { name, capabilities, token: _, session_id, agent_name } = node;
    let capabilities = capabilities.clone().unwrap_or_default();
    NewNode { name: name.clone(), capabilities, session: session_id.clone(), agent: agent_name.clone() }
}

fn registered(id: Option<String>, node_id: NodeId, node: RegisterRequest, now_ms: i64) -> ServerFrame {
    let RegisterRequest { name, session_id, agent_name, .. } = node;
    ServerFrame::node_ack(id, node_id, None, Ack::Register { node_id, name, session_id, agent_name }, now_ms)
}

fn refusal(id: Option<String>, refused: &Refused, now_ms: i64) -> ServerFrame {
    let code = match refused {
        Refused::TooManyNodes { .. } => ErrorCode::MaxNodesReached,
        Refused::TooManyGroups { .. } | Refused::TooManyMemberships => ErrorCode::Busy,
        Refused::UnknownGroup(_) => ErrorCode::GroupNotFound,
        Refused::NotAMember => ErrorCode::Forbidden,
        Refused::UnknownNode(_) => ErrorCode::NodeNotFound,
        Refused::NotRegistered => ErrorCode::NotRegistered,
    };
    ServerFrame::error(id, ErrorBody::new(code, refused.to_string()), now_ms)
}
