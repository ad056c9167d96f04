//! The one thread that writes to a database, with group commit: whatever waits is written in one transaction and made durable
//! by one fsync, and only then is anybody answered. One that fails takes nothing of the others with it: where it has changed
//! something, all are run again, each in a savepoint, and where even that fails, each in a transaction.

use crate::error::{Failure, Outcome, StoreError};
use crate::lock::StateLock;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

/// How many operations may wait for the thread; more wait at their callers.
const QUEUE: usize = 256;
/// How many operations share a transaction: a bound on how long the first of them waits for the last.
const BATCH: usize = 128;
/// How long to wait for as many operations as came the last time: those who were just answered are about to ask again, and to
/// begin without them would cost everybody one fsync more. A lone caller never waits.
const LINGER: Duration = Duration::from_micros(200);

/// What the thread is asked.
enum Command {
    Run(Box<dyn Operation>),
    Close(oneshot::Sender<()>),
}

/// An operation and the caller that waits for it. It may be run again (see [`Writer::commit`]), and is answered once.
trait Operation: Send {
    fn run(&mut self, connection: &Connection) -> Outcome<()>;
    /// Tells the caller: of `failure`, or of what the last run gave.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Call<T, F> {
    work: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&Connection) -> Outcome<T> + Send> Operation for Call<T, F> {
    fn run(&mut self, connection: &Connection) -> Outcome<()> {
        self.value = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let result = match (failure, self.value) {
            (None, Some(value)) => Ok(value),
            (failure, _) => Err(failure.unwrap_or(StoreError::Closed)),
        };
        // A caller that went away does not want to know; what it asked for is done.
        let _ = self.reply.send(result);
    }
}

/// The way to the thread. Dropping all clones ends it, after it has done what was asked.
#[derive(Debug, Clone)]
pub(crate) struct WriterHandle {
    commands: mpsc::Sender<Command>,
}

impl WriterHandle {
    /// Starts the thread. It owns `connection`, and holds `lock` until the connection is closed.
    /// While `upkeep` is set, it does [`crate::upkeep`] whenever nothing else is asked of it.
    pub(crate) fn start(
        connection: Connection,
        path: &Path,
        lock: Arc<StateLock>,
        upkeep: Arc<AtomicBool>,
    ) -> Result<Self, StoreError> {
        let (commands, queue) = mpsc::channel(QUEUE);
        let name = path.file_stem().map(|stem| format!("store-{}", stem.to_string_lossy())).unwrap_or_default();
        let writer = Writer { connection, path: path.to_owned(), queue, upkeep };
        std::thread::Builder::new()
            .name(name)
            .spawn(move || {
                let closed = writer.serve();
                drop(lock);
                if let Some(closed) = closed {
                    let _ = closed.send(());
                }
            })
            .map_err(|error| StoreError::inaccessible(path, &error))?;
        Ok(Self { commands })
    }

    /// Has the thread do `work` in a transaction; when this returns a value, it is durable. Once handed over, the work is done
    /// whether or not the caller still waits; before that, none of it is. `work` may be run again, what it did before undone.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Outcome<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call = Command::Run(Box::new(Call { work, value: None, reply }));
        self.commands.send(call).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Has the thread do what waits, tidy up and end. Later calls get [`StoreError::Closed`].
    pub(crate) async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.commands.send(Command::Close(reply)).await.is_ok() {
            // An error means that the thread has ended, which is what was wanted.
            let _ = closed.await;
        }
    }
}

/// How operations of one transaction are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Isolation {
    /// Not at all, which is enough as long as none fails after it has changed something. Nearly always: operations look before
    /// they write. Savepoints are not free: SQLite copies each page that one touches into a journal, and there to a file.
    None,
    /// By a savepoint each.
    Savepoints,
}

struct Writer {
    connection: Connection,
    path: PathBuf,
    queue: mpsc::Receiver<Command>,
    /// There is work that can wait.
    upkeep: Arc<AtomicBool>,
}

impl Writer {
    /// Serves until everybody is gone or someone closes; in the latter case whom to tell.
    fn serve(mut self) -> Option<oneshot::Sender<()>> {
        let mut closer = None;
        let mut batch: Vec<Box<dyn Operation>> = Vec::with_capacity(BATCH);
        let mut expected = 1;
        while let Some(first) = self.first() {
            let linger = Instant::now() + LINGER;
            let mut next = Some(first);
            while let Some(command) = next {
                match command {
                    Command::Run(operation) => batch.push(operation),
                    Command::Close(reply) => {
                        // Nothing new comes in; what is in the queue is still done.
                        self.queue.close();
                        closer = Some(reply);
                    }
                }
                next = self.next(batch.len(), if batch.len() < expected { linger } else { Instant::now() });
            }
            expected = batch.len();
            if !batch.is_empty() {
                self.commit(&mut batch);
            }
        }
        // The log would be folded into the database by the next start as well; this leaves one tidy file for backups.
        if let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::debug!(path = %self.path.display(), %error, "the log was left for the next start");
        }
        closer
    }

    /// What is asked next; none when everybody is gone or someone has closed. Until then, what can wait is done.
    fn first(&mut self) -> Option<Command> {
        while self.upkeep.load(Ordering::Relaxed) {
            match self.queue.try_recv() {
                Ok(command) => return Some(command),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {
                    let more = self.tend().unwrap_or_else(|failure| {
                        let error = failure.at(&self.path);
                        tracing::warn!(%error, "what can wait is done after the next start: the search's index, copies that were given up");
                        false
                    });
                    self.upkeep.store(more, Ordering::Relaxed);
                }
            }
        }
        self.queue.blocking_recv()
    }

    /// A little of what can wait; false when nothing of it is left.
    fn tend(&self) -> Outcome<bool> {
        self.execute("BEGIN IMMEDIATE")?;
        let done = crate::upkeep::step(&self.connection).and_then(|more| {
            self.execute("COMMIT")?;
            Ok(more)
        });
        if done.is_err() && !self.connection.is_autocommit() {
            let _ = self.execute("ROLLBACK");
        }
        done
    }

    /// What else waits, or comes before `deadline`; nothing where the batch is full.
    fn next(&mut self, gathered: usize, deadline: Instant) -> Option<Command> {
        if gathered >= BATCH {
            return None;
        }
        loop {
            match self.queue.try_recv() {
                Ok(command) => return Some(command),
                Err(TryRecvError::Empty) if Instant::now() < deadline => std::thread::yield_now(),
                Err(_) => return None,
            }
        }
    }

    /// Runs `batch` in one transaction and answers everybody.
    fn commit(&self, batch: &mut Vec<Box<dyn Operation>>) {
        for isolation in [Isolation::None, Isolation::Savepoints] {
            match self.transaction(batch, isolation) {
                Ok(results) => {
                    for (operation, failure) in batch.drain(..).zip(results) {
                        operation.answer(failure);
                    }
                    return;
                }
                Err(failure) => {
                    tracing::debug!(path = %self.path.display(), ?failure, ?isolation, operations = batch.len(), "a commit is tried again");
                }
            }
        }
        self.one_by_one(batch);
    }

    /// Runs each operation in a transaction of its own: slow, and fair to those that fit where others do not.
    fn one_by_one(&self, batch: &mut Vec<Box<dyn Operation>>) {
        for operation in batch.drain(..) {
            let mut alone = [operation];
            let failure = match self.transaction(&mut alone, Isolation::Savepoints) {
                Ok(results) => results.into_iter().next().flatten(),
                Err(failure) => Some(failure.at(&self.path)),
            };
            let [operation] = alone;
            operation.answer(failure);
        }
    }

    /// What each operation failed with; an error where nothing of any of them was kept.
    fn transaction(&self, batch: &mut [Box<dyn Operation>], isolation: Isolation) -> Outcome<Vec<Option<StoreError>>> {
        self.execute("BEGIN IMMEDIATE")?;
        let done = self.run_all(batch, isolation).and_then(|results| {
            self.execute("COMMIT")?;
            Ok(results)
        });
        // Some failures end the transaction by themselves; after all others it has to be ended here, or the next cannot begin.
        if done.is_err() && !self.connection.is_autocommit() {
            let _ = self.execute("ROLLBACK");
        }
        done
    }

    fn run_all(&self, batch: &mut [Box<dyn Operation>], isolation: Isolation) -> Outcome<Vec<Option<StoreError>>> {
        let mut results = Vec::with_capacity(batch.len());
        for operation in batch {
            let result = match isolation {
                Isolation::None => {
                    let changes = self.connection.total_changes();
                    let result = operation.run(&self.connection);
                    if self.connection.total_changes() != changes
                        && let Err(failure) = result
                    {
                        return Err(failure);
                    }
                    result
                }
                Isolation::Savepoints => {
                    self.execute("SAVEPOINT operation")?;
                    let result = operation.run(&self.connection);
                    if result.is_err() && !self.connection.is_autocommit() {
                        self.execute("ROLLBACK TO operation")?;
                    }
                    result
                }
            };
            if self.connection.is_autocommit() {
                // SQLite has rolled back everything, the others' work included.
                return Err(result.err().unwrap_or_else(|| Failure::Unreadable("the transaction is gone".to_owned())));
            }
            if isolation == Isolation::Savepoints {
                self.execute("RELEASE operation")?;
            }
            results.push(result.err().map(|failure| failure.at(&self.path)));
        }
        Ok(results)
    }

    fn execute(&self, statement: &str) -> Outcome<()> {
        self.connection.prepare_cached(statement)?.execute([])?;
        Ok(())
    }
}
