//! From what rig reports to what the gateway's port calls it: who is to blame, what to do, and the provider's own words
//! where it has any, without the key.

use crate::http::HttpFailure;
use rig_core::ProviderResponseError;
use rig_core::error::ProviderError;
use rig_core::http_client::{Error as HttpError, HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use wingman_message::{Clock, ModelError, SystemClock};

/// The most of a provider's own words that is passed on, in characters.
const MAX_WORDS: usize = 500;

/// Reads failures of one provider.
#[derive(Debug, Clone)]
pub(crate) struct Failures {
    /// Never to be shown, even where the provider repeats it.
    pub(crate) key: Option<SecretString>,
}

impl Failures {
    pub(crate) fn read(&self, error: &ProviderError) -> ModelError {
        let failure = match error {
            ProviderError::ProviderResponse(response) | ProviderError::InvalidAuthentication(response) => said(response),
            ProviderError::Http(error) => transport(error),
            ProviderError::Truncated => {
                ModelError::Interrupted("the provider closed the connection before its answer was whole".into())
            }
            ProviderError::Json(_) => ModelError::Malformed("it is not what this provider's API sends".into()),
            ProviderError::Response(reason) => ModelError::Malformed(tidy(reason)),
            ProviderError::Provider(reason) => ModelError::Unavailable(tidy(reason)),
            ProviderError::Request(_) | ProviderError::Url(_) | ProviderError::UnsupportedOption(_) => {
                ModelError::Rejected(tidy(&error.to_string()))
            }
            other => ModelError::Unavailable(tidy(&other.to_string())),
        };
        self.scrubbed(failure)
    }

    /// Why a provider could not be reached, in words.
    pub(crate) fn reach(&self, error: &HttpError) -> String {
        match transport(error) {
            ModelError::Unavailable(words) | ModelError::Interrupted(words) => words,
            other => other.to_string(),
        }
    }

    /// What a provider said with a status that is no success.
    pub(crate) fn words(&self, body: &str, status: u16) -> String {
        let said: Option<Value> = serde_json::from_str(body).ok();
        self.hide(words(said.as_ref(), body, Some(status)))
    }

    fn hide(&self, words: String) -> String {
        match &self.key {
            // A key this short is no secret, and hiding it would make holes in ordinary words.
            Some(key) if key.expose_secret().len() >= 8 => words.replace(key.expose_secret(), "[the API key]"),
            _ => words,
        }
    }

    fn scrubbed(&self, failure: ModelError) -> ModelError {
        use ModelError::{
            Interrupted, Malformed, NoCredit, NoneAnswered, NotFound, RateLimited, Rejected, Unauthorized, Unavailable,
        };
        let hide = |words: String| self.hide(words);
        match failure {
            Unauthorized(words) => Unauthorized(hide(words)),
            NoCredit(words) => NoCredit(hide(words)),
            NotFound(words) => NotFound(hide(words)),
            NoneAnswered(words) => NoneAnswered(hide(words)),
            Unavailable(words) => Unavailable(hide(words)),
            Rejected(words) => Rejected(hide(words)),
            Interrupted(words) => Interrupted(hide(words)),
            Malformed(words) => Malformed(hide(words)),
            RateLimited { retry_after_ms } => RateLimited { retry_after_ms },
        }
    }
}

/// What the provider answered instead of an answer, with a status or in the middle of a stream.
fn said(response: &ProviderResponseError) -> ModelError {
    let body: Option<Value> = serde_json::from_str(&response.body).ok();
    let status = response.status.map(|status| status.as_u16()).filter(|status| *status != 200);
    let words = words(body.as_ref(), &response.body, status);
    let kind = body.as_ref().map(kind).unwrap_or_default();
    match status {
        // No credit left is reported as if it were haste; waiting does not help.
        Some(429) if kind.contains("insufficient_quota") => ModelError::NoCredit(words),
        Some(402) => ModelError::NoCredit(words),
        Some(429) => ModelError::RateLimited { retry_after_ms: response.headers.as_ref().and_then(retry_after_ms) },
        Some(401 | 403) => ModelError::Unauthorized(words),
        Some(404) => ModelError::NotFound(words),
        Some(_) if kind.contains("model_not_found") => ModelError::NotFound(words),
        Some(408 | 425 | 500..) => ModelError::Unavailable(words),
        Some(_) => ModelError::Rejected(words),
        None if kind.contains("rate_limit") => ModelError::RateLimited { retry_after_ms: None },
        None if kind.contains("authentication") || kind.contains("permission") => ModelError::Unauthorized(words),
        None if kind.contains("invalid_request") => ModelError::Rejected(words),
        None => ModelError::Unavailable(words),
    }
}

fn transport(error: &HttpError) -> ModelError {
    let failure = match error {
        HttpError::Instance(inner) => inner.downcast_ref::<HttpFailure>(),
        _ => None,
    };
    match (failure, error) {
        (Some(failure @ (HttpFailure::Unreachable(_) | HttpFailure::NoAnswer(_))), _) => {
            ModelError::Unavailable(failure.to_string())
        }
        (Some(failure @ (HttpFailure::Idle(_) | HttpFailure::Lost(_))), _) => ModelError::Interrupted(failure.to_string()),
        (Some(failure @ (HttpFailure::StreamTooLong(_) | HttpFailure::EventTooLong(_))), _) => {
            ModelError::Malformed(failure.to_string())
        }
        (None, HttpError::InvalidContentType(kind)) => {
            let kind = kind.to_str().unwrap_or("of an unknown kind").to_owned();
            ModelError::Malformed(format!("it is `{}`, not a stream of events; is the base URL right?", tidy(&kind)))
        }
        (None, _) => ModelError::Unavailable(tidy(&error.to_string())),
    }
}

/// The provider's own message; where it has none, its status.
fn words(body: Option<&Value>, text: &str, status: Option<u16>) -> String {
    let found = body.and_then(|body| {
        let paths = ["/error/message", "/message", "/error", "/detail", "/0/error/message"];
        paths.iter().find_map(|path| body.pointer(path)?.as_str())
    });
    let text = text.trim_start();
    let words = match found {
        Some(message) => tidy(message),
        // A page, or nothing in a pair of brackets, tells nobody anything.
        None if text.starts_with('<') || matches!(text.trim_end(), "{}" | "[]" | "null") => String::new(),
        None => tidy(text),
    };
    match (words.is_empty(), status) {
        (true, Some(status)) => format!("HTTP status {status}"),
        (true, None) => "it gave no reason".into(),
        (false, Some(status)) => format!("{words} (HTTP status {status})"),
        (false, None) => words,
    }
}

/// The machine-readable kinds in an error's body, joined.
fn kind(body: &Value) -> String {
    ["/error/type", "/error/code", "/error/status"]
        .iter()
        .filter_map(|path| body.pointer(path)?.as_str())
        .collect::<Vec<_>>()
        .join(" ")
        .to_ascii_lowercase()
}

/// One line, bounded.
fn tidy(words: &str) -> String {
    words.trim().chars().take(MAX_WORDS).map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|ms| ms.parse().ok()) {
        return Some(ms);
    }
    let value = text("retry-after")?;
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    // An HTTP date is written as mail writes them.
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp().as_millisecond();
    Some(u64::try_from(at - SystemClock.now_ms()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_the_provider_repeats_is_not_shown() {
        let failures = Failures { key: Some("sk-secret-1234".into()) };
        let body = r#"{"error":{"message":"Incorrect API key provided: sk-secret-1234.\nTry again"}}"#;
        let mut response = ProviderResponseError::without_status(body);
        response.status = "401".parse().ok();
        let ModelError::Unauthorized(words) = failures.read(&ProviderError::ProviderResponse(response)) else {
            panic!("not unauthorized");
        };
        assert_eq!(words, "Incorrect API key provided: [the API key]. Try again (HTTP status 401)");
    }

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let read = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            retry_after_ms(&headers)
        };
        assert_eq!(read("retry-after", "7"), Some(7_000));
        assert_eq!(read("retry-after-ms", "250"), Some(250));
        assert_eq!(read("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), Some(0));
        assert!(read("retry-after", "Fri, 21 Oct 2095 07:28:00 GMT") > Some(1_000_000_000));
        assert_eq!(read("retry-after", "soon"), None);
    }
}
