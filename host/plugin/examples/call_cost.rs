//! What a call costs: `cargo run --release -p wingman-plugin --example call_cost -- <plugins folder> [body file]`.
//!
//! Prints, for each plugin in the folder, how long it takes to compile it, to load it from the cache, and to make one call in
//! a fresh instance (median of many, with an empty object or the given file as the body).

use bytes::Bytes;
use std::error::Error;
use std::time::{Duration, Instant};
use wingman_manifest::{Kind, Manifest};
use wingman_message::{Components, HttpRequest, PluginName, WebhookDelivery, WebhookId};
use wingman_plugin::{PluginHost, PluginHostConfig, Slots};

const CALLS: usize = 20_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args_os().skip(1);
    let dir = arguments.next().ok_or("usage: call_cost <plugins folder> [body file]")?;
    let body = arguments.next().map_or_else(|| Ok(b"{}".to_vec()), std::fs::read)?;
    let cache = tempfile::tempdir()?;
    let config =
        |pooled| PluginHostConfig { slots: Slots { pooled, ..Slots::default() }, ..PluginHostConfig::new(&dir, cache.path()) };

    let cold = PluginHost::open(config(true)).await?;
    let started = Instant::now();
    let warm = PluginHost::open(config(true)).await?;
    println!("opening the host with a warm cache: {:?}", started.elapsed());
    for (compiled, loaded) in cold.load_reports().iter().zip(warm.load_reports()) {
        println!("{}: compiled and loaded in {:?}, from the cache in {:?}", compiled.name, compiled.took, loaded.took);
    }
    let single = PluginHost::open(config(false)).await?;
    for status in warm.list() {
        let Some(manifest) = warm.manifest(&PluginName::new(&status.name)?) else { continue };
        for (how, host) in [("pooled", &warm), ("one by one", &single)] {
            let mut times = Vec::with_capacity(CALLS);
            for _ in 0..CALLS {
                times.push(call(host, &manifest, &body).await?);
            }
            times.sort_unstable();
            println!("{} ({how}): median {:?}, p99 {:?}", status.name, times[CALLS / 2], times[CALLS * 99 / 100]);
        }
        let workers = std::thread::available_parallelism()?.get();
        let started = Instant::now();
        let tasks: Vec<_> = (0..workers)
            .map(|_| {
                let (host, manifest, body) = (warm.clone(), manifest.clone(), body.clone());
                tokio::spawn(async move {
                    for _ in 0..CALLS {
                        let _ = call(&host, &manifest, &body).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await?;
        }
        let calls = u32::try_from(CALLS * workers)?;
        println!(
            "{}: {:.0} calls a second on {workers} threads",
            status.name,
            f64::from(calls) / started.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// One call; what it returns does not matter.
async fn call(host: &PluginHost, manifest: &Manifest, body: &[u8]) -> Result<Duration, Box<dyn Error + Send + Sync>> {
    let body = Bytes::copy_from_slice(body);
    match (manifest.kind, &manifest.channel) {
        (Kind::Preset, _) => {
            let delivery = WebhookDelivery {
                webhook: WebhookId::new("bench")?,
                label: None,
                content_type: "application/json".to_owned(),
                headers: Vec::new(),
                body,
                settings: String::new(),
            };
            let started = Instant::now();
            let _ = host.normalize(&manifest.name, delivery).await;
            Ok(started.elapsed())
        }
        (Kind::Channel, Some(channel)) => {
            let request = HttpRequest { method: "POST".to_owned(), url: "/".to_owned(), headers: Vec::new(), body };
            let started = Instant::now();
            let _ = host.receive(channel, None, request).await;
            Ok(started.elapsed())
        }
        _ => Ok(Duration::ZERO),
    }
}
