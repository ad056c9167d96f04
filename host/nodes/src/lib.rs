//! Nodes and groups: which programs are registered, which groups they are in, and who hears what is said in a group.
//!
//! A register in memory and nothing else: it names the lines that a message goes out on, and sends nothing itself. A line
//! is whatever the transport writes to (`L`): a socket's outbox, a poller's queue. Nothing here outlives the process, and a
//! group is gone with its last member.

#![forbid(unsafe_code)]

mod group;
mod node;
mod registry;
mod view;

pub use group::{Audience, Member};
pub use node::NewNode;
pub use registry::{GroupChoice, JoinedGroup, Limits, Nodes, Refused, Registration};
pub use view::{GroupView, NodeView, View};
