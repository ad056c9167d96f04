//! The conformance kit: what every plugin must bear before anybody else should run it. Each check has a name and a sentence that tells
//! the author what to do.

mod channel;
mod fixtures;
mod hostile;
mod manifest;
mod tool;

use crate::bench::Bench;
use crate::{Fixture, Result};
use serde::Serialize;
use std::path::Path;
use wingman_manifest::Kind;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Well.
    Pass,
    /// It works, and could be better.
    Warn,
    /// The plugin must be mended.
    Fail,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What is checked, such as `fixture down`.
    pub name: String,
    /// How it went.
    pub verdict: Verdict,
    /// What was found, and unless all is well what to do. May have many lines.
    pub says: String,
}

impl Check {
    fn new(name: impl Into<String>, verdict: Verdict, says: impl Into<String>) -> Self {
        Self { name: name.into(), verdict, says: says.into() }
    }

    fn pass(name: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(name, Verdict::Pass, says)
    }

    fn warn(name: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(name, Verdict::Warn, says)
    }

    fn fail(name: impl Into<String>, says: impl Into<String>) -> Self {
        Self::new(name, Verdict::Fail, says)
    }
}

/// All checks of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The plugin's name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The checks in their order.
    pub checks: Vec<Check>,
}

impl Report {
    /// The worst verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Pass)
    }

    /// How many checks went like this.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }
}

/// What becomes of an expectation that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshots {
    /// The check fails.
    Compare,
    /// The expectation is written anew.
    Update,
}

/// Checks the plugin in `dir` (`plugin.toml`, `plugin.wasm`) with the cases in the folder `fixtures`. Compiled code is kept in `cache_dir`.
///
/// # Errors
/// A file cannot be read or is not written as it should be. What the plugin does wrong is in the report; one that cannot be loaded has a
/// report with one check.
pub async fn conformance(dir: &Path, fixtures: &Path, cache_dir: &Path, snapshots: Snapshots) -> Result<Report> {
    let mut bench = match Bench::open(dir, cache_dir).await {
        Ok(bench) => bench,
        Err(error @ (crate::WorkbenchError::Manifest(_) | crate::WorkbenchError::Refused { .. })) => {
            let plugin = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let checks = vec![Check::fail("manifest and component", error.to_string())];
            return Ok(Report { plugin, version: String::new(), checks });
        }
        Err(error) => return Err(error),
    };
    let cases = Fixture::all_in(fixtures)?;
    let mut checks = manifest::checks(&bench);
    checks.extend(fixtures::checks(&mut bench, fixtures, &cases, snapshots).await?);
    checks.extend(hostile::checks(&mut bench, &cases).await?);
    match bench.manifest().kind {
        Kind::Channel => checks.extend(channel::checks(&mut bench, &cases).await?),
        Kind::Tool => checks.extend(tool::checks(&mut bench, &cases).await?),
        Kind::Preset => {}
    }
    let manifest = bench.manifest();
    Ok(Report { plugin: manifest.name.to_string(), version: manifest.version.to_string(), checks })
}
