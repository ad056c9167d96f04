//! Packages from a web server.

use super::{CONNECT, Failure, SILENCE, chain, install_crypto};
use crate::member::MAX_PACKAGE;
use reqwest::redirect::Policy;
use url::Url;

const MAX_REDIRECTS: usize = 5;

/// The body behind an address. Redirects lead to HTTPS only; what the server says about the length is believed only where it
/// makes the answer too large.
pub(super) async fn get(url: &Url) -> Result<Vec<u8>, Failure> {
    install_crypto();
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .redirect(redirects())
        .user_agent(concat!("wingman/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| other(&error))?;
    // The address may hold a token, so it is not in the messages.
    let answer = client.get(url.clone()).send().await.map_err(|error| other(&error.without_url()))?;
    let mut answer = answer.error_for_status().map_err(|error| other(&error.without_url()))?;
    if answer.content_length().is_some_and(|length| length > MAX_PACKAGE as u64) {
        return Err(Failure::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| other(&error.without_url()))? {
        if body.len() + chunk.len() > MAX_PACKAGE {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn redirects() -> Policy {
    Policy::custom(|attempt| {
        if attempt.previous().len() > MAX_REDIRECTS {
            attempt.error(format!("more than {MAX_REDIRECTS} redirects"))
        } else if attempt.url().scheme() == "https" {
            attempt.follow()
        } else {
            attempt.error("it redirects to an address that is not https://")
        }
    })
}

fn other(error: &reqwest::Error) -> Failure {
    Failure::Other(chain(error))
}
