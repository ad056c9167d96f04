//! What the other side answered, and what its status means to the host.

use crate::{HttpResponse, PluginError, Result, time};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// When a network asks for patience and does not say how much.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of an error's body is told on, in characters.
const TOLD: usize = 300;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response(HttpResponse);

impl From<HttpResponse> for Response {
    fn from(response: HttpResponse) -> Self {
        Self(response)
    }
}

impl Response {
    /// 100 to 599.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.0.body
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.body).into_owned()
    }

    /// The body as JSON. What is no JSON at all is `temporary`, because it comes from a proxy on a bad day; JSON of another
    /// shape is `permanent`: the request was done, and doing it again would not change the answer.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.0.body).map_err(|error| match error.is_data() {
            true => PluginError::permanent(format!("the answer does not have the expected shape: {error}")),
            false => PluginError::temporary(format!("the answer is not JSON: {error}")),
        })
    }

    /// Itself for 2xx, and otherwise an error that says what the host does next: 401 and 403 are `unauthorized`, which
    /// stops the account; 429, and 503 with `retry-after`, are `rate-limited`; 408, 425 and 5xx are `temporary`; the rest
    /// is `permanent`. A network that says 403 of one conversation looks at [`Response::status`] first.
    pub fn error_for_status(self) -> Result<Self> {
        let status = self.status();
        let wait = self.retry_after();
        Err(match status {
            200..=299 => return Ok(self),
            401 | 403 => PluginError::unauthorized(self.reason()),
            429 => PluginError::retry_after(wait.unwrap_or(PATIENCE)),
            503 if wait.is_some() => PluginError::retry_after(wait.unwrap_or(PATIENCE)),
            408 | 425 | 500..=599 => PluginError::temporary(self.reason()),
            _ => PluginError::permanent(self.reason()),
        })
    }

    /// The header `retry-after` (RFC 9110, 10.2.3): seconds, with a fraction at some networks, or a date, which is
    /// counted from the answer's own `date` so that two clocks need not agree.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header("retry-after")?.trim();
        if let Ok(seconds) = value.parse::<f64>() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        let until = time::parse_rfc2822(value)?;
        let now = time::parse_rfc2822(self.header("date")?)?;
        Some(Duration::from_millis(until.saturating_sub(now)))
    }

    /// Status and the beginning of the body, on one line: networks say there what is wrong.
    fn reason(&self) -> String {
        let status = self.status();
        let text = self.text();
        let told: String = text.chars().filter(|character| !character.is_control()).take(TOLD).collect();
        if told.is_empty() { format!("status {status}") } else { format!("status {status}: {told}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Header;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(name, value)| Header { name: (*name).into(), value: (*value).into() }).collect();
        Response(HttpResponse { status, headers, body: body.into() })
    }

    #[test]
    fn a_status_says_what_happens_next() {
        let error = |status: u16| answer(status, &[], "no\nway").error_for_status().unwrap_err();
        assert_eq!(error(401), PluginError::Unauthorized("status 401: noway".into()));
        assert_eq!(error(403), PluginError::Unauthorized("status 403: noway".into()));
        assert_eq!(error(429), PluginError::RateLimited(5_000));
        for status in [408, 425, 500, 502, 503, 599] {
            assert!(matches!(error(status), PluginError::Temporary(_)), "{status}");
        }
        for status in [301, 400, 404, 410, 422] {
            assert!(matches!(error(status), PluginError::Permanent(_)), "{status}");
        }
        assert_eq!(answer(204, &[], "").error_for_status().unwrap().status(), 204);
    }

    #[test]
    fn patience_is_seconds_or_a_date() {
        let wait = |headers: &[(&str, &str)]| answer(429, headers, "").error_for_status().unwrap_err();
        assert_eq!(wait(&[("Retry-After", "2")]), PluginError::RateLimited(2_000));
        assert_eq!(wait(&[("retry-after", "0.25")]), PluginError::RateLimited(250));
        assert_eq!(wait(&[("retry-after", "soon")]), PluginError::RateLimited(5_000));
        assert_eq!(wait(&[("retry-after", "-1")]), PluginError::RateLimited(5_000));
        let date = ("date", "Tue, 06 Jan 2026 09:05:00 GMT");
        assert_eq!(wait(&[("retry-after", "Tue, 06 Jan 2026 09:05:30 GMT"), date]), PluginError::RateLimited(30_000));
        let busy = answer(503, &[("retry-after", "7")], "");
        assert_eq!(busy.error_for_status().unwrap_err(), PluginError::RateLimited(7_000));
    }

    #[test]
    fn a_proxys_page_may_pass_and_another_shape_does_not() {
        assert!(matches!(answer(200, &[], "<html>").json::<u32>(), Err(PluginError::Temporary(_))));
        assert!(matches!(answer(200, &[], "{}").json::<u32>(), Err(PluginError::Permanent(_))));
        assert_eq!(answer(200, &[], "7").json::<u32>(), Ok(7));
    }
}
