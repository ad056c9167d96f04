//! `overhead`: what the gateway adds to a turn and to a token. The same scripted model server is asked through the gateway and
//! directly, in turns, for a short answer and a long one; each request to the gateway opens a session of its own.

use super::agent::turn;
use super::run_id;
use crate::error::{BenchError, Result};
use crate::http::HttpConnection;
use crate::link::Link;
use crate::model::{self, TOKEN};
use crate::recorder::Recorder;
use crate::{First, Report, Setup, Target, clock, cost, setup};
use clap::Args;
use http_body_util::BodyExt as _;
use hyper::Method;
use memchr::memmem;
use serde_json::json;

/// Tokens of the short answer: what is left is the turn.
const SHORT: usize = 1;

/// Options of `overhead`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The model server that the gateway's agent uses, such as http://127.0.0.1:9999/v1/chat/completions
    #[arg(long)]
    pub model: Target,
    /// The agent
    #[arg(long, default_value = "main")]
    pub agent: String,
    /// Tokens of the long answer
    #[arg(long, default_value_t = 2_000, value_parser = |text: &str| setup::bounded(text, 2, 1_000_000))]
    pub tokens: usize,
}

/// The four things that are timed.
struct Times {
    direct: [Recorder; 2],
    through: [Recorder; 2],
}

/// Measures until the time is over, medians of all rounds.
///
/// # Errors
/// As for [`super::run`]; an answer that is not whole is one.
pub async fn run(setup: &Setup, options: &Options) -> Result<Report, BenchError> {
    let gateway = Setup { first: First::Connect, ..setup.clone() };
    let mut link = Link::sign_in(&gateway, &format!("overhead-{}", run_id())).await?;
    let model = Setup { token: None, ..Setup::new(options.model.clone()) };
    let mut http = HttpConnection::open(&model).await?;
    let times = Times { direct: [Recorder::new()?, Recorder::new()?], through: [Recorder::new()?, Recorder::new()?] };
    let window = setup.window();
    let measuring = async {
        let mut rounds = 0;
        while clock::now() < window.ends {
            let is_measured = window.contains(clock::now());
            round(&mut link, &mut http, options, is_measured.then_some(&times)).await?;
            rounds += u64::from(is_measured);
        }
        Ok(rounds)
    };
    let (rounds, cost) = tokio::try_join!(measuring, cost::over(window, setup.pid))?;
    let report = Report::new("overhead", 2, "rounds", rounds, window.seconds(), cost);
    Ok(told(report, &times, options.tokens))
}

/// Each of the four once, one after another.
async fn round(link: &mut Link, http: &mut HttpConnection, options: &Options, times: Option<&Times>) -> Result<()> {
    for (index, tokens) in [SHORT, options.tokens].into_iter().enumerate() {
        let begin = clock::now();
        ask_directly(http, options.model.path(), tokens).await?;
        let between = clock::now();
        let id = run_id();
        let session = format!("agent:{}:bench:thread:{id}", options.agent);
        turn::take(link, &options.agent, &session, &id, tokens).await?;
        let end = clock::now();
        if let Some(Times { direct, through }) = times {
            direct.get(index).inspect(|recorder| recorder.record(between - begin));
            through.get(index).inspect(|recorder| recorder.record(end - between));
        }
    }
    Ok(())
}

async fn ask_directly(http: &mut HttpConnection, path: &str, tokens: usize) -> Result<()> {
    let message = json!({ "role": "user", "content": format!("{}{tokens}", model::ASK) });
    let body = json!({ "model": "scripted", "stream": true, "messages": [message] }).to_string();
    let response = http.begin(Method::POST, path, &[], body.into()).await?;
    let answer = response.into_body().collect().await.map_err(|error| BenchError::Closed(error.to_string()))?.to_bytes();
    let got = memmem::find_iter(&answer, TOKEN.trim_end()).count();
    if got == tokens {
        Ok(())
    } else {
        Err(BenchError::Protocol(format!("the model said {got} tokens where it was asked for {tokens}")))
    }
}

fn told(mut report: Report, times: &Times, tokens: usize) -> Report {
    let [direct_short, direct_long] = times.direct.each_ref().map(Recorder::latency);
    let [through_short, through_long] = times.through.each_ref().map(Recorder::latency);
    if let (Some(direct_short), Some(direct_long), Some(through_short), Some(through_long)) =
        (direct_short, direct_long, through_short, through_long)
    {
        let turn = through_short.p50_us - direct_short.p50_us;
        let tokens = (tokens - SHORT) as f64;
        let token = (through_long.p50_us - direct_long.p50_us - turn) / tokens;
        report = report.with_figure("turnAboveDirectMs", turn / 1e3).with_figure("tokenAboveDirectUs", token);
    }
    report
        .with_latency("direct-short", direct_short)
        .with_latency("direct-long", direct_long)
        .with_latency("gateway-short", through_short)
        .with_latency("gateway-long", through_long)
}
