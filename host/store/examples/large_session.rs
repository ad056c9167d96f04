//! What a session costs by its length. `cargo run --release -p wingman-store --example large_session`
//!
//! Prints medians of opening a session (its record, its first page) and of a page in its middle, for 100 and for 100,000 messages;
//! and what an old database costs at the start: `... --example large_session -- migrate 1000000`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement ends where it fails")]

use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wingman_message::{AgentId, MessageStatus, Role, SessionKey, SystemClock};
use wingman_store::{AgentStore, CopiedMessage, MessageCursor, NewCopy, Store};

const ROUNDS: usize = 201;
const PAGE: usize = 200;
const BATCH: usize = 500;
const WORDS: &str = "the quick brown fox jumps over a lazy dog and asks what the weather in the mountains will be like tomorrow ";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("migrate") => migrate(arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1_000_000)).await,
        _ => lengths().await,
    }
}

async fn lengths() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Arc::new(SystemClock)).await.unwrap();
    let agent = store.agent(&AgentId::new("main").unwrap()).await.unwrap();
    let mut keys = Vec::new();
    for count in [100, 100_000] {
        keys.push(build(&agent, count).await);
    }
    println!("{:<26}{:>12}{:>12}{:>8}", "", "100", "100,000", "ratio");
    for (what, medians) in measure(&agent, &keys).await {
        let ratio = medians[1].as_secs_f64() / medians[0].as_secs_f64();
        println!("{what:<26}{:>12?}{:>12?}{ratio:>8.2}", medians[0], medians[1]);
    }
    let key = "agent:main:s100000".parse().unwrap();
    let start = Instant::now();
    let last = agent.messages(&key, 1, None).await.unwrap().messages[0].id;
    let fork = NewCopy { key: "agent:main:fork".parse().unwrap(), name: None, workdir: None };
    agent.fork_session(&key, last, fork).await.unwrap();
    println!("fork of 100,000: {:?}", start.elapsed());
    let start = Instant::now();
    agent.delete_session(&key).await.unwrap();
    println!("deletion of 100,000: {:?}", start.elapsed());
    let start = Instant::now();
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        slowest = slowest.max(timed(agent.reserve_seq(&"agent:main:other".parse().unwrap(), 1)).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("slowest of 20 writes while its words are cleared: {slowest:?}, {:?}", start.elapsed());
}

async fn build(agent: &AgentStore, count: usize) -> SessionKey {
    let key: SessionKey = format!("agent:main:s{count}").parse().unwrap();
    let mut copy = agent.begin_copy(NewCopy { key: key.clone(), name: None, workdir: None }).await.unwrap();
    let start = Instant::now();
    for first in (0..count).step_by(BATCH) {
        let some = (first..count.min(first + BATCH)).map(|n| message(&format!("{n} {}", WORDS.repeat(3)), n)).collect();
        copy.append(some).await.unwrap();
    }
    copy.finish().await.unwrap();
    println!("import of {count}: {:?}", start.elapsed());
    key
}

fn message(content: &str, n: usize) -> CopiedMessage {
    CopiedMessage {
        role: if n.is_multiple_of(2) { Role::User } else { Role::Assistant },
        content: content.to_owned(),
        created_at: 1,
        sender: None,
        status: MessageStatus::Complete,
        error: None,
        parts: vec![],
        attachments: vec![],
        untrusted: false,
        overheard: false,
        journal: vec![],
    }
}

/// What is done, and its medians for the one session and the other. Rounds alternate, so that what else runs on the machine slows both.
async fn measure(agent: &AgentStore, keys: &[SessionKey]) -> Vec<(&'static str, Vec<Duration>)> {
    let mut rows: Vec<(&'static str, Vec<Vec<Duration>>)> =
        ["open", "first page", "page in the middle"].map(|what| (what, vec![Vec::new(); keys.len()])).into();
    let mut middles = Vec::new();
    for key in keys {
        let count = usize::try_from(agent.session(key).await.unwrap().unwrap().message_count).unwrap();
        middles.push(middle(agent, key, count).await);
    }
    for _ in 0..ROUNDS {
        for (index, key) in keys.iter().enumerate() {
            rows[0].1[index].push(timed(agent.session(key)).await);
            // 50 messages: both sessions have them, before and behind the middle.
            rows[1].1[index].push(timed(agent.messages(key, 50, None)).await);
            rows[2].1[index].push(timed(agent.messages(key, 50, Some(&middles[index]))).await);
        }
    }
    rows.into_iter().map(|(what, all)| (what, all.into_iter().map(median).collect())).collect()
}

async fn middle(agent: &AgentStore, key: &SessionKey, count: usize) -> MessageCursor {
    let (mut cursor, mut left) = (None, count / 2);
    while left > 0 {
        let page = agent.messages(key, left.min(PAGE), cursor.as_ref()).await.unwrap();
        left -= page.messages.len();
        cursor = page.next;
    }
    cursor.expect("there is more behind the middle")
}

async fn timed<T, E: std::fmt::Debug>(work: impl Future<Output = Result<T, E>>) -> Duration {
    let start = Instant::now();
    work.await.unwrap();
    start.elapsed()
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

async fn migrate(count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agents/main/agent.db");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    old(&path, count);
    let size = |path: &Path| std::fs::metadata(path).unwrap().len() / 1_000_000;
    println!("a database of schema 2 with {count} messages: {} MB", size(&path));
    let store = Store::open(folder.path(), Arc::new(SystemClock)).await.unwrap();
    let start = Instant::now();
    let agent = store.agent(&AgentId::new("main").unwrap()).await.unwrap();
    println!("held up the start for {:?}", start.elapsed());
    let start = Instant::now();
    let mut slowest = Duration::ZERO;
    while agent.search("weather", 1, None).await.unwrap().is_incomplete {
        let write = Instant::now();
        agent.reserve_seq(&"agent:main:other".parse().unwrap(), 1).await.unwrap();
        slowest = slowest.max(write.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("the index was filled behind it in {:?}; the slowest write meanwhile took {slowest:?}", start.elapsed());
    let found = timed(agent.search("weather mount", 50, None)).await;
    let rare = timed(agent.search("777777", 50, None)).await;
    println!("search: {found:?} for words in every message, {rare:?} for one in one message");
    store.close().await;
    println!("afterwards: {} MB", size(&path));
}

/// A database as schema 2 was, with one session of `count` messages.
fn old(path: &Path, count: usize) {
    let mut connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;").unwrap();
    connection.execute_batch(include_str!("../src/migrations/agent_0001.sql")).unwrap();
    connection.execute_batch(include_str!("../src/migrations/agent_0002.sql")).unwrap();
    let transaction = connection.transaction().unwrap();
    transaction
        .execute_batch(&format!(
            "INSERT INTO sessions (key, created_at, updated_at, source) VALUES ('agent:main:large', 1, 1, 'client');
             INSERT INTO deliveries (id, session, state, webhook, received_at, finished_at, fingerprint)
                 WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count} / 2)
                 SELECT printf('00000000-0000-4000-8000-%012x', n), 1, 'done', 'w', n, n, zeroblob(32) FROM n;
             INSERT INTO messages (id, session, seq, delivery, role, content, created_at, status, untrusted)
                 SELECT printf('00000000-0000-4000-8000-%012x', 2 * ordinal), 1, 2 * ordinal, ordinal, 'user',
                        ordinal || ' {words}', 1, 'complete', 0 FROM deliveries;
             INSERT INTO messages (id, session, seq, delivery, role, content, created_at, status, untrusted)
                 SELECT printf('00000000-0000-4000-8000-%012x', 2 * ordinal + 1), 1, 2 * ordinal + 1, ordinal, 'assistant',
                        (ordinal + {count}) || ' {words}', 1, 'complete', 0 FROM deliveries;
             UPDATE sessions SET message_count = {count};
             PRAGMA user_version = 2;",
            words = WORDS.repeat(3)
        ))
        .unwrap();
    transaction.commit().unwrap();
}
