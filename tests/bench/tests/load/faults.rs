//! A server that loses, repeats, pauses, refuses or is not there: the generator sees it, and says so.

use crate::support::{Wrong, proxy, serve, start_floor};
use std::time::Duration;
use wingman_bench::BenchError;
use wingman_bench::modes::{fan_out, ping, webhook};

#[tokio::test]
async fn a_lost_message_is_found_in_the_middle_and_at_the_end() {
    let floor = start_floor().await;
    // Ten messages a second for half a second to four members: twenty deliveries, the last of which nothing follows.
    let options = fan_out::Options { rate: Some(10.0), drain: 0.3, ..fan_out::Options::rooms(1, 5) };
    let whole = fan_out::run(&floor.setup, &options, fan_out::Wire::Gateway).await.unwrap();
    assert_eq!(whole.figures["deliveriesLost"], 0.0, "{whole}");
    for number in [3, 20] {
        let proxy = proxy(&floor, Wrong::Drops("broadcast", number)).await;
        let report = fan_out::run(&proxy.setup, &options, fan_out::Wire::Gateway).await.unwrap();
        assert_eq!(report.figures["deliveriesLost"], 1.0, "delivery {number}: {report}");
        let problems: Vec<_> = report.all_problems().collect();
        assert!(problems.len() == 1 && problems[0].contains("1 of 20 deliveries were lost"), "{problems:?}");
    }
}

#[tokio::test]
async fn a_repeated_message_ends_the_measurement() {
    let floor = start_floor().await;
    let proxy = proxy(&floor, Wrong::Repeats("broadcast", 7)).await;
    let options = fan_out::Options { rate: Some(50.0), ..fan_out::Options::rooms(1, 3) };
    let error = fan_out::run(&proxy.setup, &options, fan_out::Wire::Gateway).await.unwrap_err();
    assert!(matches!(error, BenchError::OutOfOrder { .. }), "{error}");
}

/// A closed loop would see one slow round trip and miss all that should have happened meanwhile.
#[tokio::test]
async fn a_pause_of_the_server_is_charged_to_all_that_was_due_meanwhile() {
    let floor = start_floor().await;
    let pause = Duration::from_millis(250);
    let proxy = proxy(&floor, Wrong::Pauses("pong", 20, pause)).await;
    let report = ping::run(&proxy.setup, &ping::Options { clients: 1, rate: Some(200.0) }).await.unwrap();
    let latency = report.latency["round-trip"];
    assert!((99..=101).contains(&latency.samples), "{report}");
    assert!(latency.max_us >= 250_000.0, "{report}");
    // Half of the window was a pause: those due in it waited 125 ms in the mean, and a tenth of all waited 200 ms or more.
    assert!(latency.p90_us >= 150_000.0 && latency.mean_us >= 50_000.0, "{report}");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words() {
    let floor = start_floor().await;
    let options =
        webhook::Options { path: "/webhooks/none".to_owned(), secret: None, clients: 1, rate: None, body: String::new() };
    let error = webhook::run(&floor.setup, &options).await.unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
}

#[tokio::test]
async fn a_server_that_leaves_and_one_that_is_not_there_are_told_apart() {
    let leaves = serve(|listener| async move { while listener.accept().await.is_ok() {} }).await;
    let options = ping::Options { clients: 1, rate: None };
    let error = ping::run(&leaves.setup, &options).await.unwrap_err();
    assert!(matches!(error, BenchError::Refused(_) | BenchError::Unreachable { .. }), "{error}");
    let setup = leaves.setup.clone();
    drop(leaves);
    // The port is free when the task has been dropped, which is when a connection to it fails.
    let gone = async {
        while tokio::net::TcpStream::connect(setup.url.address()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.unwrap();
    let error = ping::run(&setup, &options).await.unwrap_err();
    assert!(matches!(error, BenchError::Unreachable { .. }), "{error}");
}
