//! Compiling a plugin, loading it from the cache, and starting with twelve cached ones against none.

use crate::figures::{Table, median, millis};
use crate::stage;
use anyhow::Result;
use std::path::Path;
use std::time::{Duration, Instant};
use wingman_plugin::BuiltIn;

const ROUNDS: usize = 9;
/// Each of them is there twice, which makes twelve; code under two names is cached once and loaded twice.
const FIRST_PARTY: [&str; 6] = ["generic", "gog-gmail", "http-fetch", "notes", "time", "webui"];

pub(crate) async fn measure(plugins: &Path, table: &mut Table) -> Result<()> {
    one(plugins, table).await?;
    twelve(plugins, table).await
}

async fn one(plugins: &Path, table: &mut Table) -> Result<()> {
    let plugin = stage::built(plugins, "generic", "generic")?;
    let (mut cold, mut cached) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let state = tempfile::tempdir()?;
        for times in [&mut cold, &mut cached] {
            let host = stage::open_in(state.path(), vec![plugin.clone()], true).await?;
            times.extend(host.load_reports().iter().map(|report| report.took));
        }
    }
    table.add("compiling and loading `generic`", millis(median(&mut cold)), "");
    table.add("loading it from the cache", millis(median(&mut cached)), "");
    Ok(())
}

async fn twelve(plugins: &Path, table: &mut Table) -> Result<()> {
    let mut all = Vec::new();
    for name in FIRST_PARTY {
        all.push(stage::built(plugins, name, name)?);
        all.push(stage::built(plugins, name, &format!("{name}-2"))?);
    }
    let state = tempfile::tempdir()?;
    stage::open_in(state.path(), all.clone(), true).await?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // Elsewhere: a host without plugins clears the cache.
        without.push(opening(tempfile::tempdir()?.path(), Vec::new()).await?);
        with.push(opening(state.path(), all.clone()).await?);
    }
    let (without, with) = (median(&mut without), median(&mut with));
    table.add("opening the host without plugins", millis(without), "");
    table.add("what twelve cached plugins add", millis(with.saturating_sub(without)), "at most 20 ms");
    Ok(())
}

async fn opening(state: &Path, plugins: Vec<BuiltIn>) -> Result<Duration> {
    let started = Instant::now();
    let host = stage::open_in(state, plugins, true).await?;
    let took = started.elapsed();
    drop(host);
    Ok(took)
}
