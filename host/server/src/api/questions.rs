//! `/api/questions`, and the answers under `/api/sessions/{id}/questions/{questionId}`

use super::json::Body;
use super::sessions::key;
use crate::app::App;
use crate::problem::ApiError;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use wingman_message::QuestionId;
use wingman_protocol::{PendingQuestion, QuestionReply};

/// The most open questions that are listed.
const MAX_LISTED: usize = 500;

/// Open questions, the oldest first.
pub(crate) async fn list(State(App { dispatch, .. }): State<App>) -> Result<Json<Vec<PendingQuestion>>, ApiError> {
    let questions = dispatch.open_questions(MAX_LISTED).await?;
    Ok(Json(questions.iter().map(PendingQuestion::from).collect()))
}

/// Answers one, once.
pub(crate) async fn answer(
    State(App { dispatch, .. }): State<App>,
    Path((session, question)): Path<(String, String)>,
    Body(QuestionReply { answer, approve, reason }): Body<QuestionReply>,
) -> Result<StatusCode, ApiError> {
    let question: QuestionId =
        question.parse().map_err(|error: wingman_message::IdError| ApiError::bad_request(error.to_string()))?;
    let reply = wingman_dispatch::QuestionReply { answer, approve, reason };
    dispatch.answer(&key(&session)?, question, reply).await?;
    Ok(StatusCode::NO_CONTENT)
}
