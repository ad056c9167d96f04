//! One call in a fresh instance, beside the same function called natively; and how many calls a second one thread and two do.

use crate::figures::{Table, median, micros, middle};
use crate::runtime;
use crate::stage::{self, TWINS, Twin};
use anyhow::Result;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};
use wingman_message::{Components, PluginName};
use wingman_plugin::PluginHost;

const ROUNDS: usize = 60;
const CALLS_A_ROUND: usize = 200;
const THROUGHPUT_ROUNDS: usize = 7;
const THROUGHPUT_CALLS: usize = 20_000;

/// Each round makes some calls of every sort, so that what else happens on the machine meets all sorts alike.
pub(crate) async fn measure(plugins: &Path, table: &mut Table) -> Result<()> {
    for twin in &TWINS {
        let plugin = || Ok::<_, anyhow::Error>(vec![stage::built(plugins, twin.name, twin.name)?]);
        let pooled = stage::open(plugin()?, true).await?;
        let single = stage::open(plugin()?, false).await?;
        let (mut native, mut fresh, mut on_demand) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            call_native(twin, &mut native)?;
            // On a thread of the runtime, as in the gateway; whoever blocks on a runtime is none of its threads.
            fresh.extend(on_the_runtime(&pooled.host, twin).await?);
            on_demand.extend(on_the_runtime(&single.host, twin).await?);
        }
        let (native, fresh, on_demand) = (median(&mut native), median(&mut fresh), median(&mut on_demand));
        let what = |how: &str| format!("`{}`, {} bytes: {how}", twin.name, twin.body.len());
        table.add(what("native"), micros(native), "");
        table.add(what("fresh instance, pooled"), micros(fresh), "");
        table.add(what("fresh instance, one by one"), micros(on_demand), "");
        let goal = if twin.name == "generic" { "at most 12 \u{b5}s" } else { "" };
        table.add(what("pooled above native"), micros(fresh.saturating_sub(native)), goal);
    }
    Ok(())
}

fn call_native(twin: &Twin, times: &mut Vec<Duration>) -> Result<()> {
    for _ in 0..CALLS_A_ROUND {
        let delivery = twin.delivery()?;
        let started = Instant::now();
        let messages = black_box(twin.call_native(black_box(delivery)));
        times.push(started.elapsed());
        drop(messages);
    }
    Ok(())
}

async fn on_the_runtime(host: &PluginHost, twin: &'static Twin) -> Result<Vec<Duration>> {
    let host = host.clone();
    tokio::spawn(async move { calls(&host, twin, CALLS_A_ROUND).await }).await?
}

/// Calls one after the other; how long each took.
pub(crate) async fn calls(host: &PluginHost, twin: &Twin, count: usize) -> Result<Vec<Duration>> {
    let name = PluginName::new(twin.name)?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let delivery = twin.delivery()?;
        let started = Instant::now();
        let messages = host.normalize(&name, delivery).await;
        times.push(started.elapsed());
        black_box(messages?);
    }
    Ok(times)
}

/// One thread and two, in turn.
pub(crate) fn measure_throughput(plugins: &Path, table: &mut Table) -> Result<()> {
    let twin = &TWINS[0];
    let (one, two) = (runtime(1)?, runtime(2)?);
    let open = two.block_on(stage::open(vec![stage::built(plugins, twin.name, twin.name)?], true))?;
    let (mut slow, mut fast, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..THROUGHPUT_ROUNDS {
        let alone = one.block_on(rate(&open.host, 1))?;
        let both = two.block_on(rate(&open.host, 2))?;
        slow.push(alone);
        fast.push(both);
        ratios.push(both / alone);
    }
    table.add("calls a second, one thread", format!("{:.0}", middle(&mut slow)), "");
    table.add("calls a second, two threads", format!("{:.0}", middle(&mut fast)), "");
    table.add("two threads against one", format!("{:.2} times", middle(&mut ratios)), "at least 1.6 times");
    Ok(())
}

async fn rate(host: &PluginHost, tasks: usize) -> Result<f64> {
    let started = Instant::now();
    let mut running = Vec::with_capacity(tasks);
    for _ in 0..tasks {
        let host = host.clone();
        running.push(tokio::spawn(async move { calls(&host, &TWINS[0], THROUGHPUT_CALLS).await }));
    }
    for task in running {
        task.await??;
    }
    let calls = u32::try_from(tasks * THROUGHPUT_CALLS)?;
    Ok(f64::from(calls) / started.elapsed().as_secs_f64())
}
