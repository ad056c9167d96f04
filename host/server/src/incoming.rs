//! Requests of strangers: reading them within a limit, and what of them a component may see.

use crate::problem::ApiError;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use wingman_message::Header;

/// The whole body, of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        tracing::debug!(%error, "a delivery could not be read");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes, or broke off"))
    })
}

/// All headers that are text, for whoever verifies them.
pub(crate) fn all_headers(headers: &HeaderMap) -> Vec<Header> {
    let readable = headers.iter().filter_map(|(name, value)| Some((name, value.to_str().ok()?)));
    readable.map(|(name, value)| Header { name: name.to_string(), value: value.to_owned() }).collect()
}

/// What a component may see of the headers: no credentials, nothing that is not text.
pub(crate) fn without_credentials(headers: &HeaderMap) -> Vec<Header> {
    all_headers(headers).into_iter().filter(|header| !header.is_credential()).collect()
}
