//! The load generator's modes. Each file is one mode: its options, which are also the command line's, and a function `run` from a
//! [`Setup`] and the options to a [`Report`]. Every mode ends by itself.

pub mod agent;
pub mod connect;
pub mod fan_out;
pub mod idle;
pub mod mixed;
pub mod overhead;
pub mod ping;
pub mod read;
pub mod webhook;

use crate::error::{BenchError, Result};
use crate::link::Link;
use crate::{Report, Setup};
use clap::Subcommand;
use futures::{StreamExt as _, TryStreamExt as _, stream};

/// How many connections are opened at a time.
const OPENING: usize = 64;

/// A mode and its options.
#[derive(Debug, Clone, Subcommand)]
pub enum Mode {
    /// Open, sign in and close connections, one after another in each client
    Connect(connect::Options),
    /// Hold connections that do nothing, and see what memory they cost
    Idle(idle::Options),
    /// Ping round trips, paced or as many as possible
    Ping(ping::Options),
    /// Broadcasts in groups of nodes: every member gets every message once, in order
    FanOut(fan_out::Options),
    /// The same fan-out through a NATS server over its WebSocket
    Nats(fan_out::Options),
    /// Requests to an agent, streamed to those who watch their sessions
    Agent(agent::Options),
    /// What the gateway adds to a turn and to a token, beside a direct client of the same model server
    Overhead(overhead::Options),
    /// POSTs to a webhook, each with a body of its own
    Webhook(webhook::Options),
    /// The list of sessions and the first page of one
    Read(read::Options),
    /// Pings, a fan-out, and on demand webhooks, reads and an agent, all at once
    Mixed(mixed::Options),
}

/// Runs one mode.
///
/// # Errors
/// The server refuses, closes, answers too late or breaks the protocol; what it lost stands in the report.
pub async fn run(setup: &Setup, mode: &Mode) -> Result<Report, BenchError> {
    match mode {
        Mode::Connect(options) => connect::run(setup, options).await,
        Mode::Idle(options) => idle::run(setup, options).await,
        Mode::Ping(options) => ping::run(setup, options).await,
        Mode::FanOut(options) => fan_out::run(setup, options, fan_out::Wire::Gateway).await,
        Mode::Nats(options) => fan_out::run(setup, options, fan_out::Wire::Nats).await,
        Mode::Agent(options) => agent::run(setup, options).await,
        Mode::Overhead(options) => overhead::run(setup, options).await,
        Mode::Webhook(options) => webhook::run(setup, options).await,
        Mode::Read(options) => read::run(setup, options).await,
        Mode::Mixed(options) => mixed::run(setup, options).await,
    }
}

/// So many connections, signed in, named after the mode.
async fn sign_in_all(setup: &Setup, clients: usize, mode: &str) -> Result<Vec<Link>> {
    let run = run_id();
    let links = stream::iter((0..clients).map(|number| {
        let name = format!("{mode}-{run}-{number}");
        async move { Link::sign_in(setup, &name).await }
    }));
    links.buffer_unordered(OPENING).try_collect().await
}

/// A name that no other run has.
fn run_id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}
