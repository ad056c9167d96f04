//! `mixed`: several modes at once, on one server.

use super::{agent, fan_out, ping, read, webhook};
use crate::error::{BenchError, Result};
use crate::{Report, Setup, cost, setup};
use clap::Args;
use futures::future::{BoxFuture, FutureExt as _, try_join_all};
use secrecy::SecretString;

/// Options of `mixed`. The defaults ask for a thousand deliveries of ten a second in each of a hundred rooms of ten.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Clients that ping once a second each
    #[arg(long, default_value_t = 100, value_parser = setup::clients)]
    pub pingers: usize,
    /// Rooms
    #[arg(long, default_value_t = 100, value_parser = setup::clients)]
    pub rooms: usize,
    /// Members of each room
    #[arg(long, default_value_t = 10, value_parser = setup::clients)]
    pub members: usize,
    /// Messages a second in each room
    #[arg(long, default_value_t = 10.0, value_parser = setup::rate)]
    pub rate: f64,
    /// Post to this webhook, too
    #[arg(long)]
    pub webhook: Option<String>,
    /// The webhook's secret
    #[arg(long, env = "WINGMAN_BENCH_SECRET", hide_env_values = true)]
    pub secret: Option<SecretString>,
    /// Webhook requests a second
    #[arg(long, default_value_t = 10.0, value_parser = setup::rate)]
    pub webhook_rate: f64,
    /// Ask this agent, too
    #[arg(long)]
    pub agent: Option<String>,
    /// Open sessions over HTTP, too: so many a second
    #[arg(long, value_parser = setup::rate)]
    pub read_rate: Option<f64>,
}

/// Measures all parts at once; each has its report among `parts`.
///
/// # Errors
/// As for [`super::run`].
pub async fn run(setup: &Setup, options: &Options) -> Result<Report, BenchError> {
    let pings = ping::Options { clients: options.pingers, rate: Some(options.pingers as f64) };
    let rooms = fan_out::Options { rate: Some(options.rate), ..fan_out::Options::rooms(options.rooms, options.members) };
    let webhook = options.webhook.clone().map(|path| {
        let body = r#"{"id":"{n}","text":"hello"}"#.to_owned();
        webhook::Options { path, secret: options.secret.clone(), clients: 4, rate: Some(options.webhook_rate), body }
    });
    let agent = options.agent.clone().map(|agent| agent::Options { agent, ..agent::Options::sessions(2, 5) });
    let read =
        options.read_rate.map(|rate| read::Options { clients: 2, rate: Some(rate), session: None, sessions: 50, messages: 200 });
    let mut parts: Vec<BoxFuture<'_, Result<Report>>> =
        vec![ping::run(setup, &pings).boxed(), fan_out::run(setup, &rooms, fan_out::Wire::Gateway).boxed()];
    parts.extend(webhook.as_ref().map(|options| webhook::run(setup, options).boxed()));
    parts.extend(agent.as_ref().map(|options| agent::run(setup, options).boxed()));
    parts.extend(read.as_ref().map(|options| read::run(setup, options).boxed()));
    let window = setup.window();
    let (parts, cost) = tokio::try_join!(try_join_all(parts), cost::over(window, setup.pid))?;
    let clients = parts.iter().map(|part| part.clients).sum();
    let count = parts.iter().map(|part| part.count).sum();
    let mut report = Report::new("mixed", clients, "operations", count, window.seconds(), cost);
    report.parts = parts;
    Ok(report)
}
