//! Stories of deliveries that come once, again, in parts, too many, or not fit to be used.

use crate::fixture::{Fixture, delivery, finish, original, request, run_id, session, state_of};
use std::collections::HashSet;
use wingman_message::{ClientId, DeliveryId, RequestId};
use wingman_store::{Accepted, DeliveryState, MAX_MESSAGES_PER_DELIVERY, StoreError};

#[tokio::test]
async fn what_was_accepted_is_there_after_a_restart_and_is_not_accepted_again() {
    let fixture = Fixture::new().await;
    let new = delivery(&session("a"), &["1", "2"]);
    let accepted = fixture.agent.accept(new.clone()).await.unwrap();
    let Accepted::New { delivery: id, ordinal, messages: 2, .. } = accepted else { panic!("{accepted:?}") };

    let fixture = fixture.reopen().await;
    let unfinished = fixture.agent.unfinished().await.unwrap();
    assert_eq!(unfinished.len(), 1);
    assert_eq!((unfinished[0].delivery, unfinished[0].ordinal, &unfinished[0].session), (id, ordinal, &session("a")));
    assert_eq!(fixture.agent.unfinished_of(&session("b")).await.unwrap(), []);
    assert_eq!(fixture.agent.unfinished_sessions().await.unwrap(), [session("a")]);

    let again = wingman_store::NewDelivery { id: DeliveryId::new(2), session: session("elsewhere"), ..new };
    let repeated = fixture.agent.accept(again).await.unwrap();
    let first = Accepted::Duplicate { delivery: id, session: session("a"), same: true, state: DeliveryState::Pending };
    assert_eq!(repeated, first);
    assert_eq!(fixture.agent.session(&session("elsewhere")).await.unwrap(), None);
}

#[tokio::test]
async fn of_a_delivery_that_was_seen_in_part_only_the_rest_is_new() {
    let fixture = Fixture::new().await;
    fixture.agent.accept(delivery(&session("a"), &["1", "2"])).await.unwrap();
    let overlapping = delivery(&session("a"), &["2", "3", "3"]);
    let id = overlapping.id;
    let accepted = fixture.agent.accept(overlapping).await.unwrap();
    assert!(matches!(accepted, Accepted::New { messages: 1, .. }), "{accepted:?}");
    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    assert_eq!(turn.user_messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>(), ["text of 3"]);
}

#[tokio::test]
async fn the_same_id_elsewhere_is_another_message() {
    let fixture = Fixture::new().await;
    fixture.agent.accept(delivery(&session("a"), &["1"])).await.unwrap();
    let mut other_account = delivery(&session("a"), &["1"]);
    other_account.messages[0].place.account = Some("second".to_owned());
    let mut other_channel = delivery(&session("a"), &["1"]);
    other_channel.messages[0].place.channel = wingman_message::ChannelName::new("hall").unwrap();
    let mut other_scope = delivery(&session("a"), &["1"]);
    other_scope.scope = "webhook:v".to_owned();
    for other in [other_account, other_channel, other_scope] {
        let accepted = fixture.agent.accept(other).await.unwrap();
        assert!(matches!(accepted, Accepted::New { messages: 1, .. }), "{accepted:?}");
    }
}

#[tokio::test]
async fn a_request_is_known_by_its_id_and_another_body_under_it_is_told_apart() {
    let fixture = Fixture::new().await;
    let first = request(&session("a"), "cli", "r1");
    fixture.agent.accept(first.clone()).await.unwrap();
    let mut other_body = request(&session("a"), "cli", "r1");
    other_body.messages[0].id = "not seen before".to_owned();
    other_body.fingerprint = [1; 32];
    let accepted = fixture.agent.accept(other_body).await.unwrap();
    assert!(matches!(accepted, Accepted::Duplicate { delivery, same: false, .. } if delivery == first.id), "{accepted:?}");

    let (client, id) = (ClientId::new("cli").unwrap(), RequestId::new("r1").unwrap());
    let record = fixture.agent.delivery_by_request(&client, &id).await.unwrap().unwrap();
    assert_eq!((record.delivery, record.state, record.fingerprint), (first.id, DeliveryState::Pending, [0; 32]));
    let stranger = ClientId::new("other").unwrap();
    assert_eq!(fixture.agent.delivery_by_request(&stranger, &id).await.unwrap(), None);
}

#[tokio::test]
async fn a_full_session_takes_no_more_until_one_is_finished() {
    let fixture = Fixture::new().await;
    let limited = |id: &str| wingman_store::NewDelivery { max_queued: 1, ..delivery(&session("a"), &[id]) };
    let first = limited("1");
    let id = first.id;
    fixture.agent.accept(first).await.unwrap();
    assert_eq!(fixture.agent.accept(limited("2")).await.unwrap(), Accepted::Full { queued: 1 });
    assert!(matches!(fixture.agent.accept(delivery(&session("b"), &["3"])).await.unwrap(), Accepted::New { .. }));
    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    assert_eq!(fixture.agent.accept(limited("2")).await.unwrap(), Accepted::Full { queued: 1 });
    fixture.agent.finish_turn(finish(id, turn.run, 2)).await.unwrap();
    // What was refused was not kept: it is new now.
    assert!(matches!(fixture.agent.accept(limited("2")).await.unwrap(), Accepted::New { messages: 1, .. }));
}

#[tokio::test]
async fn a_delivery_without_messages_is_finished_at_once() {
    let fixture = Fixture::new().await;
    let empty = delivery(&session("a"), &[]);
    let id = empty.id;
    let accepted = fixture.agent.accept(empty).await.unwrap();
    assert!(matches!(accepted, Accepted::New { messages: 0, .. }), "{accepted:?}");
    assert_eq!(state_of(&fixture.agent, id).await, Ok(DeliveryState::Done));
    assert_eq!(fixture.agent.unfinished().await.unwrap(), []);
}

#[tokio::test]
async fn a_storm_of_the_same_delivery_is_one_delivery() {
    let fixture = Fixture::new().await;
    let storm: Vec<_> = (0..32)
        .map(|_| {
            let agent = fixture.agent.clone();
            tokio::spawn(async move { agent.accept(delivery(&session("a"), &["1"])).await.unwrap() })
        })
        .collect();
    let (mut new, mut seen) = (0, HashSet::new());
    for accepted in storm {
        match accepted.await.unwrap() {
            Accepted::New { delivery, .. } => {
                new += 1;
                seen.insert(delivery);
            }
            Accepted::Duplicate { delivery, .. } => {
                seen.insert(delivery);
            }
            Accepted::Full { .. } => panic!("nothing is full"),
        }
    }
    assert_eq!((new, seen.len()), (1, 1));
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_and_leaves_nothing() {
    let fixture = Fixture::new().await;
    let ids: Vec<String> = (0..=MAX_MESSAGES_PER_DELIVERY).map(|id| id.to_string()).collect();
    let too_many = delivery(&session("a"), &ids.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(matches!(fixture.agent.accept(too_many).await, Err(StoreError::Invalid(_))));
    let foreign = delivery(&"agent:other:main".parse().unwrap(), &["1"]);
    assert!(matches!(fixture.agent.accept(foreign).await, Err(StoreError::Invalid(_))));
    let endless = wingman_message::SessionKey::thread(&crate::fixture::main_agent(), "room", &"x".repeat(2000));
    assert!(matches!(fixture.agent.accept(delivery(&endless, &["1"])).await, Err(StoreError::Invalid(_))));
    let first = delivery(&session("a"), &["1"]);
    let same_id = wingman_store::NewDelivery { id: first.id, ..delivery(&session("b"), &["2"]) };
    fixture.agent.accept(first).await.unwrap();
    assert!(matches!(fixture.agent.accept(same_id).await, Err(StoreError::AlreadyThere(_))));
    assert_eq!(fixture.agent.session(&session("b")).await.unwrap(), None);
    assert_eq!(fixture.agent.unfinished().await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_a_delivery_that_waits_can_be_cancelled() {
    let fixture = Fixture::new().await;
    let (waiting, running) = (delivery(&session("a"), &["1"]), delivery(&session("a"), &["2"]));
    let (waits, runs) = (waiting.id, running.id);
    fixture.agent.accept(waiting.clone()).await.unwrap();
    fixture.agent.accept(running).await.unwrap();
    fixture.agent.begin_turn(runs, run_id(), 1).await.unwrap();
    assert_eq!(fixture.agent.cancel_pending(waits).await, Ok(true));
    assert_eq!(fixture.agent.cancel_pending(waits).await, Ok(false));
    assert_eq!(fixture.agent.cancel_pending(runs).await, Ok(false));
    assert_eq!(fixture.agent.cancel_pending(DeliveryId::new(9)).await, Ok(false));
    assert_eq!(state_of(&fixture.agent, waits).await, Ok(DeliveryState::Cancelled));
    assert_eq!(fixture.agent.begin_turn(waits, run_id(), 9).await, Err(StoreError::Finished(waits)));
    let again = fixture.agent.accept(waiting).await.unwrap();
    assert!(matches!(again, Accepted::Duplicate { state: DeliveryState::Cancelled, .. }), "{again:?}");
}

#[tokio::test]
async fn a_delivery_is_kept_as_it_came_until_its_turn_has_ended() {
    let fixture = Fixture::new().await;
    let raw = Some(original("application/json", b"{}".to_vec()));
    let new = wingman_store::NewDelivery { raw: raw.clone(), ..delivery(&session("a"), &["1"]) };
    let id = new.id;
    fixture.agent.accept(new).await.unwrap();
    assert_eq!(fixture.agent.original(id).await.unwrap(), raw);
    let turn = fixture.agent.begin_turn(id, run_id(), 1).await.unwrap();
    assert_eq!(fixture.agent.original(id).await.unwrap(), raw);
    fixture.agent.finish_turn(finish(id, turn.run, 2)).await.unwrap();
    assert_eq!(fixture.agent.original(id).await.unwrap(), None);
}

#[tokio::test]
async fn dead_letters_keep_their_bytes_and_use_up_no_ids_and_the_oldest_make_room() {
    let fixture = Fixture::new().await;
    let raw = Some(original("text/plain", b"garbage".to_vec()));
    let letter = || wingman_store::NewDelivery { raw: raw.clone(), ..delivery(&session("a"), &["1"]) };
    let first = letter();
    let oldest = first.id;
    fixture.agent.dead_letter(first, "the plugin crashed".to_owned()).await.unwrap();
    let record = fixture.agent.delivery(oldest).await.unwrap().unwrap();
    assert_eq!((record.state, record.error.as_deref()), (DeliveryState::Failed, Some("the plugin crashed")));
    assert_eq!(fixture.agent.original(oldest).await.unwrap(), raw);
    assert_eq!(fixture.agent.session(&session("a")).await.unwrap(), None);
    assert!(matches!(fixture.agent.accept(delivery(&session("a"), &["1"])).await.unwrap(), Accepted::New { .. }));

    let mut newest = oldest;
    let mut letters = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let (agent, letter) = (fixture.agent.clone(), letter());
        newest = letter.id;
        letters.spawn(async move { agent.dead_letter(letter, "again".to_owned()).await });
    }
    while let Some(kept) = letters.join_next().await {
        kept.unwrap().unwrap();
    }
    assert_eq!(fixture.agent.delivery(oldest).await.unwrap(), None);
    assert_eq!(fixture.agent.original(oldest).await.unwrap(), None);
    assert!(fixture.agent.delivery(newest).await.unwrap().is_some());
}
