//! `idle`: what connections cost that do nothing.

use super::ping::Pinger;
use super::sign_in_all;
use crate::drive::Client as _;
use crate::error::{BenchError, Result};
use crate::recorder::Recorder;
use crate::{Report, Setup, clock, cost, setup};
use clap::Args;

/// Options of `idle`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How many connections
    #[arg(long, default_value_t = 1_000, value_parser = setup::clients)]
    pub clients: usize,
}

/// Holds the connections, and asks each at the end whether it is still there.
///
/// # Errors
/// As for [`super::run`].
pub async fn run(setup: &Setup, options: &Options) -> Result<Report, BenchError> {
    let resident = || setup.pid.map(|pid| cost::Process::new(pid).resident()).transpose();
    let before = resident()?;
    let mut pingers: Vec<_> = sign_in_all(setup, options.clients, "idle").await?.into_iter().map(Pinger::new).collect();
    let window = setup.window();
    let cost = cost::over(window, setup.pid).await?;
    let after = resident()?;
    let recorder = Recorder::new()?;
    for pinger in &mut pingers {
        let begin = clock::now();
        pinger.perform().await?;
        recorder.record(clock::now() - begin);
    }
    let count = options.clients as u64;
    let mut report = Report::new("idle", options.clients, "connections", count, window.seconds(), cost)
        .with_latency("last-ping", recorder.latency());
    // They were held, not made, in that time.
    report.per_second = 0.0;
    if let (Some(before), Some(after)) = (before, after) {
        let grown = after.saturating_sub(before) as f64;
        report = report.with_figure("rssBeforeBytes", before as f64).with_figure("rssAfterBytes", after as f64);
        report = report.with_figure("bytesPerClient", grown / count as f64);
    }
    Ok(report)
}
