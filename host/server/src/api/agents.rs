//! `/api/agents`. Those of the configuration file are shown and not changed; the others are made, changed and forgotten here.

use super::json::Body;
use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use wingman_dispatch::{Dispatch, Refused};
use wingman_message::{AgentDraft, AgentId, AgentRecord, CatalogError};
use wingman_protocol::{AgentContext, AgentDetails, AgentSource, AgentSummary, CreateAgent};

pub(crate) async fn list(State(App { dispatch, .. }): State<App>) -> Json<Vec<AgentSummary>> {
    Json(dispatch.agents().iter().map(AgentSummary::from).collect())
}

pub(crate) async fn read(
    State(App { dispatch, info, .. }): State<App>,
    Path(id): Path<String>,
) -> Result<Json<AgentDetails>, ApiError> {
    let record = info.agents.read(&agent_id(&id)?).await?;
    details(record, &dispatch).map(Json)
}

pub(crate) async fn create(
    State(App { dispatch, info, .. }): State<App>,
    Body(request): Body<CreateAgent>,
) -> Result<(StatusCode, Json<AgentDetails>), ApiError> {
    let CreateAgent { id, name, description, enabled, model, tools, instructions, context } = request;
    let id = match id {
        Some(id) => id,
        None => id_of(name.as_deref().unwrap_or_default())?,
    };
    let context = context.map(into_context);
    let draft = AgentDraft { name, description, enabled: enabled.unwrap_or(true), model, tools, instructions, context };
    let record = info.agents.create(&id, draft).await?;
    Ok((StatusCode::CREATED, Json(details(record, &dispatch)?)))
}

/// What is left out stays as it is; `null` goes back to the default.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeAgent {
    id: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    name: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    description: Option<Option<String>>,
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    model: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    tools: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "nullable")]
    instructions: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    context: Option<Option<AgentContext>>,
}

/// A field that is there, be it `null`.
fn nullable<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(field: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(field).map(Some)
}

pub(crate) async fn change(
    State(App { dispatch, info, .. }): State<App>,
    Path(id): Path<String>,
    Body(request): Body<ChangeAgent>,
) -> Result<Json<AgentDetails>, ApiError> {
    let ChangeAgent { id: named, name, description, enabled, model, tools, instructions, context } = request;
    if let Some(named) = named.filter(|named| *named != id) {
        return Err(ApiError::bad_request(format!("the agent `{id}` cannot become `{named}`: an agent keeps its id")));
    }
    let id = agent_id(&id)?;
    let AgentRecord { draft: before, .. } = info.agents.read(&id).await?;
    let draft = AgentDraft {
        name: name.unwrap_or(before.name),
        description: description.unwrap_or(before.description),
        enabled: enabled.unwrap_or(before.enabled),
        model: model.unwrap_or(before.model),
        tools: tools.unwrap_or(before.tools),
        instructions: instructions.unwrap_or(before.instructions),
        context: context.map_or(before.context, |context| context.map(into_context)),
    };
    let record = info.agents.replace(&id, draft).await?;
    details(record, &dispatch).map(Json)
}

pub(crate) async fn delete(State(App { info, .. }): State<App>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    info.agents.delete(&agent_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An agent's id out of a path: what is none names no agent.
fn agent_id(id: &str) -> Result<AgentId, ApiError> {
    AgentId::new(id).map_err(|error| ApiError::bad_request(error.to_string()))
}

/// An id for an agent of this name.
fn id_of(name: &str) -> Result<AgentId, ApiError> {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' };
    let id: String = name.chars().map(plain).collect();
    let words: Vec<&str> = id.split('-').filter(|word| !word.is_empty()).collect();
    let id: String = words.join("-").chars().take(64).collect();
    AgentId::new(id).map_err(|_| ApiError::bad_request("give the agent an `id`: letters, digits, `.`, `_` or `-`"))
}

fn into_context(context: AgentContext) -> wingman_message::AgentContext {
    let AgentContext { max_tokens, compact_at, keep_recent } = context;
    wingman_message::AgentContext { max_tokens, compact_at, keep_recent: usize::try_from(keep_recent).unwrap_or(usize::MAX) }
}

/// What is written of the agent, and what it is.
fn details(record: AgentRecord, dispatch: &Dispatch) -> Result<AgentDetails, ApiError> {
    let AgentRecord { id, source, draft } = record;
    let agent = dispatch.agents().into_iter().find(|agent| agent.id == id).ok_or_else(|| Refused::UnknownAgent(id.clone()))?;
    let AgentDraft { name: _, description, enabled, model: _, tools, instructions, context } = draft;
    Ok(AgentDetails {
        id,
        name: agent.name,
        default: agent.is_default,
        description,
        enabled,
        model: agent.model.name,
        demo: agent.model.demo,
        tools,
        available_tools: agent.tools,
        instructions,
        context: context.map(|context| AgentContext {
            max_tokens: context.max_tokens,
            compact_at: context.compact_at,
            keep_recent: u32::try_from(context.keep_recent).unwrap_or(u32::MAX),
        }),
        source: match source {
            wingman_message::AgentSource::Config => AgentSource::Config,
            wingman_message::AgentSource::File => AgentSource::File,
        },
    })
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        let words = error.to_string();
        match error {
            CatalogError::Unknown(_) => Self::not_found(words),
            CatalogError::Exists(_) | CatalogError::ReadOnly(_) | CatalogError::Needed(_) => {
                Self::new(StatusCode::CONFLICT, words)
            }
            CatalogError::Invalid(_) => Self::bad_request(words),
            CatalogError::Failed(why) => {
                tracing::error!(%why, "an agent's description could not be written");
                Self::unavailable("the agent's file cannot be written right now; the gateway's log says why", 5)
            }
        }
    }
}
