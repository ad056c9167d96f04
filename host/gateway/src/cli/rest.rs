//! The gateway that runs with a configuration, asked through its HTTP API.

use super::runtime;
use crate::daemon::PidFile;
use crate::exit::Failure;
use anyhow::{Result, anyhow};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use wingman_config::{Config, Credentials};
use wingman_protocol::Problem;

/// A gateway on this machine answers soon or not at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running gateway.
pub(super) struct Rest {
    url: String,
    secret: Option<SecretString>,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Rest {
    /// The gateway that runs with this state folder.
    pub(super) fn running(config: &Config) -> Result<Self> {
        let Some(running) = PidFile::of(&config.gateway.state_dir).running()? else {
            let words = "the gateway is not running; `wingman gateway start` starts it".to_owned();
            return Err(Failure::Unreachable(words).into());
        };
        let secret = match config.credentials()? {
            Credentials::Token(secret) | Credentials::Password(secret) => Some(secret),
            Credentials::None => None,
        };
        let runtime = runtime()?;
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { url: running.url, secret, client, runtime })
    }

    /// What stands at `path`.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(Method::GET, path, None)
    }

    /// Sends `body` to `path`; the answer is what is there then.
    pub(super) fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: &Value) -> Result<T> {
        self.ask(method, path, Some(body))
    }

    /// Removes what stands at `path`.
    pub(super) fn delete(&self, path: &str) -> Result<()> {
        self.runtime.block_on(self.answer(Method::DELETE, path, None)).map(drop)
    }

    fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<&Value>) -> Result<T> {
        self.runtime.block_on(async { Ok(self.answer(method, path, body).await?.json().await?) })
    }

    async fn answer(&self, method: Method, path: &str, body: Option<&Value>) -> Result<reqwest::Response> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(secret) = &self.secret {
            request = request.bearer_auth(secret.expose_secret());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response =
            request.send().await.map_err(|error| Failure::Unreachable(format!("the gateway does not answer: {error}")))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let problem: Option<Problem> = response.json().await.ok();
        let words = problem.and_then(|problem| problem.detail).unwrap_or_else(|| format!("the gateway answers {status}"));
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::Refused(words).into(),
            _ => anyhow!(words),
        })
    }
}
