//! `/api/search`

use super::sessions::{display_name, next_cursor};
use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use wingman_dispatch::SearchCursor;
use wingman_message::AgentId;
use wingman_protocol::rest::SEARCH_INCOMPLETE_HEADER;
use wingman_protocol::{SearchHit, SnippetPart};

/// The page size where none is asked for, and the largest one.
const PAGE: usize = 50;
const MAX_PAGE: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchQuery {
    q: String,
    agent_id: Option<AgentId>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// The newest first, in the sessions of one agent or of all.
pub(crate) async fn search(
    State(App { dispatch, .. }): State<App>,
    Query(query): Query<SearchQuery>,
) -> Result<(HeaderMap, Json<Vec<SearchHit>>), ApiError> {
    let cursor = query.cursor.as_deref().map(str::parse::<SearchCursor>).transpose()?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let found = dispatch.search(&query.q, query.agent_id.as_ref(), limit, cursor.as_ref()).await?;
    let mut headers = next_cursor(found.next);
    if found.is_incomplete {
        headers.insert(HeaderName::from_static(SEARCH_INCOMPLETE_HEADER), HeaderValue::from_static("1"));
    }
    Ok((headers, Json(found.hits.into_iter().map(hit).collect())))
}

fn hit(hit: wingman_dispatch::SearchHit) -> SearchHit {
    let snippet = hit.snippet.into_iter().map(|part| SnippetPart { text: part.text, hit: part.hit });
    SearchHit {
        session_name: display_name(hit.session_name.as_deref(), &hit.session),
        agent_id: hit.session.agent().clone(),
        session_id: hit.session,
        message_id: hit.message,
        seq: hit.seq,
        role: hit.role.into(),
        created_at: hit.created_at,
        snippet: snippet.collect(),
    }
}
