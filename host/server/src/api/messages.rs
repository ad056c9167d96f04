//! `/api/sessions/:id/messages`

use super::sessions::{OfAgent, next_cursor, no_such_session};
use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use wingman_dispatch::MessageCursor;
use wingman_protocol::StoredMessage;

/// The page size where none is asked for, and the largest one.
const PAGE: usize = 200;
const MAX_PAGE: usize = 1000;

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// The newest page first, in order of time within the page.
pub(crate) async fn list(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
    Query(query): Query<ListQuery>,
    Query(of): Query<OfAgent>,
) -> Result<(HeaderMap, Json<Vec<StoredMessage>>), ApiError> {
    let session = of.key(&id)?;
    let cursor = query.cursor.as_deref().map(str::parse::<MessageCursor>).transpose()?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let page = dispatch.messages(&session, limit, cursor.as_ref()).await?;
    if page.messages.is_empty() && dispatch.session(&session).await?.is_none() {
        return Err(no_such_session(&id));
    }
    Ok((next_cursor(page.next), Json(page.messages.iter().map(StoredMessage::from).collect())))
}

/// Forgets all that was said; the session stays.
pub(crate) async fn clear(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
    Query(of): Query<OfAgent>,
) -> Result<StatusCode, ApiError> {
    if dispatch.clear_session(&of.key(&id)?).await? { Ok(StatusCode::NO_CONTENT) } else { Err(no_such_session(&id)) }
}
