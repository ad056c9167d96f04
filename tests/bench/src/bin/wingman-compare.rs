//! `wingman-compare`: the gateway beside the floor and a NATS server, as a table in Markdown. Exit codes: 0 measured, 1 something
//! went wrong, 2 usage. A goal that is missed is told, and is no failure: a busy machine misses them, too.

use anyhow::Result;
use clap::Parser;
use std::path::PathBuf;
use wingman_bench::compare::{Binaries, Plan, compare};
use wingman_bench::raise_file_limit;

/// Measures a gateway beside what the same machine can do at most
#[derive(Parser)]
struct Arguments {
    /// The gateway's program
    #[arg(long)]
    gateway: PathBuf,
    /// The floor's program
    #[arg(long)]
    floor: PathBuf,
    /// A NATS server's program; its rows are left out without it
    #[arg(long)]
    nats: Option<PathBuf>,
    /// Where compiled plugins are kept
    #[arg(long)]
    cache: PathBuf,
    /// Rounds of each comparison
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=50))]
    rounds: u8,
    /// Seconds of each round
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=120))]
    seconds: u8,
    /// Only rows whose name contains this
    #[arg(long)]
    only: Option<String>,
}

fn main() -> Result<()> {
    let Arguments { gateway, floor, nats, cache, rounds, seconds, only } = Arguments::parse();
    raise_file_limit()?;
    let plan = Plan { rounds: rounds.into(), seconds: seconds.into(), only };
    // One thread: the cheapest, and it leaves a core to the servers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let binaries = Binaries { gateway, floor, nats, cache };
    let table = runtime.block_on(compare(&binaries, &plan, |row| eprintln!("{row}")))?;
    println!("{table}");
    Ok(())
}
