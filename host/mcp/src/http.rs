//! A server that speaks streamable HTTP.

use crate::settings::Limits;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use url::Url;

/// How long a connection may take to come about.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// The most of an error's page that is read, in bytes.
const MAX_ERROR_PAGE: usize = 4 << 10;
/// The most redirects of one request.
const MAX_REDIRECTS: usize = 5;

pub(crate) type HttpError = StreamableHttpError<reqwest::Error>;

/// The transport to `url`.
pub(crate) fn transport(
    url: &Url,
    headers: &BTreeMap<String, SecretString>,
    limits: &Limits,
) -> Result<StreamableHttpClientTransport<reqwest::Client>, String> {
    // Fails only where one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIME)
        .redirect(Policy::custom(redirect))
        .user_agent(concat!("wingman/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| format!("there can be no HTTP client: {error}"))?;
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
        .custom_headers(parsed(headers)?)
        .max_sse_event_size(limits.message_bytes)
        .max_json_response_size(limits.message_bytes)
        .max_error_response_size(MAX_ERROR_PAGE)
        // A new session may have other tools: it is a new connection.
        .reinit_on_expired_session(false);
    Ok(StreamableHttpClientTransport::with_client(client, config))
}

/// Only where method, body and origin stay: another origin would get the headers, and with them the credentials.
fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let keeps_body = matches!(attempt.status().as_u16(), 307 | 308);
    let same_origin = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if keeps_body && same_origin && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

fn parsed(headers: &BTreeMap<String, SecretString>) -> Result<HashMap<HeaderName, HeaderValue>, String> {
    let parse = |(name, value): (&String, &SecretString)| {
        let header = HeaderName::try_from(name).map_err(|_| format!("`{name}` cannot be the name of a header"))?;
        let mut value = HeaderValue::try_from(value.expose_secret())
            .map_err(|_| format!("the value of the header `{name}` has characters that no header can have"))?;
        value.set_sensitive(true);
        Ok((header, value))
    };
    headers.iter().map(parse).collect()
}
