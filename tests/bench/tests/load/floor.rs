//! Every mode that the floor serves, in small numbers: the figures add up, and what is asked for is done.

use crate::support::start_floor;
use wingman_bench::modes::{connect, fan_out, idle, mixed, ping, webhook};
use wingman_bench::{First, Setup};

#[tokio::test]
async fn round_trips_are_counted_and_timed_in_a_closed_loop() {
    let floor = start_floor().await;
    let report = ping::run(&floor.setup, &ping::Options { clients: 4, rate: None }).await.unwrap();
    assert!(report.count > 100, "{report}");
    let latency = report.latency["round-trip"];
    assert!(latency.samples >= report.count && latency.p50_us > 0.0 && latency.p50_us <= latency.max_us, "{report}");
}

#[tokio::test]
async fn a_paced_run_does_what_it_was_asked_for_and_no_more() {
    let floor = start_floor().await;
    let report = ping::run(&floor.setup, &ping::Options { clients: 5, rate: Some(200.0) }).await.unwrap();
    // All that were due are measured; one may end behind the window.
    assert!((95..=101).contains(&report.latency["round-trip"].samples), "{report}");
}

#[tokio::test]
async fn connections_are_opened_as_clients_and_as_nodes() {
    let floor = start_floor().await;
    for first in [First::Connect, First::Register] {
        let setup = Setup { first, ..floor.setup.clone() };
        let report = connect::run(&setup, &connect::Options { clients: 2, rate: None }).await.unwrap();
        assert!(report.count > 10, "{report}");
    }
}

#[tokio::test]
async fn idle_connections_are_held_and_the_servers_memory_is_told() {
    let floor = start_floor().await;
    let setup = Setup { pid: Some(std::process::id()), ..floor.setup.clone() };
    let report = idle::run(&setup, &idle::Options { clients: 50 }).await.unwrap();
    assert_eq!(report.latency["last-ping"].samples, 50);
    let server = report.cost.server.unwrap();
    assert!(server.peak_rss_bytes > 1 << 20 && server.peak_pss_bytes > 1 << 20, "{report}");
}

#[tokio::test]
async fn a_saturated_fan_out_reaches_every_other_member_of_every_room() {
    let floor = start_floor().await;
    let options = fan_out::Options { publishers: 2, ..fan_out::Options::rooms(3, 10) };
    let report = fan_out::run(&floor.setup, &options, fan_out::Wire::Gateway).await.unwrap();
    assert_eq!(report.all_problems().count(), 0, "{report}");
    assert_eq!(report.clients, 30);
    let sent = report.figures["messagesSent"];
    assert!(sent > 500.0 && sent * 9.0 >= report.count as f64, "{report}");
}

#[tokio::test]
async fn publishers_who_wait_for_nobody_are_held_back_and_nothing_is_lost() {
    let floor = start_floor().await;
    // Large messages: what the kernel takes of them has to be delivered after the window.
    let options = fan_out::Options { in_flight: 0, publishers: 3, size: 8_192, ..fan_out::Options::rooms(1, 20) };
    let report = fan_out::run(&floor.setup, &options, fan_out::Wire::Gateway).await.unwrap();
    assert_eq!(report.all_problems().count(), 0, "{report}");
    assert!(report.figures["messagesSent"] > 100.0, "{report}");
}

#[tokio::test]
async fn a_paced_fan_out_measures_every_delivery() {
    let floor = start_floor().await;
    let options = fan_out::Options { rate: Some(100.0), ..fan_out::Options::rooms(2, 5) };
    let report = fan_out::run(&floor.setup, &options, fan_out::Wire::Gateway).await.unwrap();
    let sent = report.figures["messagesSent"];
    assert!((98.0..=101.0).contains(&sent), "{report}");
    assert_eq!(report.latency["delivery"].samples as f64, sent * 4.0, "{report}");
}

#[tokio::test]
async fn rows_are_inserted_and_each_request_is_answered() {
    let floor = start_floor().await;
    let options =
        webhook::Options { path: "/insert".to_owned(), secret: None, clients: 8, rate: None, body: r#"{"id":"{n}"}"#.to_owned() };
    let report = webhook::run(&floor.setup, &options).await.unwrap();
    assert!(report.count > 10, "{report}");
}

#[tokio::test]
async fn several_modes_run_at_once() {
    let floor = start_floor().await;
    let options = mixed::Options {
        pingers: 10,
        rooms: 2,
        members: 5,
        rate: 20.0,
        webhook: Some("/insert".to_owned()),
        secret: None,
        webhook_rate: 20.0,
        agent: None,
        read_rate: None,
    };
    let report = mixed::run(&floor.setup, &options).await.unwrap();
    let modes: Vec<_> = report.parts.iter().map(|part| (part.mode.as_str(), part.count > 0)).collect();
    assert_eq!(modes, [("ping", true), ("fan-out", true), ("webhook", true)], "{report}");
    let again: wingman_bench::Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(again.parts.len(), 3, "a report can be read back");
}
