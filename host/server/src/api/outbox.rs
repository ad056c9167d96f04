//! `/api/outbox`

use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use wingman_dispatch::{OutboxRow, Outgoing};
use wingman_protocol::{OutboxEntry, OutboxKind};

/// The number of entries where none is asked for, and the largest one.
const PAGE: usize = 100;
const MAX_PAGE: usize = 500;

#[derive(Deserialize)]
pub(crate) struct ListQuery {
    limit: Option<usize>,
}

/// What waits to be delivered, the oldest first.
pub(crate) async fn list(
    State(App { dispatch, .. }): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<OutboxEntry>>, ApiError> {
    let waiting = dispatch.waiting(query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE)).await?;
    let now = dispatch.now_ms();
    Ok(Json(waiting.into_iter().map(|row| entry(row, now)).collect()))
}

fn entry(row: OutboxRow, now: i64) -> OutboxEntry {
    let (kind, text) = match row.what {
        Outgoing::Reply { markdown } => (OutboxKind::Reply, markdown),
        Outgoing::Reaction { emoji } => (OutboxKind::Reaction, emoji),
    };
    OutboxEntry {
        id: row.delivery,
        kind,
        agent_id: row.session.agent().clone(),
        session_id: row.session,
        channel: row.target.place.channel.to_string(),
        text,
        at: row.created_at,
        attempts: row.attempts,
        reason: row.last_error,
        next_at: Some(row.next_at).filter(|next_at| *next_at > now),
    }
}
