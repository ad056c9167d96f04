//! From `provider:model-name` and settings to a model. Nothing is sent here: whether a key is right shows with the first
//! request. Environment and configuration are read by the caller.

use crate::demo::DemoModel;
use crate::http::{GuardedHttp, Limits};
use crate::price::Price;
use crate::provider::{Api, Provider, known, providers};
use crate::provider_model::{Endpoint, ProviderModel};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;
use wingman_message::Model;

/// The least likeness of two names (Jaro-Winkler, 0 to 1) that makes one a guess for the other.
const LIKENESS: f64 = 0.8;

/// What is configured for a provider.
#[derive(Debug, Clone, Default)]
pub struct ProviderSettings {
    /// Where it is reached, if not where it usually is.
    pub base_url: Option<String>,
    /// Its API key, wherever it is kept.
    pub api_key: Option<SecretString>,
    /// What its models cost, by their names without the provider's. A model that is not here has no known price.
    pub prices: HashMap<String, Price>,
}

/// Why there is no model. The message tells the operator what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The name has no provider or no model in it.
    #[error("`{0}` names no model: write `provider:model-name`, for example `openai:gpt-5.2` or `demo:echo`")]
    Name(String),
    /// The provider is not known and has no base URL.
    #[error(
        "unknown model provider `{name}`; {hint}for an OpenAI-compatible server of that name, set `providers.{name}.baseUrl`"
    )]
    UnknownProvider {
        /// The provider that was asked for.
        name: String,
        /// A sentence with the nearest name or all of them.
        hint: String,
    },
    /// The demo has one model.
    #[error("there is no `demo:{0}`; the demo has one model, `demo:echo`")]
    UnknownDemo(String),
    /// There is no key.
    #[error(
        "no API key for `{provider}`: run `wingman provider login {provider}`, or set the environment variable {variable} (`providers.{provider}.apiKeyEnv` names another one)"
    )]
    MissingKey {
        /// The provider.
        provider: String,
        /// The variable that usually holds its key.
        variable: &'static str,
    },
    /// The key cannot be one.
    #[error("the API key for `{0}` holds characters that no key has; is a line break or a quotation mark in it?")]
    UnusableKey(String),
    /// The base URL cannot be used.
    #[error("`providers.{provider}.baseUrl` is `{url}`, which cannot be used: {reason}")]
    BaseUrl {
        /// The provider.
        provider: String,
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// This machine cannot make HTTPS requests.
    #[error("cannot set up HTTPS requests on this machine: {0}")]
    Http(String),
}

/// Makes models. All of them share one pool of connections.
#[derive(Debug, Clone)]
pub struct ModelFactory {
    pub(crate) http: GuardedHttp,
}

impl ModelFactory {
    /// A factory whose models keep `limits`. Makes `ring` the process's TLS implementation unless there is one already.
    ///
    /// # Errors
    /// [`ConnectError::Http`] where the machine has no usable TLS certificates.
    pub fn new(limits: Limits) -> Result<Self, ConnectError> {
        Ok(Self { http: GuardedHttp::new(limits).map_err(ConnectError::Http)? })
    }

    /// The model called `model` (`provider:model-name`); `settings` are those of [`provider_of`] it.
    ///
    /// # Errors
    /// [`ConnectError`]
    pub fn connect(&self, model: &str, settings: &ProviderSettings) -> Result<Arc<dyn Model>, ConnectError> {
        let (name, model_name) = split(model)?;
        let provider = known(name);
        let api = provider.map_or(Api::Compatible, |provider| provider.api);
        if api == Api::Demo {
            return match model_name {
                "echo" => Ok(Arc::new(DemoModel::default())),
                other => Err(ConnectError::UnknownDemo(other.to_owned())),
            };
        }
        let base_url = base_url(name, provider, settings)?;
        let key = key(name, provider, settings)?;
        let price = settings.prices.get(model_name).copied();
        let endpoint = Endpoint { api, base_url, key, model: model_name.to_owned(), price };
        Ok(Arc::new(ProviderModel::new(model.to_owned(), endpoint, &self.http)))
    }
}

/// The provider's name in `model`: whose settings [`ModelFactory::connect`] wants.
///
/// # Errors
/// [`ConnectError::Name`]
pub fn provider_of(model: &str) -> Result<&str, ConnectError> {
    split(model).map(|(provider, _)| provider)
}

fn split(model: &str) -> Result<(&str, &str), ConnectError> {
    match model.split_once(':') {
        Some((provider, name)) if !provider.is_empty() && !name.trim().is_empty() => Ok((provider, name)),
        _ => Err(ConnectError::Name(model.to_owned())),
    }
}

pub(crate) fn base_url(name: &str, provider: Option<&Provider>, settings: &ProviderSettings) -> Result<String, ConnectError> {
    let Some(url) = settings.base_url.as_deref().or(provider.and_then(|provider| provider.base_url)) else {
        return Err(ConnectError::UnknownProvider { name: name.to_owned(), hint: hint(name) });
    };
    let refused = |reason| ConnectError::BaseUrl { provider: name.to_owned(), url: url.to_owned(), reason };
    let parsed = Url::parse(url.trim()).map_err(|_| refused("it is not a URL such as http://127.0.0.1:9999/v1"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(refused("it must begin with http:// or https://"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        // The address is logged; do not repeat it here either.
        let url = "(hidden)".to_owned();
        let reason = "it holds a user name or a password; keep the key in an environment variable";
        return Err(ConnectError::BaseUrl { provider: name.to_owned(), url, reason });
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(refused("it must end before any `?` or `#`"));
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
}

/// The key to send. A server at an address of the operator's own may well want none.
pub(crate) fn key(
    name: &str,
    provider: Option<&Provider>,
    settings: &ProviderSettings,
) -> Result<Option<SecretString>, ConnectError> {
    let key = settings.api_key.as_ref().map(|key| key.expose_secret().trim()).filter(|key| !key.is_empty());
    match (key, provider.and_then(|provider| provider.key_variable)) {
        (Some(key), _) if key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') => Ok(Some(key.into())),
        (Some(_), _) => Err(ConnectError::UnusableKey(name.to_owned())),
        (None, Some(variable)) if settings.base_url.is_none() => {
            Err(ConnectError::MissingKey { provider: name.to_owned(), variable })
        }
        (None, _) => Ok(None),
    }
}

fn hint(name: &str) -> String {
    let nearest = providers()
        .iter()
        .map(|provider| (strsim::jaro_winkler(&name.to_lowercase(), provider.name), provider.name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, nearest)) if likeness >= LIKENESS => format!("did you mean `{nearest}`? Otherwise, "),
        _ => {
            let names: Vec<&str> = providers().iter().map(|provider| provider.name).collect();
            format!("the known ones are {}; ", names.join(", "))
        }
    }
}
