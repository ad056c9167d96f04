//! The gateway that runs with this configuration, asked for its plugins.

use crate::cli::runtime;
use crate::daemon::PidFile;
use anyhow::{Context, Result};
use secrecy::ExposeSecret as _;
use std::time::Duration;
use wingman_config::{Config, Credentials};
use wingman_protocol::PluginSummary;

/// A gateway on this machine answers at once or not at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running gateway.
pub(super) struct Gateway {
    url: String,
    secret: Option<String>,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Gateway {
    /// None where none runs with this state folder.
    pub(super) fn running(config: &Config) -> Result<Option<Self>> {
        let Some(running) = PidFile::of(&config.gateway.state_dir).running()? else { return Ok(None) };
        let secret = match config.credentials()? {
            Credentials::Token(secret) | Credentials::Password(secret) => Some(secret.expose_secret().to_owned()),
            Credentials::None => None,
        };
        let runtime = runtime()?;
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Some(Self { url: running.url, secret, client, runtime }))
    }

    /// What it says of its plugins.
    pub(super) fn plugins(&self) -> Result<Vec<PluginSummary>> {
        let mut request = self.client.get(format!("{}/api/plugins", self.url));
        if let Some(secret) = &self.secret {
            request = request.bearer_auth(secret);
        }
        let asked = self.runtime.block_on(async { request.send().await?.error_for_status()?.json().await });
        asked.context("the gateway does not say which plugins it has")
    }
}
