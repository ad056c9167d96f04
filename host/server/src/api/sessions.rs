//! `/api/sessions`

use super::json::Body;
use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use std::path::PathBuf;
use wingman_dispatch::{Dispatch, Refused, SessionCursor, SessionRecord};
use wingman_message::{AgentId, MessageId, SessionKey};
use wingman_protocol::rest::NEXT_CURSOR_HEADER;
use wingman_protocol::{CreateSession, ForkSession, RenameSession, SessionSummary, SetWorkdir};

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
    /// Those whose name, key or newest words hold it.
    q: Option<String>,
}

/// Known clients name the agent beside the session; it has to be the session's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfAgent {
    agent_id: Option<AgentId>,
}

impl OfAgent {
    /// The session of that id, where it is the agent's.
    pub(super) fn key(&self, id: &str) -> Result<SessionKey, ApiError> {
        let key = key(id)?;
        match &self.agent_id {
            Some(agent) if agent != key.agent() => Err(Refused::ForeignSession { agent: agent.clone(), session: key }.into()),
            _ => Ok(key),
        }
    }
}

pub(crate) async fn list(
    State(App { dispatch, .. }): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<(HeaderMap, Json<Vec<SessionSummary>>), ApiError> {
    let cursor = query.cursor.as_deref().map(str::parse::<SessionCursor>).transpose()?;
    let text = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE);
    let page = dispatch.list_sessions(query.agent_id.as_ref(), text, limit, cursor.as_ref()).await?;
    let mut summaries = Vec::with_capacity(page.sessions.len());
    for session in &page.sessions {
        summaries.push(summary(session, &dispatch).await?);
    }
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
    Ok((StatusCode::CREATED, Json(summary(&session, &dispatch).await?)))
}

pub(crate) async fn read(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
) -> Result<Json<SessionSummary>, ApiError> {
    let session = dispatch.session(&key(&id)?).await?.ok_or_else(|| no_such_session(&id))?;
    Ok(Json(summary(&session, &dispatch).await?))
}

pub(crate) async fn rename(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
    Query(of): Query<OfAgent>,
    Body(RenameSession { name }): Body<RenameSession>,
) -> Result<Json<SessionSummary>, ApiError> {
    let key = of.key(&id)?;
    if !dispatch.rename_session(&key, Some(checked_name(&name)?)).await? {
        return Err(no_such_session(&id));
    }
    let session = dispatch.session(&key).await?.ok_or_else(|| no_such_session(&id))?;
    Ok(Json(summary(&session, &dispatch).await?))
}

pub(crate) async fn delete(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
    Query(of): Query<OfAgent>,
) -> Result<StatusCode, ApiError> {
    if dispatch.delete_session(&of.key(&id)?).await? { Ok(StatusCode::NO_CONTENT) } else { Err(no_such_session(&id)) }
}

/// Sets the folder that the session's agent works in.
pub(crate) async fn set_workdir(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
    Query(of): Query<OfAgent>,
    Body(SetWorkdir { workdir }): Body<SetWorkdir>,
) -> Result<Json<SessionSummary>, ApiError> {
    let key = of.key(&id)?;
    let workdir = workdir.filter(|path| !path.trim().is_empty()).map(PathBuf::from);
    if !dispatch.set_workdir(&key, workdir).await? {
        return Err(no_such_session(&id));
    }
    let session = dispatch.session(&key).await?.ok_or_else(|| no_such_session(&id))?;
    Ok(Json(summary(&session, &dispatch).await?))
}

/// A new session of what was said up to a message.
pub(crate) async fn fork(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
    Query(of): Query<OfAgent>,
    Body(ForkSession { message_id, name }): Body<ForkSession>,
) -> Result<(StatusCode, Json<SessionSummary>), ApiError> {
    let name = name.map(|name| checked_name(&name)).transpose()?;
    let session = dispatch.fork_session(&of.key(&id)?, message_id, name).await?;
    Ok((StatusCode::CREATED, Json(summary(&session, &dispatch).await?)))
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

pub(super) fn checked_name(name: &str) -> Result<String, ApiError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ApiError::bad_request(format!("a name has 1 to {MAX_NAME} characters, none of them a control character")));
    }
    Ok(name.to_owned())
}

pub(super) async fn summary(session: &SessionRecord, dispatch: &Dispatch) -> Result<SessionSummary, ApiError> {
    let parent = dispatch.parent_of(&session.key).await?;
    Ok(SessionSummary {
        id: session.key.clone(),
        name: display_name(session.name.as_deref(), &session.key),
        agent_id: session.key.agent().clone(),
        created_at: session.created_at,
        updated_at: session.updated_at,
        message_count: session.message_count,
        last_message_preview: session.last_preview.clone(),
        workdir: session.workdir.clone(),
        source: session.source.into(),
        running: dispatch.is_running(&session.key),
        parent_session_id: parent.as_ref().map(|parent| parent.session.clone()),
        parent_run_id: parent.as_ref().map(|parent| parent.run),
    })
}

/// What people call the session.
pub(super) fn display_name(name: Option<&str>, key: &SessionKey) -> String {
    name.map_or_else(|| default_name(key), str::to_owned)
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
