//! `wingman plugin run`: one call, and all that can be seen of it.

use super::next;
use super::project::{self, ToolsArgs};
use crate::cli::runtime;
use crate::show;
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::path::PathBuf;
use wingman_workbench::{Bench, Fixture, Outcome};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What goes in, such as fixtures/NAME.json
    fixture: PathBuf,
    /// The plugin's project
    #[arg(long, default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    tools: ToolsArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> Result<()> {
        let fixture = Fixture::open(&self.fixture)?;
        let ready = project::build(project::open(&self.dir)?, &self.tools)?;
        let spinner = show::spinner("loading");
        let outcome = runtime()?.block_on(async {
            let mut bench = Bench::open(&ready.built.dir, &ready.compiled("now")).await?;
            spinner.finish_and_clear();
            bench.run(&fixture).await
        });
        spinner.finish_and_clear();
        let outcome = outcome?;
        if self.json {
            show::json(&as_json(&outcome))?;
        } else {
            print(&outcome)?;
        }
        if outcome.result.get("crash").is_some() {
            bail!("the plugin failed in a way that counts against it; the result says how");
        }
        if !outcome.complaints.is_empty() {
            bail!("the fixture does not fit what the plugin calls");
        }
        if !self.json {
            next("wingman plugin test");
        }
        Ok(())
    }
}

fn print(outcome: &Outcome) -> Result<()> {
    show::json(&outcome.result)?;
    anstream::println!("{}", show::faint(&format!("in {:.2} ms", outcome.took.as_secs_f64() * 1e3)));
    for line in &outcome.log {
        anstream::println!("{} {} {}", show::faint(&format!("log {:5}", line.level)), line.message, show::faint(&line.fields));
    }
    for chunk in &outcome.progress {
        anstream::println!("{} {chunk}", show::faint("progress "));
    }
    for call in &outcome.http {
        let body = call.body.as_ref().map(Value::to_string).unwrap_or_default();
        let secrets = if call.secrets.is_empty() { String::new() } else { format!(" [with {}]", call.secrets.join(", ")) };
        anstream::println!("{} {} {}{secrets} {body} -> {}", show::faint("http     "), call.method, call.url, call.answer);
    }
    for (key, value) in &outcome.state {
        anstream::println!("{} {key} = {}", show::faint("state    "), String::from_utf8_lossy(value));
    }
    for complaint in &outcome.complaints {
        anstream::println!("{} {complaint}", show::bad("http     "));
    }
    Ok(())
}

fn as_json(outcome: &Outcome) -> Value {
    let state = outcome.state.iter().map(|(key, value)| (key.clone(), String::from_utf8_lossy(value).into()));
    json!({
        "result": outcome.result,
        "ms": outcome.took.as_secs_f64() * 1e3,
        "log": outcome.log,
        "progress": outcome.progress,
        "http": outcome.http,
        "state": Value::Object(state.collect()),
        "complaints": outcome.complaints,
    })
}
