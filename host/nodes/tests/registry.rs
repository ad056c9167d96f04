//! Nodes come, join, leave and go; after each step the register says what a naive model says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wingman_nodes::{GroupChoice, Limits, NewNode, Nodes, Refused, Registration};

const ROOMY: Limits = Limits { nodes: 100, groups: 100 };

fn nodes(limits: Limits) -> Arc<Nodes<u32>> {
    Arc::new(Nodes::new(limits))
}

fn named(name: &str) -> NewNode {
    NewNode { name: name.into(), ..NewNode::default() }
}

fn by_name(name: &str) -> GroupChoice<'_> {
    GroupChoice::Name { name, create: true, description: None }
}

fn lines(registration: &Registration<u32>, group: &str) -> BTreeSet<u32> {
    registration.audience(group).unwrap().members.iter().map(|member| member.line).collect()
}

#[test]
fn what_is_said_in_a_group_reaches_its_members_alone() {
    let nodes = nodes(ROOMY);
    let [ada, ben, eve] = [1, 2, 3].map(|line| nodes.register(named("n"), line, 0).unwrap());
    let group = ada.join(by_name("reviewers"), 5).unwrap();
    assert_eq!(ben.join(by_name("reviewers"), 6).unwrap(), group);
    assert_eq!(lines(&ada, &group.id.to_string()), BTreeSet::from([1, 2]));
    assert_eq!(eve.audience(&group.id.to_string()).unwrap_err(), Refused::NotAMember);
    assert_eq!(eve.leave(&group.id.to_string()), Err(Refused::NotAMember));
    assert_eq!(eve.audience("reviewers").unwrap_err(), Refused::UnknownGroup("reviewers".into()), "a name is no id");
    drop(ben);
    assert_eq!(lines(&ada, &group.id.to_string()), BTreeSet::from([1]), "who is gone hears nothing");
}

#[test]
fn a_group_is_gone_with_its_last_member() {
    let nodes = nodes(ROOMY);
    let ada = nodes.register(named("ada"), 1, 0).unwrap();
    let first = ada.join(by_name("g"), 0).unwrap();
    ada.leave(&first.id.to_string()).unwrap();
    assert_eq!(nodes.count(), (1, 0));
    let second = ada.join(by_name("g"), 0).unwrap();
    assert_ne!(first.id, second.id, "a new group, not the old one");
    drop(ada);
    assert_eq!(nodes.count(), (0, 0));
    assert!(nodes.view().groups.is_empty());
}

#[test]
fn a_group_is_made_only_where_that_is_wanted() {
    let nodes = nodes(ROOMY);
    let ada = nodes.register(named("ada"), 1, 0).unwrap();
    let there = GroupChoice::Name { name: "g", create: false, description: None };
    assert_eq!(ada.join(there, 0), Err(Refused::UnknownGroup("g".into())));
    let made = ada.join(GroupChoice::Name { name: "g", create: true, description: Some("for tests") }, 7).unwrap();
    let view = nodes.view();
    assert_eq!((view.groups[0].description.as_deref(), view.groups[0].created_by), (Some("for tests"), ada.id()));
    let ben = nodes.register(named("ben"), 2, 1).unwrap();
    assert_eq!(ben.join(there, 0).unwrap(), made);
    assert_eq!(ben.join(GroupChoice::Id(&made.id.to_string()), 0).unwrap(), made, "again, by id: nothing changes");
    assert_eq!(nodes.view().groups[0].members, 2);
}

#[test]
fn everything_is_bounded() {
    let nodes = nodes(Limits { nodes: 2, groups: 1 });
    let ada = nodes.register(named("ada"), 1, 0).unwrap();
    let ben = nodes.register(named("ben"), 2, 0).unwrap();
    assert_eq!(nodes.register(named("eve"), 3, 0).err(), Some(Refused::TooManyNodes { limit: 2 }));
    ada.join(by_name("one"), 0).unwrap();
    assert_eq!(ada.join(by_name("two"), 0), Err(Refused::TooManyGroups { limit: 1 }));
    drop(ben);
    assert!(nodes.register(named("eve"), 3, 0).is_ok(), "who leaves makes room");
}

#[test]
fn one_node_cannot_be_in_groups_without_end() {
    let nodes = nodes(Limits { nodes: 1, groups: 10_000 });
    let ada = nodes.register(named("ada"), 1, 0).unwrap();
    let joined = (0..1000).take_while(|n| ada.join(by_name(&n.to_string()), 0).is_ok()).count();
    assert_eq!(joined, 256);
    assert_eq!(ada.join(by_name("x"), 0), Err(Refused::TooManyMemberships));
    assert!(ada.join(by_name("7"), 0).is_ok(), "one that it is in already");
}

#[test]
fn a_second_registration_changes_who_it_is_and_nothing_else() {
    let nodes = nodes(ROOMY);
    let ada = nodes.register(named("ada"), 1, 5).unwrap();
    let group = ada.join(by_name("g"), 6).unwrap();
    ada.update(NewNode { capabilities: vec!["shell".into()], ..named("lovelace") });
    let view = nodes.view();
    assert_eq!((view.nodes.len(), view.nodes[0].about.name.as_str()), (1, "lovelace"));
    assert_eq!((view.nodes[0].connected_at, view.nodes[0].groups.as_slice()), (5, &[group.id][..]));
}

#[test]
fn a_message_for_one_finds_its_line_or_says_that_there_is_none() {
    let nodes = nodes(ROOMY);
    let ada = nodes.register(named("ada"), 41, 0).unwrap();
    assert_eq!(nodes.line(&ada.id().to_string()), Ok((ada.id(), 41)));
    for nobody in ["", "ada", "00000000000000000000000000000000"] {
        assert_eq!(nodes.line(nobody).unwrap_err(), Refused::UnknownNode(nobody.into()));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Register,
    Drop(usize),
    Join(usize, u8),
    Leave(usize, u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Register),
        any::<usize>().prop_map(Step::Drop),
        (any::<usize>(), 0..4_u8).prop_map(|(node, group)| Step::Join(node, group)),
        (any::<usize>(), 0..4_u8).prop_map(|(node, group)| Step::Leave(node, group)),
    ]
}

proptest! {
    /// The model: a node is a line and the names of its groups.
    #[test]
    fn the_register_does_what_a_naive_model_does(steps in proptest::collection::vec(step(), 1..60)) {
        let nodes = nodes(Limits { nodes: 6, groups: 3 });
        let mut held: Vec<(Registration<u32>, u32, BTreeMap<String, String>)> = Vec::new();
        for (at, step) in (0_u32..).zip(steps) {
            let groups = |held: &[(Registration<u32>, u32, BTreeMap<String, String>)]| {
                held.iter().flat_map(|(_, _, groups)| groups.keys().cloned()).collect::<BTreeSet<_>>()
            };
            match step {
                Step::Register => match nodes.register(named("n"), at, 0) {
                    Ok(registration) => held.push((registration, at, BTreeMap::new())),
                    Err(refused) => {
                        prop_assert_eq!(refused, Refused::TooManyNodes { limit: 6 });
                        prop_assert_eq!(held.len(), 6);
                    }
                },
                Step::Drop(node) if !held.is_empty() => drop(held.swap_remove(node % held.len())),
                Step::Join(node, group) if !held.is_empty() => {
                    let node = node % held.len();
                    let name = group.to_string();
                    let there = groups(&held);
                    match held[node].0.join(by_name(&name), 0) {
                        Ok(joined) => drop(held[node].2.insert(name, joined.id.to_string())),
                        Err(refused) => {
                            prop_assert_eq!(refused, Refused::TooManyGroups { limit: 3 });
                            prop_assert!(there.len() == 3 && !there.contains(&name));
                        }
                    }
                }
                Step::Leave(node, group) if !held.is_empty() => {
                    let node = node % held.len();
                    if let Some(id) = held[node].2.remove(&group.to_string()) {
                        prop_assert!(held[node].0.leave(&id).is_ok());
                    }
                }
                _ => {}
            }
            prop_assert_eq!(nodes.count(), (held.len(), groups(&held).len()));
            for (registration, _, groups) in &held {
                for (name, id) in groups {
                    let expected = held.iter().filter(|(_, _, of)| of.contains_key(name)).map(|(_, line, _)| *line);
                    prop_assert_eq!(lines(registration, id), expected.collect::<BTreeSet<_>>());
                }
            }
        }
    }
}
