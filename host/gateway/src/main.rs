//! `wingman`: the gateway's command line. Parses it, runs one command, prints what went wrong, and picks the exit code.

#![forbid(unsafe_code)]

mod built_in;
mod catalog;
mod cli;
mod compose;
mod credentials;
mod daemon;
mod exit;
mod logs;
mod operator;
mod settings;
mod show;
mod translate;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}
