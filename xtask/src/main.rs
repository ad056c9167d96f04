//! `cargo xtask <task>`: every developer task of this repository, in one place.
//!
//! What is not here: anything that a user of the gateway runs (that is `wingman`), and how plugins are compiled
//! (`wingman-guest` knows).

mod apt;
mod artifact;
mod gateway;
mod node;
mod project;
mod real_model;
mod served;
mod shell;
mod stages;
mod tasks;
mod tidy;
mod tools;

use clap::Parser;
use std::process::ExitCode;

/// Every developer task of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: tasks::Task,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match project::Project::find().and_then(|project| arguments.task.perform(&project)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
