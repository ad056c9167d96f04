//! `webhook`: POSTs that are answered when they are durable.

use super::run_id;
use crate::drive::{Client, drive};
use crate::error::{BenchError, Result};
use crate::http::HttpConnection;
use crate::recorder::Recorder;
use crate::{Report, Setup, cost, setup};
use clap::Args;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use hyper::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};

/// Options of `webhook`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where to post: /webhooks/ID, or /insert of the floor
    #[arg(long)]
    pub path: String,
    /// The webhook's secret
    #[arg(long, env = "WINGMAN_BENCH_SECRET", hide_env_values = true)]
    pub secret: Option<SecretString>,
    /// How many connections, each with one request at a time
    #[arg(long, default_value_t = 32, value_parser = setup::clients)]
    pub clients: usize,
    /// Requests a second, all together; as many as possible without it
    #[arg(long, value_parser = setup::rate)]
    pub rate: Option<f64>,
    /// The body; {n} in it becomes a name that no other request has
    #[arg(long, default_value = r#"{"id":"{n}","text":"hello"}"#)]
    pub body: String,
}

struct Poster {
    http: HttpConnection,
    options: Options,
    name: String,
    number: u64,
}

impl Client for Poster {
    async fn perform(&mut self) -> Result<()> {
        let Self { http, options: Options { path, secret, body, .. }, name, number } = self;
        *number += 1;
        let body = body.replace("{n}", &format!("{name}-{number}"));
        let headers: Vec<_> = secret.iter().map(|secret| ("x-wingman-secret", secret.expose_secret())).collect();
        match http.post(path, &headers, body.into()).await? {
            (StatusCode::ACCEPTED, _) => Ok(()),
            (status, _) => Err(BenchError::Protocol(format!("{path} answered {status}, where 202 means that it is durable"))),
        }
    }
}

/// Measures.
///
/// # Errors
/// As for [`super::run`]; any answer but 202 is one, since 200 means that a body came before.
pub async fn run(setup: &Setup, options: &Options) -> Result<Report, BenchError> {
    let run = run_id();
    let posters = stream::iter((0..options.clients).map(|client| {
        let name = format!("{run}-{client}");
        async move {
            Ok::<_, BenchError>(Poster { http: HttpConnection::open(setup).await?, options: options.clone(), name, number: 0 })
        }
    }));
    let posters = posters.buffer_unordered(super::OPENING).try_collect().await?;
    let recorder = Recorder::new()?;
    let window = setup.window();
    let driving = drive(posters, setup::check_rate(options.rate)?, window, &recorder);
    let (count, cost) = tokio::try_join!(driving, cost::over(window, setup.pid))?;
    let mut report = Report::new("webhook", options.clients, "requests", count, window.seconds(), cost);
    report.paced_at = options.rate;
    Ok(report.with_latency("accepted", recorder.latency()))
}
