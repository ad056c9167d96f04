//! What a measurement costs: processor time of both sides, and the server's memory, from `/proc`.

use crate::clock::{self, Window};
use crate::error::{BenchError, Result};
use rustix::param::{clock_ticks_per_second, page_size};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How often the server's memory is looked at. Counting its pages costs the kernel some time, so not more often.
const EVERY: Duration = Duration::from_millis(500);

/// What the measured window cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Processor time of the load generator.
    pub generator_cpu_seconds: f64,
    /// The server's, where its process was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerCost>,
}

/// What the server used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerCost {
    /// Processor time in the window.
    pub cpu_seconds: f64,
    /// The most resident memory that was seen, in bytes.
    pub peak_rss_bytes: u64,
    /// The most memory that is its own share, in bytes: pages that several processes map count in parts.
    pub peak_pss_bytes: u64,
    /// Resident memory at the end.
    pub last_rss_bytes: u64,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "generator {:.2} s of processor time", self.generator_cpu_seconds)?;
        let Some(server) = &self.server else { return Ok(()) };
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        write!(f, "; server {:.2} s", server.cpu_seconds)?;
        write!(f, ", RSS {:.1} MiB, PSS {:.1} MiB", mib(server.peak_rss_bytes), mib(server.peak_pss_bytes))
    }
}

/// Measures over `window`; to be run beside what is measured.
pub(crate) async fn over(window: Window, server: Option<u32>) -> Result<Cost> {
    tokio::time::sleep(clock::until(window.begins)).await;
    let generator = clock::processor_seconds();
    let mut cost = Cost::default();
    if let Some(pid) = server {
        let process = Process::new(pid);
        let begin = process.processor_seconds()?;
        let mut sum = ServerCost::default();
        while clock::now() < window.ends {
            process.look(&mut sum)?;
            tokio::time::sleep(EVERY.min(clock::until(window.ends))).await;
        }
        process.look(&mut sum)?;
        sum.cpu_seconds = process.processor_seconds()? - begin;
        cost.server = Some(sum);
    } else {
        tokio::time::sleep(clock::until(window.ends)).await;
    }
    cost.generator_cpu_seconds = clock::processor_seconds() - generator;
    Ok(cost)
}

/// A process of this machine.
pub(crate) struct Process(PathBuf);

impl Process {
    pub(crate) fn new(pid: u32) -> Self {
        Self(PathBuf::from(format!("/proc/{pid}")))
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let statm = self.read("statm")?;
        let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
        Ok(pages * page_size() as u64)
    }

    fn look(&self, sum: &mut ServerCost) -> Result<()> {
        sum.last_rss_bytes = self.resident()?;
        sum.peak_rss_bytes = sum.peak_rss_bytes.max(sum.last_rss_bytes);
        sum.peak_pss_bytes = sum.peak_pss_bytes.max(self.proportional()?);
        Ok(())
    }

    fn proportional(&self) -> Result<u64> {
        let rollup = self.read("smaps_rollup")?;
        let kib = rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kib.unwrap_or(0) * 1024)
    }

    /// User and system time together, to a hundredth of a second.
    fn processor_seconds(&self) -> Result<f64> {
        let stat = self.read("stat")?;
        // The program's name stands second, in parentheses, and may contain anything; 11 and 12 behind it are the two times.
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        let ticks: u64 = behind.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Ok(ticks as f64 / clock_ticks_per_second() as f64)
    }

    fn read(&self, name: &str) -> Result<String> {
        std::fs::read_to_string(self.0.join(name)).map_err(BenchError::system("reading what the server uses"))
    }
}
