//! The gateway beside the floor, on one machine and in one run: rounds of both alternate, and a figure is the median of its rounds.
//!
//! What is asked of the gateway stands in `goals`; how servers are started and ended in `servers`.

mod goals;
mod servers;
mod table;

pub use servers::{Binaries, ServerError};
pub use table::{Row, Table};

use crate::modes::{Mode, agent, fan_out, idle, overhead, ping, webhook};
use crate::{BenchError, Report, Setup};
use goals::Goal;
use servers::{Gateway, Server};

/// How much is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Rounds of each comparison.
    pub rounds: usize,
    /// Seconds of each round.
    pub seconds: f64,
    /// Only rows whose name contains this.
    pub only: Option<String>,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A server could not be run.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A measurement went wrong.
    #[error("{what}: {source}")]
    Measurement {
        /// The row.
        what: &'static str,
        /// What went wrong.
        source: BenchError,
    },
    /// A server lost something: its figures are none.
    #[error("{what}: {problem}")]
    Wrong {
        /// The row.
        what: &'static str,
        /// What it did.
        problem: String,
    },
}

/// What is read off a report.
#[derive(Debug, Clone, Copy)]
enum Figure {
    PerSecond,
    /// The 99th percentile of a latency, in microseconds.
    P99(&'static str),
}

impl Figure {
    fn of(self, report: &Report) -> f64 {
        match self {
            Self::PerSecond => report.per_second,
            Self::P99(name) => report.latency.get(name).map_or(f64::NAN, |latency| latency.p99_us),
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Self::PerSecond => "/s",
            Self::P99(_) => " µs",
        }
    }
}

/// One row that has two sides.
struct Contest {
    what: &'static str,
    figure: Figure,
    goal: Goal,
    ours: Mode,
    theirs: Mode,
    opponent: Opponent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opponent {
    Floor,
    Nats,
}

/// Measures everything in `plan`, row by row; each is told through `tell` as soon as it is there.
///
/// # Errors
/// [`CompareError`]: a server does not run, refuses, or loses something.
pub async fn compare(binaries: &Binaries, plan: &Plan, mut tell: impl FnMut(&Row)) -> Result<Table, CompareError> {
    let mut table = Table::default();
    let mut add = |table: &mut Table, row: Row| {
        tell(&row);
        table.rows.push(row);
    };
    let is_wanted = |what: &str| plan.only.as_ref().is_none_or(|only| what.contains(only.as_str()));
    for row in alone(binaries, &is_wanted).await? {
        add(&mut table, row);
    }
    let gateway = Gateway::start(binaries).await?;
    let floor = Server::floor(binaries)?;
    let nats = binaries.nats.as_ref().map(|_| Server::nats(binaries)).transpose()?;
    for contest in contests(&gateway).into_iter().filter(|contest| is_wanted(contest.what)) {
        let opponent = match contest.opponent {
            Opponent::Floor => Some(&floor),
            Opponent::Nats => nats.as_ref(),
        };
        match opponent {
            Some(opponent) => add(&mut table, contest.hold(&gateway, opponent, plan).await?),
            None => table.left_out.push(contest.what),
        }
    }
    if is_wanted(OVERHEAD) {
        for row in overhead_of_a_turn(&gateway, plan).await? {
            add(&mut table, row);
        }
    }
    if is_wanted(LOAD_TEST) {
        let row = load_test(binaries, plan).await?;
        add(&mut table, row);
    }
    Ok(table)
}

const OVERHEAD: &str = "overhead of a turn and of a token, beside a direct client of the same model server";
const LOAD_TEST: &str = "1,000 clients in 100 rooms, 1,000 messages a second";

impl Contest {
    async fn hold(&self, gateway: &Gateway, opponent: &Server, plan: &Plan) -> Result<Row, CompareError> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..plan.rounds {
            // The one that is first is another one each time.
            for side in [round % 2, (round + 1) % 2] {
                if side == 0 {
                    theirs.push(self.figure.of(&measure(self.what, &opponent.setup(plan), &self.theirs).await?));
                } else {
                    ours.push(self.figure.of(&measure(self.what, &gateway.setup(plan), &self.ours).await?));
                }
            }
        }
        Ok(Row::ratio(self.what, self.figure.unit(), &ours, &theirs, self.goal))
    }
}

async fn measure(what: &'static str, setup: &Setup, mode: &Mode) -> Result<Report, CompareError> {
    let report = crate::modes::run(setup, mode).await.map_err(|source| CompareError::Measurement { what, source })?;
    let problem = report.all_problems().next().map(str::to_owned);
    problem.map_or(Ok(report), |problem| Err(CompareError::Wrong { what, problem }))
}

fn contests(gateway: &Gateway) -> Vec<Contest> {
    let ping = |rate| Mode::Ping(ping::Options { clients: 100, rate });
    let rooms = |members, rate| fan_out::Options { rate, ..fan_out::Options::rooms(1, members) };
    let fan_out = |members, rate| Mode::FanOut(rooms(members, rate));
    let nats = |members| Mode::Nats(rooms(members, None));
    let insert = |path: &str, secret| {
        Mode::Webhook(webhook::Options {
            path: path.to_owned(),
            secret,
            clients: 32,
            rate: None,
            body: r#"{"id":"{n}","text":"hello"}"#.to_owned(),
        })
    };
    let contest = |what, figure, goal, ours: Mode, theirs: Mode| {
        let opponent = if matches!(theirs, Mode::Nats(_)) { Opponent::Nats } else { Opponent::Floor };
        Contest { what, figure, goal, ours, theirs, opponent }
    };
    let watch = agent::Options { tokens: 2_000, ..agent::Options::sessions(1, 100) };
    let (p99, rate) = (Figure::P99, Figure::PerSecond);
    vec![
        contest(
            "ping, 100 clients at 1,000/s, p99",
            p99("round-trip"),
            Goal::RatioAtMost(1.25),
            ping(Some(1000.0)),
            ping(Some(1000.0)),
        ),
        contest("ping, closed loop of 100 clients", rate, Goal::RatioAtLeast(0.8), ping(None), ping(None)),
        contest("fan-out, room of 100, saturated", rate, Goal::RatioAtLeast(0.8), fan_out(100, None), fan_out(100, None)),
        contest("fan-out, room of 1,000, saturated", rate, Goal::RatioAtLeast(0.8), fan_out(1000, None), fan_out(1000, None)),
        contest("fan-out, room of 100, beside NATS", rate, Goal::RatioAtLeast(0.7), fan_out(100, None), nats(100)),
        contest("fan-out, room of 1,000, beside NATS", rate, Goal::RatioAtLeast(0.7), fan_out(1000, None), nats(1000)),
        contest(
            "fan-out, room of 100 at 500/s, p99",
            p99("delivery"),
            Goal::RatioAtMost(1.25),
            fan_out(100, Some(500.0)),
            fan_out(100, Some(500.0)),
        ),
        contest(
            "fan-out, room of 900 at 20/s, p99",
            p99("delivery"),
            Goal::RatioAtMost(1.25),
            fan_out(900, Some(20.0)),
            fan_out(900, Some(20.0)),
        ),
        contest("tokens of a model to 100 watchers", rate, Goal::RatioAtLeast(0.7), Mode::Agent(watch), fan_out(100, None)),
        contest(
            "webhook to 202 through a component, 32 connections",
            rate,
            Goal::RatioAtLeast(0.5),
            insert("/webhooks/bench", Some(gateway.webhook_secret())),
            insert("/insert", None),
        ),
    ]
}

/// Rows of a gateway that nothing is compared with.
async fn alone(binaries: &Binaries, is_wanted: &impl Fn(&str) -> bool) -> Result<Vec<Row>, CompareError> {
    let mut rows = Vec::new();
    if is_wanted("start") {
        let cold = Gateway::cold_start(binaries).await?;
        rows.push(Row::single("start to healthy, cold: nothing compiled before", "ms", cold, Goal::AtMost(3000.0)));
        let (mut warm, mut rest) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let gateway = Gateway::start(binaries).await?;
            warm.push(gateway.start_ms());
            rest.push(gateway.rested_mb().await?);
        }
        rows.push(Row::single("start to healthy, warm", "ms", table::median(&warm), Goal::AtMost(150.0)));
        rows.push(Row::single("memory at rest, all first-party plugins", "MB", table::median(&rest), Goal::AtMost(45.0)));
    }
    for (what, clients, goal) in [
        ("memory of 1,000 idle clients, gateway in all", 1000, 60.0),
        ("memory of 10,000 idle clients, gateway in all", 10_000, 300.0),
    ] {
        if is_wanted(what) {
            let gateway = Gateway::start(binaries).await?;
            let plan = Plan { rounds: 1, seconds: 2.0, only: None };
            let report = measure(what, &gateway.setup(&plan), &Mode::Idle(idle::Options { clients })).await?;
            let bytes = report.figures.get("rssAfterBytes").copied().unwrap_or(f64::NAN);
            rows.push(Row::single(what, "MB", bytes / 1e6, Goal::AtMost(goal)));
        }
    }
    Ok(rows)
}

async fn overhead_of_a_turn(gateway: &Gateway, plan: &Plan) -> Result<Vec<Row>, CompareError> {
    let options = overhead::Options { model: gateway.model(), agent: "main".to_owned(), tokens: 2_000 };
    let report = measure(OVERHEAD, &gateway.setup(plan), &Mode::Overhead(options)).await?;
    let figure = |name: &str| report.figures.get(name).copied().unwrap_or(f64::NAN);
    Ok(vec![
        Row::single("a turn, above a direct client of the model", "ms", figure("turnAboveDirectMs"), Goal::None),
        Row::single("a token, above a direct client of the model", "µs", figure("tokenAboveDirectUs"), Goal::None),
    ])
}

/// The product requirements' own load test, all of it in one run.
async fn load_test(binaries: &Binaries, plan: &Plan) -> Result<Row, CompareError> {
    let gateway = Gateway::start(binaries).await?;
    let options = fan_out::Options { rate: Some(10.0), ..fan_out::Options::rooms(100, 10) };
    let report = measure(LOAD_TEST, &gateway.setup(plan), &Mode::FanOut(options)).await?;
    let p99_ms = Figure::P99("delivery").of(&report) / 1e3;
    let memory = report.cost.server.map_or(f64::NAN, |server| server.peak_rss_bytes as f64 / 1e6);
    let row = Row::single("1,000 clients, 100 rooms, 1,000 messages a second: p99", "ms", p99_ms, Goal::AtMost(50.0));
    Ok(row.with_note(format!("{} deliveries, none lost; {memory:.0} MB (goal: under 500)", report.count)))
}
