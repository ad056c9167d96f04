//! `ping`: round trips of the protocol's own `ping`.

use super::sign_in_all;
use crate::drive::{Client, drive};
use crate::error::{BenchError, Result};
use crate::link::{Link, Reply, excerpt};
use crate::recorder::Recorder;
use crate::{Report, Setup, cost, setup};
use clap::Args;
use memchr::memmem;

/// Options of `ping`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How many clients
    #[arg(long, default_value_t = 100, value_parser = setup::clients)]
    pub clients: usize,
    /// Pings a second, all together; without it each client pings again as soon as it is answered
    #[arg(long, value_parser = setup::rate)]
    pub rate: Option<f64>,
}

/// A client that waits for each pong.
pub(super) struct Pinger {
    link: Link,
    number: u64,
}

impl Pinger {
    pub(super) fn new(link: Link) -> Self {
        Self { link, number: 0 }
    }
}

impl Client for Pinger {
    async fn perform(&mut self) -> Result<()> {
        self.number += 1;
        let id = format!("\"p{}\"", self.number);
        self.link.send_text(&format!(r#"{{"type":"ping","id":{id},"timestamp":0}}"#)).await?;
        loop {
            let answer = self.link.next().await?;
            if memmem::find(&answer, b"\"pong\"").is_none() {
                // The server may have something else to say, such as a ping of its own.
                Reply::parse(&answer)?.accepted()?;
            } else if memmem::find(&answer, id.as_bytes()).is_some() {
                return Ok(());
            } else {
                return Err(BenchError::Protocol(format!("a pong for another ping than {id}: {}", excerpt(&answer))));
            }
        }
    }
}

/// Measures.
///
/// # Errors
/// As for [`super::run`].
pub async fn run(setup: &Setup, options: &Options) -> Result<Report, BenchError> {
    let Options { clients, rate } = *options;
    let pingers = sign_in_all(setup, clients, "ping").await?.into_iter().map(Pinger::new).collect();
    let recorder = Recorder::new()?;
    let window = setup.window();
    let driving = drive(pingers, setup::check_rate(rate)?, window, &recorder);
    let (count, cost) = tokio::try_join!(driving, cost::over(window, setup.pid))?;
    let mut report = Report::new("ping", clients, "round trips", count, window.seconds(), cost);
    report.paced_at = rate;
    Ok(report.with_latency("round-trip", recorder.latency()))
}
