//! `wingman-bench`: loads a gateway on this machine and says what it does. Exit codes: 0 measured, 1 the server did wrong, 2 usage.

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use tokio::net::TcpListener;
use wingman_bench::model::{self, Script};
use wingman_bench::modes::{self, Mode};
use wingman_bench::{Report, Setup, raise_file_limit};

/// Loads a gateway on this machine over its protocol
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    setup: Setup,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
    /// Threads of the generator; one is the cheapest, and leaves a core to the server
    #[arg(long, global = true, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=16))]
    threads: u8,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Load(Mode),
    /// Serve a scripted model, OpenAI-compatible, until killed; prints its address as a JSON line
    Model {
        /// The port; 0 chooses one
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Tokens of an answer, where a request does not say tokens=N
        #[arg(long, default_value_t = 2_000)]
        tokens: usize,
        /// Tokens a second; 0 is as many as possible
        #[arg(long, default_value_t = 0.0)]
        rate: f64,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    raise_file_limit()?;
    let mut builder = match arguments.threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(arguments.threads.into()).enable_all().build()?;
    match &arguments.command {
        Command::Load(mode) => {
            let report = runtime.block_on(modes::run(&arguments.setup, mode))?;
            tell(&report, arguments.json)
        }
        Command::Model { port, tokens, rate } => {
            runtime.block_on(serve(*port, Script { tokens: *tokens, rate: (*rate > 0.0).then_some(*rate) }))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn serve(port: u16, script: Script) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("binding the port")?;
    println!("{}", serde_json::json!({ "url": format!("http://{}/v1", listener.local_addr()?) }));
    Ok(model::serve(listener, script).await?)
}

fn tell(report: &Report, is_json: bool) -> Result<ExitCode> {
    if is_json {
        println!("{}", serde_json::to_string(report)?);
    } else {
        print!("{report}");
    }
    let mut problems = report.all_problems().peekable();
    if problems.peek().is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    for problem in problems {
        eprintln!("error: {problem}");
    }
    Ok(ExitCode::FAILURE)
}
