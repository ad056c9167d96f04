//! What a measurement found: one JSON object, or a few lines for people.

use crate::{Cost, Latency};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The result of one mode. Rates are of the measured window alone, the warm-up aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The mode, such as `fan-out`.
    pub mode: String,
    /// How many connections.
    pub clients: usize,
    /// What was asked for a second in a paced run; none in a closed loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paced_at: Option<f64>,
    /// How long was measured.
    pub seconds: f64,
    /// What is counted, such as `deliveries`.
    pub unit: String,
    /// How many in the window.
    pub count: u64,
    /// How many a second; 0 where that says nothing.
    pub per_second: f64,
    /// Latencies by what was waited for. In a saturated run they tell the length of queues.
    pub latency: BTreeMap<String, Latency>,
    /// What it cost.
    pub cost: Cost,
    /// Other figures of the mode, each with its unit in its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
    /// What the server did wrong, in words. The figures of a report with problems are no measurement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// The parts of a mixed run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Report>,
}

impl Report {
    /// `count` of `unit` in `seconds`.
    pub(crate) fn new(mode: &str, clients: usize, unit: &str, count: u64, seconds: f64, cost: Cost) -> Self {
        Self {
            mode: mode.to_owned(),
            clients,
            paced_at: None,
            seconds,
            unit: unit.to_owned(),
            count,
            per_second: count as f64 / seconds,
            latency: BTreeMap::new(),
            cost,
            figures: BTreeMap::new(),
            problems: Vec::new(),
            parts: Vec::new(),
        }
    }

    pub(crate) fn with_latency(mut self, name: &str, latency: Option<Latency>) -> Self {
        self.latency.extend(latency.map(|latency| (name.to_owned(), latency)));
        self
    }

    pub(crate) fn with_figure(mut self, name: &str, value: f64) -> Self {
        self.figures.insert(name.to_owned(), value);
        self
    }

    /// All problems, those of the parts included.
    pub fn all_problems(&self) -> impl Iterator<Item = &str> {
        let own = self.problems.iter();
        own.chain(self.parts.iter().flat_map(|part| &part.problems)).map(String::as_str)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {} in {:.2} s", self.mode, self.count, self.unit, self.seconds)?;
        if self.per_second > 0.0 {
            write!(f, " = {:.0} a second", self.per_second)?;
        }
        writeln!(f, ", {} clients", self.clients)?;
        for (name, latency) in &self.latency {
            let Latency { samples, p50_us, p90_us, p99_us, p999_us, max_us, .. } = latency;
            write!(f, "  {name:<14} p50 {p50_us:.1} µs, p90 {p90_us:.1}, p99 {p99_us:.1}, p99.9 {p999_us:.1}")?;
            writeln!(f, ", max {max_us:.1} ({samples} samples)")?;
        }
        for (name, value) in &self.figures {
            writeln!(f, "  {name:<30} {value:.3}")?;
        }
        writeln!(f, "  {}", self.cost)?;
        for part in &self.parts {
            write!(f, "{part}")?;
        }
        for problem in &self.problems {
            writeln!(f, "  PROBLEM: {problem}")?;
        }
        Ok(())
    }
}
