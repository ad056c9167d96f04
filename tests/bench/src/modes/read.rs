//! `read`: what a page does when it opens a session: the list, then the newest messages of one.

use crate::drive::{Client, drive};
use crate::error::{BenchError, Result};
use crate::http::HttpConnection;
use crate::link::excerpt;
use crate::recorder::Recorder;
use crate::{Report, Setup, clock, cost, setup};
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Options of `read`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How many connections, each with one request at a time
    #[arg(long, default_value_t = 8, value_parser = setup::clients)]
    pub clients: usize,
    /// Openings a second, all together; as many as possible without it
    #[arg(long, value_parser = setup::rate)]
    pub rate: Option<f64>,
    /// The session to open; the first of the list without it
    #[arg(long)]
    pub session: Option<String>,
    /// How many sessions to list
    #[arg(long, default_value_t = 50)]
    pub sessions: usize,
    /// How many messages to read
    #[arg(long, default_value_t = 200)]
    pub messages: usize,
}

struct Opener {
    http: HttpConnection,
    list: String,
    page: String,
    list_latency: Recorder,
    page_latency: Recorder,
}

impl Client for Opener {
    async fn perform(&mut self) -> Result<()> {
        let begin = clock::now();
        self.http.get(&self.list).await?;
        let listed = clock::now();
        self.http.get(&self.page).await?;
        self.list_latency.record(listed - begin);
        self.page_latency.record(clock::now() - listed);
        Ok(())
    }
}

/// Measures.
///
/// # Errors
/// As for [`super::run`]; also where there is no session to open.
pub async fn run(setup: &Setup, options: &Options) -> Result<Report, BenchError> {
    let list = format!("/api/sessions?limit={}", options.sessions);
    let session = match &options.session {
        Some(session) => session.clone(),
        None => first_session(&HttpConnection::open(setup).await?.get(&list).await?)?,
    };
    let session = utf8_percent_encode(&session, NON_ALPHANUMERIC);
    let page = format!("/api/sessions/{session}/messages?limit={}", options.messages);
    let [recorder, list_latency, page_latency] = [Recorder::new()?, Recorder::new()?, Recorder::new()?];
    let mut openers = Vec::with_capacity(options.clients);
    for _ in 0..options.clients {
        let http = HttpConnection::open(setup).await?;
        let (list, page) = (list.clone(), page.clone());
        openers.push(Opener { http, list, page, list_latency: list_latency.clone(), page_latency: page_latency.clone() });
    }
    let window = setup.window();
    let driving = drive(openers, setup::check_rate(options.rate)?, window, &recorder);
    let (count, cost) = tokio::try_join!(driving, cost::over(window, setup.pid))?;
    let mut report = Report::new("read", options.clients, "openings", count, window.seconds(), cost);
    report.paced_at = options.rate;
    let report = report.with_latency("opened", recorder.latency());
    Ok(report.with_latency("list", list_latency.latency()).with_latency("page", page_latency.latency()))
}

fn first_session(list: &[u8]) -> Result<String> {
    let sessions: Value = serde_json::from_slice(list).map_err(|_| BenchError::Protocol(excerpt(list)))?;
    let id = sessions.get(0).and_then(|session| session.get("id")).and_then(Value::as_str);
    id.map(str::to_owned).ok_or_else(|| BenchError::InvalidOption("there is no session to open".to_owned()))
}
