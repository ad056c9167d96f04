//! One group, and the list of those who hear it.

use std::collections::BTreeMap;
use std::sync::Arc;
use wingman_message::{GroupId, NodeId};

/// A member of a group, and the line that reaches it.
#[derive(Debug, Clone)]
pub struct Member<L> {
    /// The node.
    pub node: NodeId,
    /// Its line.
    pub line: L,
}

/// All members of a group. The list is shared: take it, and send without a lock.
#[derive(Debug, Clone)]
pub struct Audience<L> {
    /// The group.
    pub group: GroupId,
    /// Its members at the time of asking.
    pub members: Arc<[Member<L>]>,
}

pub(crate) struct Group<L> {
    pub(crate) name: Arc<str>,
    pub(crate) description: Option<String>,
    pub(crate) created_by: NodeId,
    pub(crate) created_at: i64,
    members: BTreeMap<NodeId, L>,
    /// The members as a list that can be read without a lock: made by the first message after a change, so that a thousand nodes
    /// that join one after the other cost one list, not a thousand.
    audience: Option<Arc<[Member<L>]>>,
}

impl<L: Clone> Group<L> {
    pub(crate) fn new(name: Arc<str>, description: Option<String>, created_by: NodeId, created_at: i64) -> Self {
        Self { name, description, created_by, created_at, members: BTreeMap::new(), audience: None }
    }

    pub(crate) fn add(&mut self, node: NodeId, line: L) {
        self.members.insert(node, line);
        self.audience = None;
    }

    pub(crate) fn remove(&mut self, node: NodeId) -> bool {
        self.audience = None;
        self.members.remove(&node).is_some()
    }

    pub(crate) fn size(&self) -> usize {
        self.members.len()
    }

    pub(crate) fn audience(&mut self) -> Arc<[Member<L>]> {
        let members = &self.members;
        let list = self
            .audience
            .get_or_insert_with(|| members.iter().map(|(node, line)| Member { node: *node, line: line.clone() }).collect());
        Arc::clone(list)
    }
}
