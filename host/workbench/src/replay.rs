//! Recorded deliveries, on the version that is in use and on another: what would it have done differently?
//!
//! A recording is a file of JSON Lines; each line is a fixture.

use crate::bench::{Bench, as_json};
use crate::difference::{self, Difference};
use crate::{Fixture, Result, WorkbenchError};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// One recorded delivery, on two versions.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// Which one: its line in the recording.
    pub name: String,
    /// Where the new version's result or calls out differ; empty where they do not.
    pub differences: Vec<Difference>,
}

/// Reads a recording.
///
/// # Errors
/// [`WorkbenchError::File`], [`WorkbenchError::Written`] with the line
pub fn recording(path: &Path) -> Result<Vec<Fixture>> {
    let text = std::fs::read_to_string(path).map_err(WorkbenchError::file(path))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(index, line): (usize, &str)| {
        let file = format!("{}:{}", path.display(), index + 1);
        Fixture::parse(&format!("line {}", index + 1), &file, line)
    };
    lines.map(read).collect()
}

/// Runs each delivery on both versions.
///
/// # Errors
/// As [`Bench::run`].
pub async fn replay(before: &mut Bench, after: &mut Bench, deliveries: &[Fixture]) -> Result<Vec<Replayed>> {
    let mut replayed = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let (old, new) = (seen(before, delivery).await?, seen(after, delivery).await?);
        replayed.push(Replayed { name: delivery.name.clone(), differences: difference::between(&old, &new) });
    }
    Ok(replayed)
}

/// What the world would have seen: the result, and the calls out.
async fn seen(bench: &mut Bench, delivery: &Fixture) -> Result<Value> {
    let outcome = bench.run(delivery).await?;
    let mut seen = outcome.result;
    if let Some(fields) = seen.as_object_mut().filter(|_| !outcome.http.is_empty()) {
        fields.insert("http".to_owned(), as_json(&outcome.http));
    }
    Ok(seen)
}
