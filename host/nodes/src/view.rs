//! What those see who list nodes and groups.

use crate::NewNode;
use wingman_message::{GroupId, NodeId};

/// All nodes and groups at one moment, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The nodes.
    pub nodes: Vec<NodeView>,
    /// The groups.
    pub groups: Vec<GroupView>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Its id.
    pub id: NodeId,
    /// Who it says it is.
    pub about: NewNode,
    /// The groups that it is in.
    pub groups: Vec<GroupId>,
    /// When it registered first: milliseconds since the Unix epoch.
    pub connected_at: i64,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The node that made it; it may be gone.
    pub created_by: NodeId,
    /// When it was made: milliseconds since the Unix epoch.
    pub created_at: i64,
    /// How many nodes are in it.
    pub members: usize,
}
