//! `/api/sessions`

use super::json::Body;
use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use wingman_dispatch::{Dispatch, SessionCursor, SessionRecord};
use wingman_message::{AgentId, MessageId, SessionKey};
use wingman_protocol::rest::NEXT_CURSOR_HEADER;
use wingman_protocol::{CreateSession, RenameSession, SessionSummary};

/// The page size where none is asked for, and the largest one.
const PAGE: usize = 100;
const MAX_PAGE: usize = 500;
/// The longest name, in characters.
const MAX_NAME: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListQuery {
    limit: Option<usize>,
    cursor: Option<String>,
    agent_id: Option<AgentId>,
}

pub(crate) async fn list(
    State(App { dispatch, .. }): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<(HeaderMap, Json<Vec<SessionSummary>>), ApiError> {
    let cursor = query.cursor.as_deref().map(str::parse::<SessionCursor>).transpose()?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let page = dispatch.list_sessions(query.agent_id.as_ref(), limit, cursor.as_ref()).await?;
    let summaries = page.sessions.iter().map(|session| summary(session, &dispatch)).collect();
    Ok((next_cursor(page.next), Json(summaries)))
}

pub(crate) async fn create(
    State(App { dispatch, .. }): State<App>,
    Body(request): Body<CreateSession>,
) -> Result<(StatusCode, Json<SessionSummary>), ApiError> {
    let CreateSession { agent_id, name, session_id } = request;
    let name = name.map(|name| checked_name(&name)).transpose()?;
    let key = match (session_id, agent_id) {
        (Some(key), Some(agent)) if key.agent() != &agent => {
            return Err(ApiError::bad_request(format!("session `{key}` belongs to agent `{}`, not to `{agent}`", key.agent())));
        }
        (Some(key), _) => key,
        (None, agent) => {
            let agent = agent.unwrap_or_else(|| dispatch.default_agent());
            SessionKey::thread(&agent, "webui", &MessageId::new(dispatch.now_ms()).to_string())
        }
    };
    let session = dispatch.create_session(key, name).await?;
    Ok((StatusCode::CREATED, Json(summary(&session, &dispatch))))
}

pub(crate) async fn read(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
) -> Result<Json<SessionSummary>, ApiError> {
    let session = dispatch.session(&key(&id)?).await?.ok_or_else(|| no_such_session(&id))?;
    Ok(Json(summary(&session, &dispatch)))
}

pub(crate) async fn rename(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
    Body(RenameSession { name }): Body<RenameSession>,
) -> Result<Json<SessionSummary>, ApiError> {
    let key = key(&id)?;
    if !dispatch.rename_session(&key, Some(checked_name(&name)?)).await? {
        return Err(no_such_session(&id));
    }
    let session = dispatch.session(&key).await?.ok_or_else(|| no_such_session(&id))?;
    Ok(Json(summary(&session, &dispatch)))
}

pub(crate) async fn delete(State(App { dispatch, .. }): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    if dispatch.delete_session(&key(&id)?).await? { Ok(StatusCode::NO_CONTENT) } else { Err(no_such_session(&id)) }
}

/// A session key out of a path.
pub(super) fn key(id: &str) -> Result<SessionKey, ApiError> {
    id.parse().map_err(|error: wingman_message::SessionKeyError| ApiError::bad_request(error.to_string()))
}

pub(super) fn no_such_session(id: &str) -> ApiError {
    ApiError::not_found(format!("there is no session `{id}`"))
}

/// The header that says where the next page begins; lists themselves stay plain arrays.
pub(super) fn next_cursor(cursor: Option<impl ToString>) -> HeaderMap {
    let value = cursor.and_then(|cursor| HeaderValue::from_str(&cursor.to_string()).ok());
    value.map(|value| (axum::http::HeaderName::from_static(NEXT_CURSOR_HEADER), value)).into_iter().collect()
}

fn checked_name(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ApiError::bad_request(format!("a name has 1 to {MAX_NAME} characters, none of them a control character")));
    }
    Ok(name.to_owned())
}

fn summary(session: &SessionRecord, dispatch: &Dispatch) -> SessionSummary {
    SessionSummary {
        id: session.key.clone(),
        name: session.name.clone().unwrap_or_else(|| default_name(&session.key)),
        agent_id: session.key.agent().clone(),
        created_at: session.created_at,
        updated_at: session.updated_at,
        message_count: session.message_count,
        last_message_preview: session.last_preview.clone(),
        workdir: session.workdir.clone(),
        source: session.source.into(),
        running: dispatch.is_running(&session.key),
    }
}

/// What an unnamed session is called: a fresh chat by what it is, any other by its key without the agent.
fn default_name(key: &SessionKey) -> String {
    let rest = key.as_str().splitn(3, ':').nth(2).unwrap_or_default();
    if rest == "main" {
        "Main".to_owned()
    } else if rest.starts_with("webui:thread:") {
        "New chat".to_owned()
    } else {
        rest.to_owned()
    }
}
