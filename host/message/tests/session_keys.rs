//! Session keys follow the published table, and no id from outside can forge another conversation's key.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use proptest::prelude::*;
use wingman_message::{AgentId, ChannelName, DmScope, Peer, PeerKind, Place, SessionKey, WebhookId};

fn agent(id: &str) -> AgentId {
    AgentId::new(id).unwrap()
}

fn place(channel: &str) -> Place {
    Place::of(ChannelName::new(channel).unwrap())
}

fn peer(kind: PeerKind, id: &str) -> Option<Peer> {
    Some(Peer { kind, id: id.to_owned() })
}

#[test]
fn keys_follow_the_published_table() {
    let main = agent("main");
    let key = |place: &Place| SessionKey::for_place(&main, place, DmScope::Main).to_string();

    assert_eq!(key(&Place { peer: peer(PeerKind::Dm, "u1"), ..place("chat") }), "agent:main:main");
    assert_eq!(key(&Place { peer: peer(PeerKind::Channel, "123456"), ..place("chat") }), "agent:main:chat:channel:123456");
    assert_eq!(
        key(&Place { peer: peer(PeerKind::Channel, "123456"), thread: Some("789".into()), ..place("chat") }),
        "agent:main:chat:channel:123456:thread:789"
    );
    assert_eq!(
        SessionKey::for_place(
            &agent("support"),
            &Place { peer: peer(PeerKind::Group, "1203@g.us"), ..place("phone") },
            DmScope::Main
        )
        .as_str(),
        "agent:support:phone:group:1203@g.us"
    );
    assert_eq!(
        key(&Place { account: Some("work".into()), peer: peer(PeerKind::Group, "g"), ..place("chat") }),
        "agent:main:chat:account:work:group:g"
    );
    assert_eq!(SessionKey::webhook(&main, &WebhookId::new("mail").unwrap()).as_str(), "agent:main:webhook:mail");
}

#[test]
fn a_task_that_is_handed_over_has_a_session_of_its_own() {
    let run: wingman_message::RunId = "0190c8a0-5b7e-7a10-8000-0000000000b1".parse().unwrap();
    let key = SessionKey::delegate(&agent("planner"), &agent("main"), run, 3);
    assert_eq!(key.as_str(), "agent:planner:delegate:main:0190c8a0-5b7e-7a10-8000-0000000000b1:3");
    assert!(key.is_delegate() && key.as_str().parse::<SessionKey>().unwrap().is_delegate());
    // A channel may be called what it likes.
    let room = Place { peer: peer(PeerKind::Group, "7"), thread: Some("8".into()), ..place("delegate") };
    assert!(!SessionKey::for_place(&agent("planner"), &room, DmScope::Main).is_delegate());
    assert!(!SessionKey::main(&agent("delegate")).is_delegate());
}

#[test]
fn direct_messages_part_when_the_operator_says_so() {
    let dm = Place { peer: peer(PeerKind::Dm, "u1"), ..place("chat") };
    assert_eq!(SessionKey::for_place(&agent("main"), &dm, DmScope::PerPeer).as_str(), "agent:main:chat:dm:u1");
}

#[test]
fn an_id_cannot_pretend_to_be_a_thread() {
    let forged = Place { peer: peer(PeerKind::Channel, "1:thread:2"), ..place("chat") };
    let honest = Place { peer: peer(PeerKind::Channel, "1"), thread: Some("2".into()), ..place("chat") };
    let key = |place| SessionKey::for_place(&agent("main"), place, DmScope::Main);
    assert_eq!(key(&forged).as_str(), "agent:main:chat:channel:1%3Athread%3A2");
    assert_ne!(key(&forged), key(&honest));
}

#[test]
fn text_that_is_no_key_is_refused() {
    for bad in ["", "agent", "agent:", "agent:main", "agent:main:", "agent:../x:main", "user:main:main", "agent:main:a\nb"] {
        assert!(bad.parse::<SessionKey>().is_err(), "{bad:?} was accepted");
    }
}

fn any_place() -> impl Strategy<Value = Place> {
    let id =
        || prop_oneof![Just("1".to_owned()), Just("thread".to_owned()), Just("1:thread:2".to_owned()), "[a:%]{1,4}", "\\PC{1,6}"];
    let kind = prop_oneof![Just(PeerKind::Dm), Just(PeerKind::Group), Just(PeerKind::Channel)];
    (
        prop_oneof![Just("chat".to_owned()), Just("webhook".to_owned()), Just("main".to_owned()), "[a:]{1,3}"],
        proptest::option::of(id()),
        proptest::option::of(id()),
        proptest::option::of(id()),
        proptest::option::of((kind, id())),
        proptest::option::of(id()),
    )
        .prop_map(|(channel, account, guild, team, peer, thread)| Place {
            account,
            guild,
            team,
            peer: peer.map(|(kind, id)| Peer { kind, id }),
            thread,
            ..place(&channel)
        })
}

/// What makes two places the same conversation, written the slow and obvious way.
fn conversation(place: &Place) -> Vec<Option<String>> {
    let is_dm = place.peer.as_ref().is_none_or(|peer| peer.kind == PeerKind::Dm);
    let nowhere = place.peer.is_none() && (place.guild.is_some() || place.team.is_some());
    if is_dm && !nowhere && place.thread.is_none() {
        return vec![];
    }
    let (guild, team) = if place.peer.is_none() { (place.guild.clone(), place.team.clone()) } else { (None, None) };
    vec![
        Some(place.channel.to_string()),
        place.account.clone(),
        guild,
        team,
        place.peer.as_ref().map(|peer| format!("{} {}", peer.kind.as_str(), peer.id)),
        place.thread.clone(),
    ]
}

proptest! {
    #[test]
    fn two_places_share_a_key_only_if_they_are_one_conversation(a in any_place(), b in any_place()) {
        let key = |place| SessionKey::for_place(&agent("main"), place, DmScope::Main);
        prop_assert_eq!(key(&a) == key(&b), conversation(&a) == conversation(&b));
    }

    #[test]
    fn a_place_never_lands_in_a_webhooks_session(a in any_place(), id in "[a-z]{1,8}") {
        prop_assert_ne!(
            SessionKey::for_place(&agent("main"), &a, DmScope::Main),
            SessionKey::webhook(&agent("main"), &WebhookId::new(id).unwrap())
        );
    }

    #[test]
    fn every_key_reads_back(a in any_place()) {
        let key = SessionKey::for_place(&agent("main"), &a, DmScope::PerPeer);
        prop_assert_eq!(key.as_str().parse::<SessionKey>().unwrap(), key);
    }
}
