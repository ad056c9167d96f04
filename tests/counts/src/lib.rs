//! What the counted functions work on: made before the counting begins.

pub use serde_json::value::RawValue;
pub use wingman_message::{GroupId, NodeId, Place, RequestId};
pub use wingman_protocol::AgentEvent;
pub use wingman_route::{Route, Router};

use std::sync::Arc;
use wingman_message::{ChannelName, DmScope, Peer, PeerKind, RunId, SessionKey};
use wingman_nodes::{GroupChoice, Limits, NewNode, Nodes, Registration};
use wingman_protocol::AgentEventKind;
use wingman_route::{Binding, Match};

/// Why a sample could not be made; it cannot happen with the samples below.
pub type Error = Box<dyn std::error::Error>;

/// A client's `ping`.
pub const PING: &[u8] = br#"{"type":"ping","id":"p-1","timestamp":1706000000000}"#;

/// A node's `broadcast` of a hundred bytes.
pub const BROADCAST: &[u8] = br#"{"type":"broadcast","timestamp":1706000000000,"payload":{"groupId":"3d813cbb47fb32ba91df831e1593ac29","message":{"n":12345,"text":"a message of about a hundred bytes, which is what most of them are when people talk"}}}"#;

/// A client's `req:agent`.
pub const REQUEST: &[u8] = br#"{"type":"req:agent","id":"0190c8a0-5b7e-7a10-8000-0000000000b1","timestamp":1706000000000,"payload":{"agentId":"main","content":"What is in the report?","sessionKey":"agent:main:main"}}"#;

/// A message that one node says to many.
///
/// # Errors
/// Never: the sample is fixed.
pub fn said() -> Result<(NodeId, GroupId, Box<RawValue>), Error> {
    let message = RawValue::from_string(r#"{"n":12345,"text":"a message of about a hundred bytes, as most are"}"#.to_owned())?;
    Ok((NodeId::random(), GroupId::random(), message))
}

/// A piece of an answer, as its watchers get it.
///
/// # Errors
/// Never: the sample is fixed.
pub fn piece() -> Result<(RequestId, AgentEvent), Error> {
    let session: SessionKey = "agent:main:main".parse()?;
    let event = AgentEvent {
        kind: AgentEventKind::text(RunId::new(1_706_000_000_000), Arc::from(" word")),
        agent_id: session.agent().clone(),
        session_id: session,
        timestamp: 1_706_000_000_000,
        parent_session_id: None,
        parent_run_id: None,
    };
    Ok((RequestId::new("req-1")?, event))
}

/// One who speaks, the others who hear it, and the group's id.
pub type Crowd = (Registration<u32>, Vec<Registration<u32>>, String);

/// A group of a thousand nodes, whose list was read before.
///
/// # Errors
/// Never: the sample is fixed.
pub fn crowd() -> Result<Crowd, Error> {
    let nodes = Arc::new(Nodes::new(Limits { nodes: 1000, groups: 1 }));
    let choice = GroupChoice::Name { name: "crowd", create: true, description: None };
    let mut all = Vec::new();
    let mut group = String::new();
    for line in 0..1000 {
        let node = nodes.register(NewNode { name: line.to_string(), ..NewNode::default() }, line, 0)?;
        group = node.join(choice, 0)?.id.to_string();
        all.push(node);
    }
    let speaker = all.swap_remove(0);
    speaker.audience(&group)?;
    Ok((speaker, all, group))
}

/// A hundred bindings, of which the last one matches the place.
///
/// # Errors
/// Never: the sample is fixed.
pub fn bindings() -> Result<(Router, Place), Error> {
    let channel = ChannelName::new("chat")?;
    let peer = |n: u32| Some(Peer { kind: PeerKind::Group, id: format!("room-{n}") });
    let binding = |n: u32| -> Result<Binding, Error> {
        let matches = Match { channel: channel.clone(), account: None, guild: None, team: None, peer: peer(n) };
        Ok(Binding { agent: format!("agent-{n}").parse()?, matches, context: true })
    };
    let bindings = (0..100).map(binding).collect::<Result<Vec<_>, _>>()?;
    let mut place = Place::of(channel);
    place.peer = peer(99);
    Ok((Router::new("main".parse()?, bindings, DmScope::Main), place))
}
