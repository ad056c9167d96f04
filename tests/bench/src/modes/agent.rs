//! `agent`: requests to an agent, streamed to everyone who watches its session. The agent's model is to be the scripted one of
//! [`crate::model`]: its tokens are counted, and each watcher must get all of them.

mod audience;
mod stream;
pub(super) mod turn;

use super::{OPENING, run_id};
use crate::drive::drive;
use crate::error::{BenchError, Result};
use crate::link::Link;
use crate::recorder::Recorder;
use crate::{First, Report, Setup, cost, setup};
use audience::{Audience, Watcher};
use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream as futures_stream};
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use turn::Requester;

/// Options of `agent`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The agent that is asked
    #[arg(long, default_value = "main")]
    pub agent: String,
    /// How many sessions, each with one requester
    #[arg(long, default_value_t = 1, value_parser = setup::clients)]
    pub sessions: usize,
    /// How many watch each session, its requester aside
    #[arg(long, default_value_t = 100)]
    pub watchers: usize,
    /// How many tokens the model is asked for
    #[arg(long, default_value_t = 500, value_parser = |text: &str| setup::bounded(text, 1, 1_000_000))]
    pub tokens: usize,
    /// Requests a second, all sessions together; without it each session is asked again as soon as all have seen the answer
    #[arg(long, value_parser = setup::rate)]
    pub rate: Option<f64>,
}

impl Options {
    /// So many sessions with so many watchers each, the rest as on the command line.
    #[must_use]
    pub fn sessions(sessions: usize, watchers: usize) -> Self {
        Self { agent: "main".to_owned(), sessions, watchers, tokens: 500, rate: None }
    }
}

/// Measures.
///
/// # Errors
/// As for [`super::run`]; a run that fails is one. Tokens that a watcher lacks stand in the report.
pub async fn run(setup: &Setup, options: &Options) -> Result<Report, BenchError> {
    let setup = Setup { first: First::Connect, ..setup.clone() };
    let (turns, first_token) = (Recorder::new()?, Recorder::new()?);
    let run = run_id();
    let (mut requesters, mut watchers) = (Vec::new(), Vec::new());
    for number in 0..options.sessions {
        let session = format!("agent:{}:bench:thread:{run}-{number}", options.agent);
        let audience = Arc::new(Audience::new(options.watchers));
        watchers.extend(watch(&setup, &session, options, &audience).await?);
        let link = Link::sign_in(&setup, &format!("requester-{run}-{number}")).await?;
        requesters.push(Requester::new(link, session, options, audience, first_token.clone()));
    }
    let counters: Vec<_> = requesters.iter().map(Requester::audience).collect();
    let window = setup.window();
    counters.iter().for_each(|audience| audience.count_in(window));
    let stop = CancellationToken::new();
    let driving = async {
        let count = drive(requesters, setup::check_rate(options.rate)?, window, &turns).await;
        stop.cancel();
        count
    };
    let (done, (), cost) = tokio::try_join!(driving, attend(watchers, &stop), cost::over(window, setup.pid))?;
    let clients = options.sessions * (options.watchers + 1);
    let sum = |of: fn(&Audience) -> u64| counters.iter().map(|audience| of(audience)).sum::<u64>();
    let mut report = Report::new("agent", clients, "tokens delivered", sum(Audience::tokens), window.seconds(), cost)
        .with_latency("first-token", first_token.latency())
        .with_latency("turn", turns.latency())
        .with_figure("turns", done as f64)
        .with_figure("framesPerSecond", sum(Audience::frames) as f64 / window.seconds())
        .with_figure("snapshots", sum(Audience::snapshots) as f64);
    report.paced_at = options.rate;
    let lacking = sum(Audience::lacking);
    if lacking > 0 {
        report.problems.push(format!("{lacking} tokens did not reach a watcher, or a watcher got more than the model said"));
    }
    Ok(report)
}

/// Connections that watch `session`.
async fn watch(setup: &Setup, session: &str, options: &Options, audience: &Arc<Audience>) -> Result<Vec<Watcher>> {
    let watchers = futures_stream::iter((0..options.watchers).map(|number| async move {
        Watcher::subscribe(setup, session, &format!("watcher-{number}-{}", run_id()), options.tokens, audience).await
    }));
    watchers.buffer_unordered(OPENING).try_collect().await
}

async fn attend(watchers: Vec<Watcher>, stop: &CancellationToken) -> Result<()> {
    let mut tasks = JoinSet::new();
    for mut watcher in watchers {
        let stop = stop.clone();
        tasks.spawn(async move { stop.run_until_cancelled(watcher.watch()).await.unwrap_or(Ok(())) });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(|error| BenchError::Protocol(format!("a watcher broke: {error}")))??;
    }
    Ok(())
}
