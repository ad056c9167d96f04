//! Clients that do one operation after another, each on its schedule, and the count of what they did.

use crate::clock::{self, Window};
use crate::error::{BenchError, Result};
use crate::pace::Pace;
use crate::recorder::Recorder;
use std::time::Duration;
use tokio::task::JoinSet;

/// How long an operation that was begun in the window may take beyond its end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client with at most one operation under way.
pub(crate) trait Client: Send + 'static {
    /// Does one operation and sees its answer. An error ends the measurement.
    fn perform(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// Has all `clients` operate until the window ends, `rate` times a second together or as often as they can. Returns how many
/// operations ended within the window; latencies of those that were due in it are recorded.
pub(crate) async fn drive<C: Client>(clients: Vec<C>, rate: Option<f64>, window: Window, recorder: &Recorder) -> Result<u64> {
    let number = clients.len();
    let begins = clock::now();
    let mut tasks = JoinSet::new();
    for (index, client) in clients.into_iter().enumerate() {
        let pace = Pace::new(rate, index, number, begins)?;
        tasks.spawn(operate(client, pace, window, recorder.clone()));
    }
    let work = async {
        let mut count = 0;
        while let Some(done) = tasks.join_next().await {
            count += done.map_err(|error| BenchError::Protocol(format!("a client broke: {error}")))??;
        }
        Ok(count)
    };
    let limit = clock::until(window.ends) + PATIENCE;
    let late = BenchError::TimedOut { what: "an operation of the measured window", seconds: PATIENCE.as_secs() };
    tokio::time::timeout(limit, work).await.unwrap_or(Err(late))
}

async fn operate(mut client: impl Client, mut pace: Pace, window: Window, recorder: Recorder) -> Result<u64> {
    let mut count = 0;
    while let Some(due) = pace.next(window.ends).await? {
        client.perform().await?;
        let done = clock::now();
        count += u64::from(window.contains(done));
        if window.contains(due) {
            recorder.record(done.saturating_sub(due));
        }
    }
    Ok(count)
}
