//! The register, and its rules.

use crate::group::{Audience, Group};
use crate::node::{NewNode, Node};
use crate::view::{GroupView, NodeView, View};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wingman_message::{GroupId, NodeId};

/// The most groups that one node may be in.
const GROUPS_PER_NODE: usize = 256;

/// How many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nodes.
    pub nodes: usize,
    /// Groups.
    pub groups: usize,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There are as many nodes as there may be.
    #[error("{limit} nodes are registered, and the gateway takes no more (`limits.nodes`); try again when one has left")]
    TooManyNodes {
        /// How many there may be.
        limit: usize,
    },
    /// There are as many groups as there may be.
    #[error("there are {limit} groups, and the gateway takes no more (`limits.groups`); join one that exists")]
    TooManyGroups {
        /// How many there may be.
        limit: usize,
    },
    /// The node is in as many groups as it may be.
    #[error("a node can be in {GROUPS_PER_NODE} groups at once; leave one first")]
    TooManyMemberships,
    /// No such group, and none was to be made.
    #[error("there is no group {0:?}; `join_group` with `groupName` makes one")]
    UnknownGroup(String),
    /// The node is not in the group.
    #[error("this node is not a member of the group; `join_group` first")]
    NotAMember,
    /// No such node.
    #[error("there is no node {0:?}; `/stats` lists those there are")]
    UnknownNode(String),
    /// The node itself is not registered any more.
    #[error("this node is not registered; `register` first")]
    NotRegistered,
}

/// Which group to join.
#[derive(Debug, Clone, Copy)]
pub enum GroupChoice<'a> {
    /// The one with this id.
    Id(&'a str),
    /// The one with this name.
    Name {
        /// The name, compared exactly as written.
        name: &'a str,
        /// Make the group where there is none.
        create: bool,
        /// What a new group is for.
        description: Option<&'a str>,
    },
}

/// A group that a node is in now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedGroup {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub name: Arc<str>,
}

/// All nodes and groups. `L` is the line on which a node is reached; it should be cheap to clone.
pub struct Nodes<L> {
    limits: Limits,
    /// Held to look and to change, never across an await, and never while something is sent.
    state: Mutex<State<L>>,
}

struct State<L> {
    nodes: HashMap<NodeId, Node<L>>,
    groups: HashMap<GroupId, Group<L>>,
    by_name: HashMap<Arc<str>, GroupId>,
}

impl<L: Clone> Nodes<L> {
    /// An empty register.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let state = State { nodes: HashMap::new(), groups: HashMap::new(), by_name: HashMap::new() };
        Self { limits, state: Mutex::new(state) }
    }

    /// Registers a node that is reached on `line`, for as long as the registration is held.
    ///
    /// # Errors
    /// [`Refused::TooManyNodes`]
    pub fn register(self: &Arc<Self>, about: NewNode, line: L, now_ms: i64) -> Result<Registration<L>, Refused> {
        let mut state = self.lock();
        if state.nodes.len() >= self.limits.nodes {
            return Err(Refused::TooManyNodes { limit: self.limits.nodes });
        }
        let id = NodeId::random();
        state.nodes.insert(id, Node { about, connected_at: now_ms, line, groups: BTreeSet::new() });
        Ok(Registration { nodes: Arc::clone(self), id })
    }

    /// The line of the node that is called `target`.
    ///
    /// # Errors
    /// [`Refused::UnknownNode`]
    pub fn line(&self, target: &str) -> Result<(NodeId, L), Refused> {
        let id = target.parse::<NodeId>().ok();
        let state = self.lock();
        id.and_then(|id| state.nodes.get(&id).map(|node| (id, node.line.clone())))
            .ok_or_else(|| Refused::UnknownNode(shortened(target)))
    }

    /// How many nodes and how many groups there are.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let state = self.lock();
        (state.nodes.len(), state.groups.len())
    }

    /// Everything, for those who list it.
    #[must_use]
    pub fn view(&self) -> View {
        let state = self.lock();
        let mut nodes = state.nodes.iter().map(|(id, node)| node_view(*id, node)).collect::<Vec<_>>();
        let mut groups = state.groups.iter().map(|(id, group)| group_view(*id, group)).collect::<Vec<_>>();
        drop(state);
        nodes.sort_by_key(|node| (node.connected_at, node.id));
        groups.sort_by_key(|group| (group.created_at, group.id));
        View { nodes, groups }
    }

    fn lock(&self) -> MutexGuard<'_, State<L>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A node's place in the register, and the only way to change it. Dropping it takes the node out of all groups, and out.
pub struct Registration<L: Clone> {
    nodes: Arc<Nodes<L>>,
    id: NodeId,
}

impl<L: Clone> Registration<L> {
    /// The node's id.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The node says anew who it is. Its id, its groups and the time of its coming stay.
    pub fn update(&self, about: NewNode) {
        if let Some(node) = self.nodes.lock().nodes.get_mut(&self.id) {
            node.about = about;
        }
    }

    /// Joins a group. Joining one again changes nothing.
    ///
    /// # Errors
    /// [`Refused::UnknownGroup`], [`Refused::TooManyGroups`], [`Refused::TooManyMemberships`]
    pub fn join(&self, choice: GroupChoice<'_>, now_ms: i64) -> Result<JoinedGroup, Refused> {
        let mut state = self.nodes.lock();
        let State { nodes, groups, by_name } = &mut *state;
        let node = nodes.get_mut(&self.id).ok_or(Refused::NotRegistered)?;
        let found = match choice {
            GroupChoice::Id(id) => id.parse().ok().filter(|id| groups.contains_key(id)),
            GroupChoice::Name { name, .. } => by_name.get(name).copied(),
        };
        let is_full = node.groups.len() >= GROUPS_PER_NODE && found.is_none_or(|id| !node.groups.contains(&id));
        let (id, group) = match (found, choice) {
            (_, _) if is_full => return Err(Refused::TooManyMemberships),
            (Some(id), _) => (id, groups.get_mut(&id)),
            (None, GroupChoice::Name { name, create: true, description }) => {
                if groups.len() >= self.nodes.limits.groups {
                    return Err(Refused::TooManyGroups { limit: self.nodes.limits.groups });
                }
                let (id, name) = (GroupId::random(), Arc::<str>::from(name));
                by_name.insert(Arc::clone(&name), id);
                let group = Group::new(name, description.map(str::to_owned), self.id, now_ms);
                (id, Some(groups.entry(id).or_insert(group)))
            }
            (None, GroupChoice::Id(unknown) | GroupChoice::Name { name: unknown, .. }) => {
                return Err(Refused::UnknownGroup(shortened(unknown)));
            }
        };
        let Some(group) = group else { return Err(Refused::UnknownGroup(id.to_string())) };
        if node.groups.insert(id) {
            group.add(self.id, node.line.clone());
        }
        Ok(JoinedGroup { id, name: Arc::clone(&group.name) })
    }

    /// Leaves a group, which is gone if nobody else is in it.
    ///
    /// # Errors
    /// [`Refused::UnknownGroup`], [`Refused::NotAMember`]
    pub fn leave(&self, group: &str) -> Result<GroupId, Refused> {
        let mut state = self.nodes.lock();
        let id = state.group(group)?;
        state.take_out(self.id, id).then_some(id).ok_or(Refused::NotAMember)
    }

    /// All members of a group that this node is in, itself included.
    ///
    /// # Errors
    /// [`Refused::UnknownGroup`], [`Refused::NotAMember`]
    pub fn audience(&self, group: &str) -> Result<Audience<L>, Refused> {
        let mut state = self.nodes.lock();
        let id = state.group(group)?;
        let State { nodes, groups, .. } = &mut *state;
        let is_member = nodes.get(&self.id).is_some_and(|node| node.groups.contains(&id));
        match groups.get_mut(&id) {
            Some(group) if is_member => Ok(Audience { group: id, members: group.audience() }),
            _ => Err(Refused::NotAMember),
        }
    }
}

impl<L: Clone> Drop for Registration<L> {
    fn drop(&mut self) {
        let mut state = self.nodes.lock();
        if let Some(node) = state.nodes.get(&self.id) {
            for group in node.groups.clone() {
                state.take_out(self.id, group);
            }
        }
        state.nodes.remove(&self.id);
    }
}

impl<L: Clone> State<L> {
    fn group(&self, id: &str) -> Result<GroupId, Refused> {
        let known = id.parse().ok().filter(|id| self.groups.contains_key(id));
        known.ok_or_else(|| Refused::UnknownGroup(shortened(id)))
    }

    /// False where the node was not in the group.
    fn take_out(&mut self, node: NodeId, id: GroupId) -> bool {
        if let Some(node) = self.nodes.get_mut(&node) {
            node.groups.remove(&id);
        }
        let Some(group) = self.groups.get_mut(&id) else { return false };
        let was_member = group.remove(node);
        if group.size() == 0
            && let Some(empty) = self.groups.remove(&id)
        {
            self.by_name.remove(&empty.name);
        }
        was_member
    }
}

fn node_view<L>(id: NodeId, node: &Node<L>) -> NodeView {
    let groups = node.groups.iter().copied().collect();
    NodeView { id, about: node.about.clone(), groups, connected_at: node.connected_at }
}

fn group_view<L: Clone>(id: GroupId, group: &Group<L>) -> GroupView {
    let Group { name, description, created_by, created_at, .. } = group;
    let (name, description) = (name.as_ref().to_owned(), description.clone());
    GroupView { id, name, description, created_by: *created_by, created_at: *created_at, members: group.size() }
}

/// What a stranger wrote, short enough to be repeated to them.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
