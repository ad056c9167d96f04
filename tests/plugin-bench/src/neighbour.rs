//! What one hostile plugin, which computes until it is stopped and is called again at once, does to its neighbour's calls.

use crate::calls::calls;
use crate::figures::{Table, micros, middle, percentile};
use crate::stage::{self, TWINS};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;
use wingman_message::{Components, PluginName};
use wingman_plugin::PluginHost;

const ROUNDS: usize = 31;
const CALLS: usize = 5_000;

pub(crate) async fn measure(plugins: &Path, table: &mut Table) -> Result<()> {
    let twin = &TWINS[0];
    let open = stage::open(vec![stage::built(plugins, twin.name, twin.name)?, stage::hostile()?], true).await?;
    let (mut ratios, mut calm, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Which comes first alternates: a machine that grows slower or faster meanwhile moves both alike.
        let (alone, attacked) = if round % 2 == 0 {
            let alone = p99(&open.host).await?;
            (alone, p99_attacked(&open.host).await?)
        } else {
            let attacked = p99_attacked(&open.host).await?;
            (p99(&open.host).await?, attacked)
        };
        ratios.push(attacked.as_secs_f64() / alone.as_secs_f64());
        calm.push(alone);
        beside.push(attacked);
    }
    table.add("a neighbour's p99", micros(percentile(&mut calm, 50)), "");
    table.add("the same beside a plugin that loops", micros(percentile(&mut beside, 50)), "");
    table.add("ratio", format!("{:.2}", middle(&mut ratios)), "below 1.10");
    Ok(())
}

async fn p99(host: &PluginHost) -> Result<Duration> {
    let host = host.clone();
    let mut times = tokio::spawn(async move { calls(&host, &TWINS[0], CALLS).await }).await??;
    Ok(percentile(&mut times, 99))
}

async fn p99_attacked(host: &PluginHost) -> Result<Duration> {
    let attack = tokio::spawn(attack(host.clone()));
    let attacked = p99(host).await;
    attack.abort();
    // An aborted task has ended when it can be joined; only then is what follows calm.
    let _ = attack.await;
    attacked
}

/// Until it is aborted.
async fn attack(host: PluginHost) -> Result<()> {
    let name = PluginName::new("loops-forever")?;
    loop {
        // It never returns but by its deadline; that it fails is the point.
        let _ = host.normalize(&name, stage::delivery("{}")?).await;
    }
}
