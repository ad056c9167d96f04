//! Errors of the HTTP API: problem details (RFC 9457), and the one place where refusals become status codes and wire codes.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use wingman_dispatch::{CursorError, FolderError, Refused, StoreError};
use wingman_message::PluginFailure;
use wingman_protocol::rest::PROBLEM_MEDIA_TYPE;
use wingman_protocol::{ErrorBody, ErrorCode, Problem};

/// An error answer of the HTTP API.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    detail: String,
    retry_after_s: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after_s: None }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(crate) fn unavailable(detail: impl Into<String>, retry_after_s: u64) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    pub(crate) fn too_many(detail: impl Into<String>, retry_after_s: u64) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = Problem::new(self.status.as_u16(), title).with_detail(self.detail);
        let mut response = (self.status, Json(body)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// What a refusal means to whoever asked: an HTTP status, a wire code, and when to try again.
struct Meaning {
    status: StatusCode,
    code: ErrorCode,
    retry_after_ms: Option<u64>,
}

fn meaning(refused: &Refused) -> Meaning {
    let of = |status, code| Meaning { status, code, retry_after_ms: None };
    let later = |status, code, ms| Meaning { status, code, retry_after_ms: Some(ms) };
    match refused {
        Refused::Invalid(_) | Refused::ForeignSession { .. } => of(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest),
        Refused::UnknownAgent(_)
        | Refused::UnknownWebhook(_)
        | Refused::UnknownLetter(_)
        | Refused::UnknownQuestion(_)
        | Refused::NoEntrance(_) => of(StatusCode::NOT_FOUND, ErrorCode::NotFound),
        Refused::AgentDisabled(_) => of(StatusCode::CONFLICT, ErrorCode::Conflict),
        Refused::Unverified(_) => of(StatusCode::UNAUTHORIZED, ErrorCode::AuthFailed),
        Refused::NotReady(_) => later(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Internal, 60_000),
        // Its sender would try for ever if it were told that something is wrong.
        Refused::Repeated(_) => of(StatusCode::OK, ErrorCode::Conflict),
        Refused::InFlight(_) => later(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Busy, 1_000),
        Refused::SecretNotKept => of(StatusCode::CONFLICT, ErrorCode::Conflict),
        Refused::SessionBusy => of(StatusCode::CONFLICT, ErrorCode::Busy),
        Refused::QueueFull { .. } => later(StatusCode::TOO_MANY_REQUESTS, ErrorCode::Busy, 1_000),
        Refused::IdReused(_) | Refused::Answered(_) => of(StatusCode::CONFLICT, ErrorCode::Conflict),
        Refused::ShuttingDown => later(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::ShuttingDown, 2_000),
        Refused::Plugin(failure) => match failure {
            PluginFailure::InvalidInput(_) | PluginFailure::Unsupported(_) => {
                of(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest)
            }
            PluginFailure::RateLimited { retry_after_ms } => {
                later(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, *retry_after_ms)
            }
            PluginFailure::Busy | PluginFailure::Temporary(_) => later(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Busy, 1_000),
            PluginFailure::Quarantined { .. } | PluginFailure::NotFound { .. } | PluginFailure::Unavailable(_) => {
                later(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Internal, 60_000)
            }
            PluginFailure::Deadline { .. } => of(StatusCode::GATEWAY_TIMEOUT, ErrorCode::Internal),
            _ => of(StatusCode::BAD_GATEWAY, ErrorCode::Internal),
        },
        Refused::Store(StoreError::AlreadyThere(_) | StoreError::Busy { .. }) => of(StatusCode::CONFLICT, ErrorCode::Conflict),
        Refused::Store(StoreError::NotFound(_)) => of(StatusCode::NOT_FOUND, ErrorCode::NotFound),
        Refused::Folder(error) => match error {
            FolderError::Outside { .. } => of(StatusCode::FORBIDDEN, ErrorCode::Forbidden),
            FolderError::NotFound(_) => of(StatusCode::NOT_FOUND, ErrorCode::NotFound),
            FolderError::AlreadyThere(_) => of(StatusCode::CONFLICT, ErrorCode::Conflict),
            FolderError::TooLarge(_) => of(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::InvalidRequest),
            FolderError::Relative(_) | FolderError::NotAFolder(_) | FolderError::NotAFile(_) | FolderError::Unusable { .. } => {
                of(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest)
            }
        },
        Refused::Store(StoreError::Invalid(_)) => of(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest),
        Refused::Store(_) => later(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Internal, 5_000),
    }
}

/// The words that leave the house: what the state's files are called and where they are stays in the log.
fn words(refused: &Refused, meaning: &Meaning) -> String {
    match refused {
        Refused::Store(error) if meaning.status.is_server_error() => {
            tracing::error!(%error, "a request failed on the state");
            "the gateway's state cannot be read or written right now; its log says why".to_owned()
        }
        // What exactly is wrong would help who guesses.
        Refused::NoEntrance(why) => {
            tracing::debug!(%why, "a request from outside found no entrance");
            "there is nothing here".to_owned()
        }
        Refused::NotReady(why) => {
            tracing::error!(%why, "requests from outside cannot be verified");
            "requests cannot be verified here right now".to_owned()
        }
        Refused::Repeated(why) => {
            tracing::debug!(%why, "a request from outside came again");
            "this request was taken before".to_owned()
        }
        Refused::Unverified(why) => {
            tracing::warn!(%why, "a request from outside was not verified");
            "the request could not be verified".to_owned()
        }
        other => other.to_string(),
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        let meaning = meaning(&refused);
        let retry_after_s = meaning.retry_after_ms.map(|ms| ms.div_ceil(1000));
        Self { status: meaning.status, detail: words(&refused, &meaning), retry_after_s }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Refused::from(error).into()
    }
}

impl From<CursorError> for ApiError {
    fn from(error: CursorError) -> Self {
        Self::bad_request(error.to_string())
    }
}

/// The payload of a wire error for a refusal.
pub(crate) fn wire_error(refused: &Refused) -> ErrorBody {
    let meaning = meaning(refused);
    let body = ErrorBody::new(meaning.code, words(refused, &meaning));
    match meaning.retry_after_ms {
        Some(ms) => body.retry_after_ms(ms),
        None => body,
    }
}
