//! A large state: 100,000 messages in one session, and 10,000 sessions. Reading a page costs what the page costs.

use crate::fixture::{Fixture, run_id, session};
use std::time::{Duration, Instant};

/// Far above what a page takes, far below what reading everything takes, on a slow machine in a debug build.
const SOON: Duration = Duration::from_secs(1);

const FILL: &str = "
    INSERT INTO sessions (key, created_at, updated_at, source) VALUES ('agent:main:large', 1, 1, 'client');
    INSERT INTO sessions (key, created_at, updated_at, source)
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000)
        SELECT 'agent:main:' || n, n, n, 'client' FROM n;
    INSERT INTO deliveries (id, session, state, webhook, received_at, finished_at, fingerprint)
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50000)
        SELECT printf('00000000-0000-4000-8000-%012x', n), 1, 'done', 'w', n, n, zeroblob(32) FROM n;
    INSERT INTO messages (id, session, seq, delivery, role, content, created_at, status, untrusted)
        SELECT printf('00000000-0000-4000-8000-%012x', 2 * ordinal), 1, 2 * ordinal, ordinal, 'user', 'words', 1, 'complete', 0
        FROM deliveries;
    INSERT INTO messages (id, session, seq, delivery, role, content, created_at, status, untrusted)
        SELECT printf('00000000-0000-4000-8000-%012x', 2 * ordinal + 1), 1, 2 * ordinal + 1, ordinal, 'assistant', 'words', 1,
               'complete', 0
        FROM deliveries;
    INSERT INTO steps (delivery, n, entry_json) SELECT ordinal, 0, '{\"kind\":\"assistant\",\"text\":\"words\"}' FROM deliveries;
    UPDATE sessions SET message_count = 100000 WHERE id = 1;";

#[tokio::test]
async fn a_page_costs_what_the_page_costs() {
    let fixture = Fixture::new().await;
    let path = fixture.database();
    fixture.store.close().await;
    let mut connection = rusqlite::Connection::open(&path).unwrap();
    let transaction = connection.transaction().unwrap();
    transaction.execute_batch(FILL).unwrap();
    transaction.commit().unwrap();
    drop(connection);
    let fixture = fixture.reopen().await;
    let (agent, large) = (&fixture.agent, session("large"));

    let middle = agent.messages(&large, 50_000, None).await.unwrap().next.unwrap();
    let start = Instant::now();
    let page = agent.messages(&large, 100, Some(&middle)).await.unwrap();
    soon("a page of messages", start);
    assert_eq!((page.messages.len(), page.messages[99].seq), (100, 50_001));

    let start = Instant::now();
    let history = agent.history(&large, 200, run_id()).await.unwrap();
    soon("what a model is shown", start);
    assert_eq!((history.len(), history[199].1.len()), (200, 1));

    let start = Instant::now();
    let missed = agent.messages_since(&large, 40_000, 40_100, 500).await.unwrap();
    soon("what was missed", start);
    assert_eq!(missed.len(), 100);

    let first = agent.list_sessions(5_000, None).await.unwrap();
    let start = Instant::now();
    let next = agent.list_sessions(100, Some(&first[4_999].cursor())).await.unwrap();
    soon("a page of sessions", start);
    assert_eq!((next.len(), &next[0].key), (100, &session("5000")));

    let start = Instant::now();
    fixture.turn(&session("77"), "one more").await;
    soon("a turn", start);
}

fn soon(what: &str, start: Instant) {
    let took = start.elapsed();
    println!("{what}: {took:?}");
    assert!(took < SOON, "{what} took {took:?}");
}
