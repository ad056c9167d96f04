//! `wingman gateway run`: the gateway itself.

use super::RunArgs;
use crate::cli::runtime;
use crate::daemon::{PidFile, Running};
use crate::{compose, logs, operator, settings, show, translate};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::Path;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use wingman_config::Config;
use wingman_message::{Clock, SystemClock};
use wingman_server::Listeners;

pub(super) fn run(config: Option<&Path>, args: &RunArgs) -> Result<()> {
    let config = settings::load(config, &args.overrides())?;
    // Mistakes in credentials show before anything starts.
    config.credentials()?;
    let _log = if args.background {
        // A session of its own, so that closing the terminal does not end it.
        rustix::process::setsid().context("cannot leave the terminal")?;
        Some(logs::to_files(&config.gateway.state_dir)?)
    } else {
        logs::to_terminal();
        None
    };
    // In the background nobody sees standard error: the log is where `start` looks for the reason.
    serve(&config, args).inspect_err(|error| tracing::error!("the gateway ends: {error:#}"))
}

fn serve(config: &Config, args: &RunArgs) -> Result<()> {
    let mut held = PidFile::of(&config.gateway.state_dir).hold()?;
    runtime()?.block_on(async {
        let shutdown = CancellationToken::new();
        watch_signals(shutdown.clone())?;
        let listeners = compose::listen(config).await?;
        let core = compose::core(config, args.overrides()).await?;
        if let Err(error) = operator::follow(&config.file, core.catalog.changed(), shutdown.clone()) {
            tracing::warn!(error = format!("{error:#}"), "the configuration cannot be watched; changes need a restart");
        }
        let running = describe(config, &listeners)?;
        held.announce(&running)?;
        tracing::info!(url = running.url, control_ui = running.control_ui, "the gateway is ready");
        if !args.background {
            greet(&running);
        }
        let served = compose::serve(config, &core, listeners, shutdown).await;
        tracing::info!("the gateway is shutting down");
        core.shut_down().await;
        served
    })
}

/// SIGINT and SIGTERM end the gateway well; a second one ends it at once.
fn watch_signals(shutdown: CancellationToken) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if shutdown.is_cancelled() {
                tracing::warn!("ending at once; what has not ended is resumed at the next start");
                std::process::exit(130);
            }
            shutdown.cancel();
        }
    });
    Ok(())
}

fn describe(config: &Config, listeners: &Listeners) -> Result<Running> {
    let url = |address: SocketAddr| {
        // "Any address" is where it listens, not where one goes.
        let ip = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
        format!("http://{}", translate::authority(&ip, address.port()))
    };
    let gateway = url(listeners.gateway.local_addr()?);
    let control_ui = match &listeners.control_ui {
        Some(listener) => Some(url(listener.local_addr()?)),
        None => config.gateway.control_ui.enabled.then(|| gateway.clone()),
    };
    let pid = i32::try_from(std::process::id()).context("the process id does not fit")?;
    Ok(Running { pid, url: gateway, control_ui, started_at: SystemClock.now_ms() })
}

fn greet(running: &Running) {
    anstream::eprintln!("{}  {}", show::good("Gateway"), running.url);
    if let Some(control_ui) = &running.control_ui {
        anstream::eprintln!("{}  {control_ui}", show::good("Page   "));
    }
    anstream::eprintln!("{}", show::faint("Ctrl-C ends it."));
}
