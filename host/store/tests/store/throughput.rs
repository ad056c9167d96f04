//! How many webhook deliveries are accepted in a second, alone and many at once, beside the barest insert that is as durable.
//! Prints figures and proves nothing: `cargo test -p wingman-store --test store -- throughput --ignored --nocapture`.

use crate::fixture::{Fixture, delivery, session};
use std::time::Instant;
use wingman_message::{Clock as _, DeliveryId, SystemClock};
use wingman_store::{Accepted, NewDelivery};

const BODY: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn accepts_in_a_second() {
    println!("bare insert, one a commit:    {:>8.0}/s", bare(1, 1_000));
    println!("bare insert, 32 a commit:     {:>8.0}/s", bare(32, 16_000));
    println!("accept, 1 caller:             {:>8.0}/s", accepts(1, 1_000).await);
    println!("accept, 32 callers:           {:>8.0}/s", accepts(32, 16_000).await);
    println!("accept, 128 callers:          {:>8.0}/s", accepts(128, 32_000).await);
}

fn bare(batch: usize, count: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("bare.db")).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE t (id INTEGER PRIMARY KEY, inbound TEXT UNIQUE, body TEXT, raw BLOB)",
        )
        .unwrap();
    let body = "x".repeat(BODY);
    let start = Instant::now();
    for first in (0..count).step_by(batch) {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for n in first..first + batch {
            connection
                .prepare_cached("INSERT INTO t (inbound, body, raw) VALUES (?1, ?2, ?3)")
                .unwrap()
                .execute(rusqlite::params![n.to_string(), body, body.as_bytes()])
                .unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
    }
    count as f64 / start.elapsed().as_secs_f64()
}

async fn accepts(callers: usize, count: usize) -> f64 {
    let fixture = Fixture::new().await;
    let raw = Some(crate::fixture::original("application/json", "x".repeat(BODY).into_bytes()));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..callers {
        let (agent, raw) = (fixture.agent.clone(), raw.clone());
        tasks.spawn(async move {
            for n in 0..count / callers {
                // As long a queue as a gateway lets grow.
                let mut new = delivery(&session(&format!("{caller}-{}", n / 50)), &[&format!("{caller}-{n}")]);
                // Of its time, so that ids come in order, as they do in a gateway.
                new.id = DeliveryId::new(SystemClock.now_ms());
                new.messages[0].text = "x".repeat(BODY);
                let accepted = agent.accept(NewDelivery { raw: raw.clone(), max_queued: 50, ..new }).await;
                assert!(matches!(accepted, Ok(Accepted::New { .. })));
            }
        });
    }
    tasks.join_all().await;
    count as f64 / start.elapsed().as_secs_f64()
}
