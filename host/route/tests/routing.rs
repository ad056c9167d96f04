//! Routing is deterministic, most specific first; a naive model stands beside the real thing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use wingman_message::{AgentId, ChannelName, DmScope, Peer, PeerKind, Place};
use wingman_route::{Binding, Field, Match, Router, Tier, Verdict};

fn agent(id: &str) -> AgentId {
    AgentId::new(id).unwrap()
}

fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).unwrap()
}

fn on(name: &str) -> Match {
    Match { channel: channel(name), account: None, guild: None, team: None, peer: None }
}

fn dm(id: &str) -> Option<Peer> {
    Some(Peer { kind: PeerKind::Dm, id: id.to_owned() })
}

fn router(bindings: Vec<(&str, Match)>) -> Router {
    let bindings = bindings.into_iter().map(|(id, matches)| Binding { agent: agent(id), matches, context: true });
    Router::new(agent("fallback"), bindings.collect(), DmScope::Main)
}

#[test]
fn the_most_specific_binding_wins_wherever_it_stands() {
    let router = router(vec![
        ("by-channel", on("chat")),
        ("by-account", Match { account: Some("work".into()), ..on("chat") }),
        ("by-guild", Match { guild: Some("g1".into()), ..on("chat") }),
        ("by-peer", Match { peer: dm("u1"), ..on("chat") }),
    ]);
    let mut place = Place::of(channel("chat"));
    assert_eq!(router.route(&place).agent, agent("by-channel"));
    place.account = Some("work".into());
    assert_eq!(router.route(&place).agent, agent("by-account"));
    place.guild = Some("g1".into());
    assert_eq!(router.route(&place).agent, agent("by-guild"));
    place.peer = dm("u1");
    assert_eq!(router.route(&place).agent, agent("by-peer"));
    assert_eq!(router.route(&Place::of(channel("elsewhere"))).agent, agent("fallback"));
}

#[test]
fn among_equals_the_first_in_the_file_wins_and_ids_keep_their_case() {
    let router = router(vec![("first", on("chat")), ("second", on("chat")), ("upper", on("Chat"))]);
    assert_eq!(router.route(&Place::of(channel("chat"))).agent, agent("first"));
    assert_eq!(router.route(&Place::of(channel("Chat"))).agent, agent("upper"));
}

#[test]
fn an_explanation_says_why_the_others_lost() {
    let router = router(vec![
        ("main", on("chat")),
        ("support", Match { peer: dm("u1"), ..on("chat") }),
        ("late", Match { peer: dm("u1"), ..on("chat") }),
        ("other", Match { peer: dm("u2"), ..on("chat") }),
    ]);
    let explanation = router.explain(&Place { peer: dm("u1"), ..Place::of(channel("chat")) });
    assert_eq!(explanation.route.agent, agent("support"));
    assert_eq!(
        explanation.verdicts,
        vec![
            Verdict::LessSpecific { tier: Tier::Channel, winner: 1 },
            Verdict::Won(Tier::Peer),
            Verdict::Later { tier: Tier::Peer, winner: 1 },
            Verdict::Mismatch { field: Field::Peer, wanted: "dm:u2".into(), found: Some("dm:u1".into()) },
        ]
    );
}

/// The rule as the documentation says it, tier by tier, with no cleverness.
fn naive(bindings: &[Binding], place: &Place) -> Option<usize> {
    let matches = |binding: &&(usize, &Binding)| {
        let wanted = &binding.1.matches;
        wanted.channel == place.channel
            && (wanted.account.is_none() || wanted.account == place.account)
            && (wanted.guild.is_none() || wanted.guild == place.guild)
            && (wanted.team.is_none() || wanted.team == place.team)
            && (wanted.peer.is_none() || wanted.peer == place.peer)
    };
    let all: Vec<(usize, &Binding)> = bindings.iter().enumerate().collect();
    let find =
        |tier: &dyn Fn(&Match) -> bool| all.iter().filter(matches).find(|(_, b)| tier(&b.matches)).map(|(index, _)| *index);
    find(&|m| m.peer.is_some())
        .or_else(|| find(&|m| m.guild.is_some() || m.team.is_some()))
        .or_else(|| find(&|m| m.account.is_some()))
        .or_else(|| find(&|_| true))
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("A".to_owned())]
}

fn any_peer() -> impl Strategy<Value = Peer> {
    (prop_oneof![Just(PeerKind::Dm), Just(PeerKind::Group), Just(PeerKind::Channel)], id())
        .prop_map(|(kind, id)| Peer { kind, id })
}

prop_compose! {
    fn any_match()(
        channel_name in id(),
        account in proptest::option::of(id()),
        guild in proptest::option::of(id()),
        team in proptest::option::of(id()),
        peer in proptest::option::of(any_peer()),
    ) -> Match {
        Match { channel: channel(&channel_name), account, guild, team, peer }
    }
}

prop_compose! {
    fn any_place()(wanted in any_match(), thread in proptest::option::of(id())) -> Place {
        Place { channel: wanted.channel, account: wanted.account, guild: wanted.guild, team: wanted.team, peer: wanted.peer, thread }
    }
}

proptest! {
    #[test]
    fn routing_agrees_with_the_naive_rule(matches in proptest::collection::vec(any_match(), 0..12), place in any_place()) {
        let bindings: Vec<Binding> = matches.into_iter().enumerate()
            .map(|(index, matches)| Binding { agent: agent(&format!("agent-{index}")), matches, context: true }).collect();
        let router = Router::new(agent("fallback"), bindings.clone(), DmScope::Main);
        let route = router.route(&place);
        prop_assert_eq!(route.binding, naive(&bindings, &place));
        prop_assert_eq!(&route.agent, route.session.agent());

        let explanation = router.explain(&place);
        let won: Vec<usize> = explanation.verdicts.iter().enumerate()
            .filter(|(_, verdict)| matches!(verdict, Verdict::Won(_))).map(|(index, _)| index).collect();
        prop_assert_eq!(won, route.binding.into_iter().collect::<Vec<_>>());
        for (binding, verdict) in bindings.iter().zip(&explanation.verdicts) {
            prop_assert_eq!(binding.matches.accepts(&place), !matches!(verdict, Verdict::Mismatch { .. }));
        }
    }
}
