//! Who is in which group. A broadcast takes a snapshot of the members, so that joining never waits for it, nor it for joining.

use super::outbox::Outbox;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// All groups, by name.
#[derive(Default)]
pub(super) struct Groups(Mutex<HashMap<String, Arc<Group>>>);

/// A group.
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    members: Mutex<Arc<[Arc<Outbox>]>>,
}

impl Groups {
    /// Adds `member` to the group called `name`, which is made where it is new.
    pub(super) fn join(&self, name: &str, member: &Arc<Outbox>) -> Arc<Group> {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let group = groups.entry(name.to_owned()).or_insert_with(|| {
            let id = uuid::Uuid::now_v7().simple().to_string();
            Arc::new(Group { id, name: name.to_owned(), members: Mutex::default() })
        });
        group.change(|members| members.push(Arc::clone(member)));
        Arc::clone(group)
    }

    /// Takes `member` out of `group`, which goes with its last member.
    pub(super) fn leave(&self, group: &Group, member: &Arc<Outbox>) {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        group.change(|members| members.retain(|other| !Arc::ptr_eq(other, member)));
        if group.members().is_empty() {
            groups.remove(&group.name);
        }
    }
}

impl Group {
    /// Everybody who is in it now.
    pub(super) fn members(&self) -> Arc<[Arc<Outbox>]> {
        Arc::clone(&self.members.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Outbox>>)) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = members.to_vec();
        change(&mut list);
        *members = list.into();
    }
}
