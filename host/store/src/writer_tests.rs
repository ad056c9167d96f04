//! Tests: the writer thread's promises. Who shares a commit, who is spoilt by whom, and what happens when it dies.

use crate::error::{Failure, StoreError};
use crate::lock::StateLock;
use crate::writer::WriterHandle;
use rusqlite::Connection;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use tempfile::TempDir;

struct Fixture {
    _folder: TempDir,
    path: PathBuf,
    writer: WriterHandle,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER PRIMARY KEY)").unwrap();
    let lock = Arc::new(StateLock::take(folder.path()).unwrap());
    let writer = WriterHandle::start(connection, &path, lock, Arc::default()).unwrap();
    Fixture { _folder: folder, path, writer }
}

impl Fixture {
    fn rows(&self) -> Vec<i64> {
        let connection = Connection::open(&self.path).unwrap();
        let mut statement = connection.prepare("SELECT n FROM t ORDER BY n").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Holds the thread up, so that what is asked meanwhile waits together; returns what lets it go on.
    async fn hold(&self) -> mpsc::Sender<()> {
        let (go_on, held) = mpsc::channel::<()>();
        let (started, is_held) = tokio::sync::oneshot::channel();
        let mut started = Some(started);
        let writer = self.writer.clone();
        tokio::spawn(async move {
            writer
                .write(move |_| {
                    let _ = started.take().map(|started| started.send(()));
                    let _ = held.recv();
                    Ok(())
                })
                .await
        });
        is_held.await.unwrap();
        go_on
    }
}

fn insert(connection: &Connection, n: i64) -> Result<i64, Failure> {
    connection.execute("INSERT INTO t (n) VALUES (?1)", [n])?;
    Ok(n)
}

type Write<T> = Box<dyn FnMut(&Connection) -> Result<T, Failure> + Send>;

/// Hands `writes` over, in order, while the thread is held up, and then lets it go on.
async fn together<T: Send + 'static>(fixture: &Fixture, writes: Vec<Write<T>>) -> Vec<Result<T, StoreError>> {
    let go_on = fixture.hold().await;
    let mut waiting = Vec::new();
    for write in writes {
        let mut call = Box::pin(fixture.writer.write(write));
        hand_over(call.as_mut()).await;
        waiting.push(call);
    }
    go_on.send(()).unwrap();
    let mut results = Vec::new();
    for call in waiting {
        results.push(call.await);
    }
    results
}

/// Polls once, which puts a call into the queue: there is room.
async fn hand_over<T>(mut call: Pin<&mut impl Future<Output = T>>) {
    assert!(poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending())).await);
}

#[tokio::test]
async fn those_who_wait_together_share_one_commit() {
    let fixture = fixture();
    let log = fixture.path.with_file_name("a.db-wal");
    let writes = (0..32)
        .map(|n| {
            let log = log.clone();
            let write = move |connection: &Connection| {
                insert(connection, n)?;
                // Grows with each commit.
                Ok(std::fs::metadata(&log).map_or(0, |log| log.len()))
            };
            Box::new(write) as Write<u64>
        })
        .collect();
    let sizes: Vec<u64> = together(&fixture, writes).await.into_iter().map(Result::unwrap).collect();
    assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
    assert_eq!(fixture.rows().len(), 32);
    assert!(std::fs::metadata(&log).unwrap().len() > sizes[0]);
}

#[tokio::test]
async fn one_that_fails_takes_nothing_of_the_others_with_it() {
    let fixture = fixture();
    let results = together(
        &fixture,
        vec![
            Box::new(|connection| insert(connection, 1)),
            Box::new(|connection| {
                insert(connection, 2)?;
                Err(StoreError::NotFound("reason to go on".to_owned()).into())
            }),
            Box::new(|connection| insert(connection, 3)),
        ],
    )
    .await;
    assert_eq!(results, [Ok(1), Err(StoreError::NotFound("reason to go on".to_owned())), Ok(3)]);
    assert_eq!(fixture.rows(), [1, 3]);
}

#[tokio::test]
async fn one_that_ends_the_shared_transaction_fails_alone() {
    let fixture = fixture();
    let results = together(
        &fixture,
        vec![
            Box::new(|connection| insert(connection, 1)),
            // What SQLite does by itself when the disk is full.
            Box::new(|connection| {
                connection.execute_batch("ROLLBACK")?;
                Err(Failure::Unreadable("full".to_owned()))
            }),
            Box::new(|connection| insert(connection, 3)),
        ],
    )
    .await;
    assert!(matches!(results.as_slice(), [Ok(1), Err(StoreError::Corrupt { .. }), Ok(3)]), "{results:?}");
    assert_eq!(fixture.rows(), [1, 3]);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_whole_work_behind() {
    let fixture = fixture();
    let go_on = fixture.hold().await;
    let mut call = Box::pin(fixture.writer.write(|connection| insert(connection, 1)));
    hand_over(call.as_mut()).await;
    drop(call);
    // Never polled, never handed over.
    drop(fixture.writer.write(|connection| insert(connection, 2)));
    go_on.send(()).unwrap();
    fixture.writer.write(|connection| insert(connection, 3)).await.unwrap();
    assert_eq!(fixture.rows(), [1, 3]);
}

#[tokio::test]
async fn a_thread_that_died_is_noticed() {
    let fixture = fixture();
    let died = fixture.writer.write::<(), _>(|_| panic!("a defect")).await;
    assert_eq!(died, Err(StoreError::Closed));
    assert_eq!(fixture.writer.write(|connection| insert(connection, 1)).await, Err(StoreError::Closed));
    fixture.writer.close().await;
}

#[tokio::test]
async fn what_was_handed_over_before_the_end_is_done() {
    let fixture = fixture();
    let go_on = fixture.hold().await;
    let mut call = Box::pin(fixture.writer.write(|connection| insert(connection, 1)));
    hand_over(call.as_mut()).await;
    let mut close = Box::pin(fixture.writer.close());
    hand_over(close.as_mut()).await;
    go_on.send(()).unwrap();
    assert_eq!(call.await, Ok(1));
    close.await;
    assert_eq!(fixture.rows(), [1]);
    assert_eq!(fixture.writer.write(|connection| insert(connection, 2)).await, Err(StoreError::Closed));
}
