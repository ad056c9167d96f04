//! One durable row a request. One thread writes, with SQLite set as the gateway's store sets it, and with its way of grouping:
//! what waits is written in one transaction, made durable by one fsync, and only then answered.

use crate::error::{BenchError, Result};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use rusqlite::Connection;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

/// How many rows may wait for the thread; more wait at their requests.
const QUEUE: usize = 256;
/// How many rows share a transaction.
const BATCH: usize = 128;
/// How long to wait for as many as came the last time: those who were just answered are about to ask again.
const LINGER: Duration = Duration::from_micros(200);

struct Row {
    body: Bytes,
    written: oneshot::Sender<bool>,
}

/// The way to the thread, which ends when all clones are gone.
#[derive(Clone)]
pub(super) struct Inserts(mpsc::Sender<Row>);

/// `POST /insert`: the body becomes a row; 202 when the disk has it.
pub(super) async fn handle(State(Inserts(rows)): State<Inserts>, body: Bytes) -> (StatusCode, &'static str) {
    let (written, answer) = oneshot::channel();
    let is_written = rows.send(Row { body, written }).await.is_ok() && answer.await.unwrap_or(false);
    if is_written { (StatusCode::ACCEPTED, r#"{"ok":true}"#) } else { (StatusCode::INTERNAL_SERVER_ERROR, r#"{"ok":false}"#) }
}

impl Inserts {
    /// Opens the database in the folder `data` and starts the thread.
    pub(super) fn open(data: &Path) -> Result<Self> {
        let connection = Connection::open(data.join("floor.db"))?;
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.execute_batch(
            "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;
             PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
             CREATE TABLE IF NOT EXISTS inbox (id INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
        )?;
        let (rows, queue) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("floor-writer".to_owned())
            .spawn(move || write(&connection, queue))
            .map_err(BenchError::system("starting the thread that writes"))?;
        Ok(Self(rows))
    }
}

fn write(connection: &Connection, mut queue: mpsc::Receiver<Row>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut expected = 1;
    while let Some(first) = queue.blocking_recv() {
        batch.push(first);
        gather(&mut queue, &mut batch, expected);
        expected = batch.len();
        let is_written = commit(connection, &batch).is_ok();
        for row in batch.drain(..) {
            // A client that went away does not want to know.
            let _ = row.written.send(is_written);
        }
    }
}

/// What waits, and for a short time what is about to come.
fn gather(queue: &mut mpsc::Receiver<Row>, batch: &mut Vec<Row>, expected: usize) {
    let deadline = Instant::now() + LINGER;
    while batch.len() < BATCH {
        match queue.try_recv() {
            Ok(row) => batch.push(row),
            Err(TryRecvError::Empty) if batch.len() < expected && Instant::now() < deadline => std::thread::yield_now(),
            Err(_) => break,
        }
    }
}

fn commit(connection: &Connection, batch: &[Row]) -> rusqlite::Result<()> {
    let execute = |statement| connection.prepare_cached(statement)?.execute([]);
    execute("BEGIN IMMEDIATE")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let mut insert = connection.prepare_cached("INSERT INTO inbox (received_at, body) VALUES (?1, ?2)")?;
    let all = batch.iter().try_for_each(|row| insert.execute((now, row.body.as_ref())).map(drop));
    let ended = all.and_then(|()| execute("COMMIT"));
    if ended.is_err() && !connection.is_autocommit() {
        let _ = execute("ROLLBACK");
    }
    ended.map(drop)
}
