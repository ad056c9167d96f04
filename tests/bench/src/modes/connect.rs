//! `connect`: how many clients a second can open a connection and sign in.

use super::run_id;
use crate::drive::{Client, drive};
use crate::error::{BenchError, Result};
use crate::link::Link;
use crate::recorder::Recorder;
use crate::{Report, Setup, cost, setup};
use clap::Args;

/// Options of `connect`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How many open connections at a time, each one after another
    #[arg(long, default_value_t = 16, value_parser = setup::clients)]
    pub clients: usize,
    /// Connections a second, all together; as many as possible without it
    #[arg(long, value_parser = setup::rate)]
    pub rate: Option<f64>,
}

struct Visitor {
    setup: Setup,
    name: String,
    visits: u64,
}

impl Client for Visitor {
    async fn perform(&mut self) -> Result<()> {
        self.visits += 1;
        Link::sign_in(&self.setup, &format!("{}-{}", self.name, self.visits)).await.map(drop)
    }
}

/// Measures.
///
/// # Errors
/// As for [`super::run`].
pub async fn run(setup: &Setup, options: &Options) -> Result<Report, BenchError> {
    let Options { clients, rate } = *options;
    let (run, recorder) = (run_id(), Recorder::new()?);
    let visitor = |number| Visitor { setup: setup.clone(), name: format!("connect-{run}-{number}"), visits: 0 };
    let visitors = (0..clients).map(visitor).collect();
    let window = setup.window();
    let driving = drive(visitors, setup::check_rate(rate)?, window, &recorder);
    let (count, cost) = tokio::try_join!(driving, cost::over(window, setup.pid))?;
    let mut report = Report::new("connect", clients, "connections", count, window.seconds(), cost);
    report.paced_at = rate;
    Ok(report.with_latency("signed-in", recorder.latency()))
}
