//! Whether a provider takes a key, found out with the cheapest request that its API has: no model is asked, nothing is paid.

use crate::factory::{ConnectError, ModelFactory, ProviderSettings, base_url, key};
use crate::failure::Failures;
use crate::provider::{Api, known};
use bytes::Bytes;
use rig_core::http_client::{HttpClientExt, Request, Response, StatusCode};
use rig_core::providers::anthropic::completion::ANTHROPIC_VERSION_2023_06_01;
use secrecy::ExposeSecret;

/// Why a key could not be found to be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] ConnectError),
    /// The provider refuses the key.
    #[error("`{provider}` refuses this key ({reason}): is it whole, and still valid?")]
    Refused {
        /// The provider.
        provider: String,
        /// Its own words, or its status.
        reason: String,
    },
    /// The provider cannot be asked now.
    #[error("`{provider}` could not be asked whether the key is right ({reason}): try again, or leave the check out")]
    NotAsked {
        /// The provider.
        provider: String,
        /// What went wrong.
        reason: String,
    },
}

impl ModelFactory {
    /// Asks the provider called `name` whether it takes the key in `settings`. A provider without keys is asked whether it
    /// is there.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn check_key(&self, name: &str, settings: &ProviderSettings) -> Result<(), KeyError> {
        let provider = known(name);
        let api = provider.map_or(Api::Compatible, |provider| provider.api);
        if api == Api::Demo {
            return Ok(());
        }
        let base_url = base_url(name, provider, settings)?;
        let key = key(name, provider, settings)?;
        let not_asked = |reason| KeyError::NotAsked { provider: name.to_owned(), reason };
        let secret = key.as_ref().map(|key| key.expose_secret());
        let request = request(api, &base_url, secret).map_err(not_asked)?;
        let failures = Failures { key: key.clone() };
        let answer: Response<_> =
            self.http.send::<Bytes, Bytes>(request).await.map_err(|error| not_asked(failures.reach(&error)))?;
        let status = answer.status();
        let body = answer.into_body().await.map_err(|error| not_asked(failures.reach(&error)))?;
        if status.is_success() {
            return Ok(());
        }
        let reason = failures.words(&String::from_utf8_lossy(&body), status.as_u16());
        // One of them answers 400 to a key that is none.
        let is_bad_key = api == Api::Gemini && status == StatusCode::BAD_REQUEST;
        if is_bad_key || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(KeyError::Refused { provider: name.to_owned(), reason });
        }
        Err(not_asked(reason))
    }
}

fn request(api: Api, base: &str, key: Option<&str>) -> Result<Request<Bytes>, String> {
    let url = match api {
        Api::Anthropic => format!("{base}/v1/models?limit=1"),
        Api::Gemini => format!("{base}/v1beta/models?pageSize=1"),
        Api::Ollama => format!("{}/api/version", base.strip_suffix("/v1").unwrap_or(base)),
        // Its list of models is open to everyone.
        Api::OpenRouter => format!("{base}/key"),
        Api::Xai => format!("{}/v1/models", base.strip_suffix("/v1").unwrap_or(base)),
        Api::OpenAi | Api::Compatible | Api::Demo => format!("{base}/models"),
    };
    let mut request = Request::get(url);
    if let Some(key) = key {
        request = match api {
            Api::Anthropic => request.header("x-api-key", key).header("anthropic-version", ANTHROPIC_VERSION_2023_06_01),
            Api::Gemini => request.header("x-goog-api-key", key),
            _ => request.header("authorization", format!("Bearer {key}")),
        };
    }
    request.body(Bytes::new()).map_err(|error| error.to_string())
}
