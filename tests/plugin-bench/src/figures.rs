//! Medians, percentiles, and the table that is printed.

use std::fmt;
use std::time::Duration;

/// Figures in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 3]>);

impl Table {
    /// One figure; `goal` is empty where none is set.
    pub(crate) fn add(&mut self, what: impl Into<String>, figure: impl Into<String>, goal: &str) {
        self.0.push([what.into(), figure.into(), goal.to_owned()]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "| what | measured | goal |\n|---|---|---|")?;
        self.0.iter().try_for_each(|[what, figure, goal]| writeln!(out, "| {what} | {figure} | {goal} |"))
    }
}

/// The middle one; zero of none.
pub(crate) fn median(times: &mut [Duration]) -> Duration {
    percentile(times, 50)
}

/// So many of a hundred are not longer.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get((times.len() * percent / 100).min(last)).copied().unwrap_or_default()
}

/// The middle one of numbers; zero of none.
pub(crate) fn middle(numbers: &mut [f64]) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

pub(crate) fn micros(time: Duration) -> String {
    format!("{:.1} \u{b5}s", time.as_secs_f64() * 1e6)
}

pub(crate) fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
