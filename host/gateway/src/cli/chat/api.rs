//! What chat asks of the gateway's HTTP API.

use crate::cli::running::answered;
use anyhow::{Context, Result, bail};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use std::time::Duration;
use url::Url;
use wingman_message::{AgentId, SessionKey};
use wingman_protocol::{AgentSummary, CreateSession, RenameSession, SessionSummary, StoredMessage};

/// How long the gateway may take to let us in, and may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// The HTTP API of a gateway.
pub(super) struct Api {
    base: String,
    secret: Option<SecretString>,
    client: reqwest::Client,
}

impl Api {
    /// Of the gateway whose WebSocket is at `url`.
    pub(super) fn new(url: &str, secret: Option<SecretString>) -> Result<Self> {
        let url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "ws" | "http"));
        let Some(url) = url else { bail!("the gateway's address is written ws://host:port/ws") };
        // Whatever leads to the WebSocket, a proxy's prefix for one, leads to the API too.
        let prefix = url.path().trim_end_matches('/').trim_end_matches("/ws").to_owned();
        let host = url.host_str().context("the gateway's address has no host")?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let client = reqwest::Client::builder().no_proxy().connect_timeout(PATIENCE).read_timeout(PATIENCE).build()?;
        Ok(Self { base: format!("http://{host}{port}{prefix}"), secret, client })
    }

    pub(super) async fn agents(&self) -> Result<Vec<AgentSummary>> {
        Ok(answered(self.request(Method::GET, "/api/agents")).await?.json().await?)
    }

    pub(super) async fn sessions(&self, agent: &AgentId, limit: usize) -> Result<Vec<SessionSummary>> {
        let agent = utf8_percent_encode(agent.as_str(), NON_ALPHANUMERIC);
        let path = format!("/api/sessions?agentId={agent}&limit={limit}");
        Ok(answered(self.request(Method::GET, &path)).await?.json().await?)
    }

    /// The newest messages of `session`, in order of time; none where it does not exist yet.
    pub(super) async fn messages(&self, session: &SessionKey, limit: usize) -> Result<Vec<StoredMessage>> {
        let path = format!("{}/messages?limit={limit}", path_of(session));
        match self.request(Method::GET, &path).send().await {
            Ok(response) if response.status() == StatusCode::NOT_FOUND => Ok(Vec::new()),
            Ok(response) if response.status().is_success() => Ok(response.json().await?),
            // The second try tells the error in full.
            _ => Ok(answered(self.request(Method::GET, &path)).await?.json().await?),
        }
    }

    pub(super) async fn create(&self, agent: &AgentId, name: Option<String>) -> Result<SessionSummary> {
        let create = CreateSession { agent_id: Some(agent.clone()), name, session_id: None };
        Ok(answered(self.request(Method::POST, "/api/sessions").json(&create)).await?.json().await?)
    }

    pub(super) async fn rename(&self, session: &SessionKey, name: String) -> Result<SessionSummary> {
        let request = self.request(Method::PUT, &path_of(session)).json(&RenameSession { name });
        Ok(answered(request).await?.json().await?)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.secret {
            Some(secret) => request.bearer_auth(secret.expose_secret()),
            None => request,
        }
    }
}

fn path_of(session: &SessionKey) -> String {
    format!("/api/sessions/{}", utf8_percent_encode(session.as_str(), NON_ALPHANUMERIC))
}
