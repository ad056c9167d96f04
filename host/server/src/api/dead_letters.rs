//! `/api/dead-letters`

use super::sessions::next_cursor;
use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use wingman_message::{DeliveryId, Origin};
use wingman_protocol::{DeadLetter, DeadLetterKind};

/// The page size where none is asked for, and the largest one.
const PAGE: usize = 100;
const MAX_PAGE: usize = 500;

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// The newest first.
pub(crate) async fn list(
    State(App { dispatch, .. }): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<(HeaderMap, Json<Vec<DeadLetter>>), ApiError> {
    let before = query.cursor.as_deref().map(letter_id).transpose()?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    // One more than asked for, so that the last page knows that it is the last.
    let mut letters = dispatch.dead_letters(limit + 1, before).await?;
    let has_more = letters.len() > limit;
    letters.truncate(limit);
    let next = letters.last().filter(|_| has_more).map(|last| last.delivery);
    Ok((next_cursor(next), Json(letters.into_iter().map(summary).collect())))
}

/// Has it tried again.
pub(crate) async fn redeliver(State(App { dispatch, .. }): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    dispatch.redeliver(letter_id(&id)?).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Forgets it.
pub(crate) async fn discard(State(App { dispatch, .. }): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    dispatch.discard(letter_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn letter_id(id: &str) -> Result<DeliveryId, ApiError> {
    id.parse().map_err(|error: wingman_message::IdError| ApiError::bad_request(error.to_string()))
}

fn summary(letter: wingman_dispatch::DeadLetter) -> DeadLetter {
    let (kind, text, attempts) = match letter.kind {
        wingman_dispatch::DeadLetterKind::Inbound => (DeadLetterKind::Inbound, None, None),
        wingman_dispatch::DeadLetterKind::Reply { markdown, attempts, .. } => {
            (DeadLetterKind::Reply, Some(markdown), Some(attempts))
        }
    };
    DeadLetter {
        id: letter.delivery,
        kind,
        agent_id: letter.session.agent().clone(),
        session_id: letter.session,
        origin: words(&letter.origin),
        reason: letter.reason,
        at: letter.at,
        text,
        attempts,
    }
}

fn words(origin: &Origin) -> String {
    match origin {
        Origin::Client { client, .. } => format!("client {client}"),
        Origin::Webhook { webhook } => format!("webhook {webhook}"),
        Origin::Channel { channel, account: Some(account) } => format!("channel {channel}, account {account}"),
        Origin::Channel { channel, account: None } => format!("channel {channel}"),
        Origin::Delegate { parent } => format!("session {}", parent.session),
    }
}
