//! A task in stages: each is timed, a failure does not stop the next one, and the end says how all of them went.

use crate::shell::human;
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// The stages so far.
pub(crate) struct Stages {
    started: Instant,
    done: Vec<Stage>,
}

struct Stage {
    name: &'static str,
    took: Duration,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Failed(String),
    /// Left out, because what it builds upon had failed.
    Skipped(String),
}

impl Stages {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), done: Vec::new() }
    }

    /// Runs a stage. None when it failed: stages that need its result are then skipped by the caller.
    pub(crate) fn run<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        eprintln!("\n== {name}");
        let started = Instant::now();
        let result = work();
        let outcome = match &result {
            Ok(_) => Outcome::Passed,
            Err(error) => {
                eprintln!("error: {error:#}");
                Outcome::Failed(format!("{error:#}"))
            }
        };
        self.done.push(Stage { name, took: started.elapsed(), outcome });
        result.ok()
    }

    /// Notes a stage that cannot run.
    pub(crate) fn skip(&mut self, name: &'static str, why: &str) {
        self.done.push(Stage { name, took: Duration::ZERO, outcome: Outcome::Skipped(why.to_owned()) });
    }

    /// Prints the summary; an error when any stage did not pass.
    pub(crate) fn finish(self) -> Result<()> {
        eprint!("\n{}", self.summary());
        let names = self.done.iter().filter(|stage| !matches!(stage.outcome, Outcome::Passed)).map(|stage| stage.name);
        let names = names.collect::<Vec<_>>().join(", ");
        if names.is_empty() {
            return Ok(());
        }
        bail!("not passed: {names}")
    }

    fn summary(&self) -> String {
        let mut text = String::from("Summary\n");
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for Stage { name, took, outcome } in &self.done {
            let (word, why) = match outcome {
                Outcome::Passed => (passed += 1, ("ok", "")).1,
                Outcome::Failed(why) => (failed += 1, ("FAILED", first_line(why))).1,
                Outcome::Skipped(why) => (skipped += 1, ("skipped", first_line(why))).1,
            };
            let line = format!("  {word:<8}{:>14}  {name:<18} {why}", human(*took));
            text += line.trim_end();
            text.push('\n');
        }
        text += &format!("  in all  {:>14}\n", human(self.started.elapsed()));
        text += &format!("stages: {passed} passed, {failed} failed, {skipped} skipped\n");
        text
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_failure_lets_the_others_run_and_is_named_at_the_end() {
        let mut stages = Stages::new();
        assert_eq!(stages.run("first", || Ok(1)), Some(1));
        assert_eq!(stages.run("second", || Err::<(), _>(anyhow!("the reason\nand more"))), None);
        stages.skip("third", "second failed");
        assert_eq!(stages.run("fourth", || Ok(4)), Some(4));

        let summary = stages.summary();
        assert!(summary.contains("second             the reason\n"), "{summary}");
        assert!(summary.ends_with("stages: 2 passed, 1 failed, 1 skipped\n"), "{summary}");
        assert_eq!(stages.finish().unwrap_err().to_string(), "not passed: second, third");
    }

    #[test]
    fn all_passed_is_no_error() {
        let mut stages = Stages::new();
        stages.run("only", || Ok(()));
        assert!(stages.finish().is_ok());
    }
}
