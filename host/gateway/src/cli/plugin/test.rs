//! `wingman plugin test`: the conformance kit.

use super::next;
use super::project::ProjectArgs;
use crate::cli::runtime;
use crate::show;
use anyhow::{Result, bail};
use wingman_workbench::{Check, Report, Snapshots, Verdict, conformance};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// Write the expectations that differ anew
    #[arg(long)]
    update: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> Result<()> {
        let ready = self.project.build()?;
        let snapshots = if self.update { Snapshots::Update } else { Snapshots::Compare };
        let spinner = show::spinner("testing");
        let (fixtures, compiled) = (ready.fixtures(), ready.compiled("now"));
        let report = runtime()?.block_on(conformance(&ready.built.dir, &fixtures, &compiled, snapshots));
        spinner.finish_and_clear();
        let report = report?;
        if self.json {
            show::json(&report)?;
        } else {
            print(&report);
        }
        if report.verdict() == Verdict::Fail {
            bail!("{} fails {} of {} checks", report.plugin, report.count(Verdict::Fail), report.checks.len());
        }
        if !self.json {
            next("wingman plugin dev");
        }
        Ok(())
    }
}

fn print(report: &Report) {
    for Check { name, verdict, says } in &report.checks {
        let mark = match verdict {
            Verdict::Pass => show::good("pass"),
            Verdict::Warn => show::bad("warn"),
            Verdict::Fail => show::bad("FAIL"),
        };
        let mut lines = says.lines();
        anstream::println!("{mark}  {name}: {}", lines.next().unwrap_or_default());
        lines.for_each(|line| anstream::println!("      {line}"));
    }
    anstream::println!(
        "{} {}: {} passed, {} warnings, {} failed",
        report.plugin,
        report.version,
        report.count(Verdict::Pass),
        report.count(Verdict::Warn),
        report.count(Verdict::Fail)
    );
}
