//! What one plugin does must not be felt by another, nor by the gateway.

use crate::support::{Folder, normalize, status};
use std::time::Duration;
use wingman_message::{PluginFailure, PluginState};
use wingman_plugin::{PluginHost, PluginHostConfig, Slots};

const MOODY: &str = include_str!("wat/moody.wat");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_plugin_computes_for_ever_its_neighbours_calls_go_on() {
    let folder = Folder::new();
    folder.preset("moody", MOODY, "[limits]\ndeadline-ms = 30000").preset("steady", include_str!("wat/counter.wat"), "");
    let host = folder.open().await;
    let stuck: Vec<_> = (0..8)
        .map(|_| {
            let host = host.clone();
            tokio::spawn(async move { normalize(&host, "moody", "~").await })
        })
        .collect();
    // On the same threads as the stuck calls, which the test itself is not.
    let neighbour = tokio::spawn({
        let host = host.clone();
        async move {
            for _ in 0..200 {
                assert_eq!(normalize(&host, "steady", "").await.unwrap()[0].id, "1");
            }
        }
    });
    neighbour.await.unwrap();
    assert!(stuck.iter().all(|call| !call.is_finished()), "200 short calls took as long as the deadline of a stuck one");
    stuck.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_plugin_cannot_take_every_slot_and_the_host_says_when_it_is_busy() {
    let folder = Folder::new();
    folder.preset("moody", MOODY, "[limits]\ndeadline-ms = 3000").preset("steady", include_str!("wat/counter.wat"), "");
    let slots = Slots { total: 2, actors: 1, per_plugin: 1, wait: Duration::from_millis(20), pooled: true };
    let host = PluginHost::open(PluginHostConfig { slots, ..folder.config() }).await.unwrap();

    let stuck = tokio::spawn({
        let host = host.clone();
        async move { normalize(&host, "moody", "~").await }
    });
    while normalize(&host, "moody", "").await != Err(PluginFailure::Busy) {
        assert!(!stuck.is_finished(), "a second call was never refused");
    }
    assert_eq!(normalize(&host, "steady", "").await.unwrap().len(), 1);
    assert_eq!(
        (status(&host, "moody").state, status(&host, "moody").failures),
        (PluginState::Ready, 0),
        "busy is nobody's fault"
    );
    assert!(!stuck.is_finished());
    stuck.abort();
    // An abandoned call gives its slot back.
    while normalize(&host, "moody", "").await == Err(PluginFailure::Busy) {}
}

#[tokio::test]
async fn a_plugin_that_keeps_crashing_is_quarantined_and_gets_another_chance() {
    let folder = Folder::new();
    folder.preset("moody", MOODY, "");
    let host = folder.open().await;
    for _ in 0..5 {
        assert!(matches!(normalize(&host, "moody", "!").await, Err(PluginFailure::Trapped(_))));
    }
    let failure = normalize(&host, "moody", "").await.unwrap_err();
    assert!(failure.to_string().contains("`moody` is quarantined after repeated failures; the last one: the plugin crashed"));
    assert_eq!((status(&host, "moody").state, status(&host, "moody").failures), (PluginState::Quarantined, 5));

    folder.clock.advance_ms(60_000);
    assert!(matches!(normalize(&host, "moody", "!").await, Err(PluginFailure::Trapped(_))), "the trial");
    assert!(matches!(normalize(&host, "moody", "").await, Err(PluginFailure::Quarantined { .. })), "the trial failed");
    folder.clock.advance_ms(60_000);
    assert_eq!(normalize(&host, "moody", "").await, Ok(Vec::new()));
    let healed = status(&host, "moody");
    assert_eq!((healed.state, healed.failures), (PluginState::Ready, 6));
    assert!(healed.last_error.unwrap().contains("unreachable"), "what happened is still to be read");
}

#[tokio::test]
async fn many_more_calls_than_slots_are_all_served() {
    let folder = Folder::new();
    folder.preset("steady", include_str!("wat/counter.wat"), "");
    let slots = Slots { total: 4, actors: 1, per_plugin: 4, wait: Duration::from_secs(60), pooled: true };
    let host = PluginHost::open(PluginHostConfig { slots, ..folder.config() }).await.unwrap();
    let calls: Vec<_> = (0..500)
        .map(|_| {
            let host = host.clone();
            tokio::spawn(async move { normalize(&host, "steady", "").await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap()[0].id, "1");
    }
}
