//! The gateway that runs with this configuration, asked over its HTTP API.

use super::runtime;
use crate::daemon::PidFile;
use crate::exit::Failure;
use anyhow::{Context, Result, bail};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::Future;
use std::time::Duration;
use wingman_config::{Config, Credentials};
use wingman_protocol::{PluginSummary, Problem};

/// How long a gateway on this machine may take to let us in, and may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running gateway.
pub(super) struct Gateway {
    url: String,
    secret: Option<SecretString>,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Gateway {
    /// None where none runs with this state folder.
    pub(super) fn running(config: &Config) -> Result<Option<Self>> {
        let Some(running) = PidFile::of(&config.gateway.state_dir).running()? else { return Ok(None) };
        let secret = match config.credentials()? {
            Credentials::Token(secret) | Credentials::Password(secret) => Some(secret),
            Credentials::None => None,
        };
        let runtime = runtime()?;
        let client = reqwest::Client::builder().no_proxy().connect_timeout(PATIENCE).read_timeout(PATIENCE).build()?;
        Ok(Some(Self { url: running.url, secret, client, runtime }))
    }

    /// The one that runs; a failure with an exit code of its own where none does.
    pub(super) fn required(config: &Config) -> Result<Self> {
        let none =
            || Failure::Unreachable("no gateway runs with this configuration; `wingman gateway start` starts one".to_owned());
        Ok(Self::running(config)?.ok_or_else(none)?)
    }

    /// What it says of its plugins.
    pub(super) fn plugins(&self) -> Result<Vec<PluginSummary>> {
        self.get("/api/plugins").context("the gateway does not say which plugins it has")
    }

    /// A request to it, with the credentials. `path` begins with `/`.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.secret {
            Some(secret) => request.bearer_auth(secret.expose_secret()),
            None => request,
        }
    }

    /// What stands at `path`.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.json(self.request(Method::GET, path))
    }

    /// Sends `body` to `path`; the answer is what is there then.
    pub(super) fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: &Value) -> Result<T> {
        self.json(self.request(method, path).json(body))
    }

    /// Removes what stands at `path`.
    pub(super) fn delete(&self, path: &str) -> Result<()> {
        self.wait(async { answered(self.request(Method::DELETE, path)).await.map(drop) })
    }

    /// Sends `request`, and reads the answer as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        self.wait(async { Ok(answered(request).await?.json().await?) })
    }

    /// Runs `work` to its end.
    pub(super) fn wait<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.runtime.block_on(work)
    }
}

/// The answer to `request`; a refusal is an error in the gateway's own words.
pub(super) async fn answered(request: RequestBuilder) -> Result<Response> {
    let response = request.send().await.map_err(|error| Failure::Unreachable(format!("the gateway does not answer: {error}")))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let problem = response.json::<Problem>().await.ok().and_then(|problem| problem.detail);
    let why = problem.unwrap_or_else(|| status.to_string());
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Err(Failure::Refused(why).into());
    }
    bail!("{why}")
}
