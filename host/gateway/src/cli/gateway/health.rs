//! `wingman gateway health`

use crate::cli::runtime;
use crate::exit::Failure;
use crate::{settings, show};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;
use wingman_config::Overrides;
use wingman_protocol::Health;

/// How long a gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The gateway's host [default: as configured]
    #[arg(long)]
    host: Option<String>,
    /// The gateway's port [default: as configured]
    #[arg(long)]
    port: Option<u16>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        let (host, port) = match (self.host, self.port) {
            (Some(host), Some(port)) => (host, port),
            (host, port) => {
                let gateway = settings::load(config, &Overrides::default())?.gateway;
                (host.unwrap_or_else(|| gateway.host.as_str().to_owned()), port.unwrap_or(gateway.port))
            }
        };
        let url = format!("http://{}/health", crate::translate::authority(&host, port));
        let health = runtime()?.block_on(ask(&url))?;
        if self.json {
            return show::json(&health);
        }
        let up = Duration::from_millis(health.stats.uptime);
        anstream::println!(
            "{}  version {}, up {}, {} messages processed, {} sessions active",
            show::good(&health.status),
            health.version,
            indicatif::HumanDuration(up),
            health.stats.messages_processed,
            health.stats.active_sessions
        );
        Ok(())
    }
}

async fn ask(url: &str) -> Result<Health> {
    let unreachable = |error: reqwest::Error| {
        let why = if error.is_timeout() { "it does not answer".to_owned() } else { "nothing listens there".to_owned() };
        Failure::Unreachable(format!("no gateway at {url}: {why}; `wingman gateway start` starts one"))
    };
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
    let response = client.get(url).send().await.map_err(unreachable)?;
    let health = response.error_for_status().map_err(unreachable)?.json().await;
    Ok(health.map_err(|_| Failure::Unreachable(format!("what answers at {url} is no Wingman gateway")))?)
}
