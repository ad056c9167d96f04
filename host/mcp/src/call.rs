//! One call of a tool on one connection.

use crate::guard::{ProgressOf, Wire, WireError};
use crate::http::HttpError;
use crate::open::described;
use crate::output;
use rmcp::RoleClient;
use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest, ErrorCode, ErrorData, ServerResult};
use rmcp::service::{Peer, PeerRequestOptions, RequestHandle, ServiceError};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wingman_message::{ToolError, ToolOutput, ToolProgress};

/// A call that waits for its answer. Dropped without one, it tells the caller that the connection was lost; a caller that goes away
/// cancels it.
pub(crate) struct Call {
    /// The tool, as the server calls it.
    pub(crate) own_name: String,
    pub(crate) input: Map<String, Value>,
    pub(crate) cancel: CancellationToken,
    pub(crate) progress: ToolProgress,
    pub(crate) reply: oneshot::Sender<Result<ToolOutput, ToolError>>,
}

/// What a call leaves to do.
pub(crate) enum Done {
    /// Nothing: the caller has its answer, or is gone.
    Answered,
    /// The caller has its answer, and the server should be looked after.
    Suspect,
    /// The server did not take the call, because its session is over; on the next connection it may be made.
    Again(Call),
}

impl Call {
    pub(crate) fn answer(self, answer: Result<ToolOutput, ToolError>) {
        // A caller that is gone needs none.
        let _ = self.reply.send(answer);
    }

    pub(crate) fn fail(self, why: impl Into<String>) {
        self.answer(Err(ToolError::Failed(why.into())));
    }
}

/// Makes the call and answers it.
pub(crate) async fn perform(peer: Peer<RoleClient>, wire: Arc<Wire>, mut call: Call, time: Option<Duration>) -> Done {
    if call.reply.is_closed() || call.cancel.is_cancelled() {
        return Done::Answered;
    }
    let parameters = CallToolRequestParams::new(call.own_name.clone()).with_arguments(call.input.clone());
    let mut request = CallToolRequest::new(parameters);
    request.extensions.insert(ProgressOf(call.progress.clone()));
    let request = ClientRequest::CallToolRequest(request);
    let Ok(mut handle) = peer.send_cancellable_request(request, PeerRequestOptions::no_options()).await else {
        return Done::Answered;
    };
    let token = handle.progress_token.clone();
    let deadline = async {
        match time {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    let done = tokio::select! {
        answer = &mut handle.rx => match answer {
            Ok(answer) => finish(call, answer),
            // The connection is over; the caller hears so when the call is dropped.
            Err(_) => Done::Answered,
        },
        () = call.cancel.cancelled() => give_up(handle, "the run was cancelled").await,
        () = call.reply.closed() => give_up(handle, "nobody waits for the result any more").await,
        () = deadline => {
            let seconds = time.unwrap_or_default().as_secs_f32();
            call.fail(format!("the tool was stopped after {seconds} s without a result"));
            give_up(handle, "its time is up").await
        }
    };
    wire.forget(&token);
    done
}

async fn give_up(handle: RequestHandle<RoleClient>, why: &str) -> Done {
    // Where it cannot be sent, the connection is about to end, and with it the call.
    let _ = handle.cancel(Some(why.to_owned())).await;
    Done::Answered
}

fn finish(call: Call, answer: Result<ServerResult, ServiceError>) -> Done {
    match answer {
        Ok(result) => call.answer(read(result)),
        Err(ServiceError::McpError(error)) => call.answer(Err(refused(&error))),
        Err(ServiceError::TransportSend(error)) => {
            if is_session_over(error.error.as_ref()) {
                return Done::Again(call);
            }
            tracing::debug!(error = described(error.error.as_ref()), "a call did not reach its MCP server");
            call.fail("the MCP server did not take the call, or its answer was unusable");
            return Done::Suspect;
        }
        Err(ServiceError::TransportClosed) => drop(call),
        Err(other) => call.fail(format!("the MCP server's answer cannot be used: {}", described(&other))),
    }
    Done::Answered
}

fn read(result: ServerResult) -> Result<ToolOutput, ToolError> {
    let why = match result {
        ServerResult::InputRequiredResult(_) => "the tool asks for input from a person, which this gateway cannot give",
        ServerResult::CreateTaskResult(_) => "the tool answered with a task to wait for, which this gateway does not do",
        result => match serde_json::to_value(result) {
            Ok(result) => return output::read(&result),
            Err(_) => "the MCP server's answer cannot be used",
        },
    };
    Err(ToolError::Failed(why.to_owned()))
}

fn refused(error: &ErrorData) -> ToolError {
    let message: String = error.message.chars().take(4000).collect();
    if error.code == ErrorCode::INVALID_PARAMS { ToolError::InvalidInput(message) } else { ToolError::Failed(message) }
}

/// Whether the server answered 404: the session is unknown to it, and the request was not looked at (MCP, session management).
pub(crate) fn is_session_over(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref::<WireError<HttpError>>(), Some(WireError::Transport(HttpError::SessionExpired)))
}
