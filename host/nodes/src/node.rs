//! One node.

use std::collections::BTreeSet;
use wingman_message::GroupId;

/// Who a node says it is. What comes in here has been checked for length already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewNode {
    /// Its name for people.
    pub name: String,
    /// What it can do, in its own words.
    pub capabilities: Vec<String>,
    /// The session that it works in.
    pub session: Option<String>,
    /// The agent that it belongs to.
    pub agent: Option<String>,
}

/// A registered node.
pub(crate) struct Node<L> {
    pub(crate) about: NewNode,
    pub(crate) connected_at: i64,
    pub(crate) line: L,
    pub(crate) groups: BTreeSet<GroupId>,
}
