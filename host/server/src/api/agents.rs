//! `/api/agents`

use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Path, State};
use wingman_protocol::AgentSummary;

pub(crate) async fn list(State(App { dispatch, .. }): State<App>) -> Json<Vec<AgentSummary>> {
    Json(dispatch.agents().iter().map(AgentSummary::from).collect())
}

pub(crate) async fn read(
    State(App { dispatch, .. }): State<App>,
    Path(id): Path<String>,
) -> Result<Json<AgentSummary>, ApiError> {
    let agent = dispatch.agents().into_iter().find(|agent| agent.id.as_str() == id);
    agent.map(|agent| Json(AgentSummary::from(&agent))).ok_or_else(|| ApiError::not_found(format!("there is no agent `{id}`")))
}
