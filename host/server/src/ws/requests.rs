//! `req:agent` and `req:agent:cancel`.

use super::Sockets;
use super::events;
use super::handshake::Client;
use super::outbox::{Gone, Outbox};
use super::watches::Watches;
use crate::problem::wire_error;
use axum::body::Bytes;
use std::sync::Arc;
use wingman_dispatch::{Cancelled, ClientRequest, Event, QuestionReply, Refused, Rendered, Submitted, What};
use wingman_message::{AgentId, RequestId, SessionKey};
use wingman_protocol::{
    Ack, AgentEvent, AgentEventKind, AgentRequestFrame, AnswerRequest, CancelStatus, EncodedEvent, ErrorBody, ErrorCode,
    QueueAck, ServerFrame,
};

/// Takes a request, or says why not. All that comes of it arrives as events.
pub(crate) async fn take(
    frame: AgentRequestFrame,
    client: &Client,
    watches: &mut Watches,
    outbox: &Outbox,
    sockets: &Sockets,
) -> Result<(), Gone> {
    let AgentRequestFrame { request_id, payload, agent_id, session_key, queue_mode, routing, execution: _ } = frame;
    let request = ClientRequest {
        client: client.id.clone(),
        request: request_id.clone(),
        agent: agent_id.clone(),
        session: session_key,
        channel: routing.map(|place| place.channel),
        mode: queue_mode,
        payload: Bytes::copy_from_slice(payload.get().as_bytes()),
    };
    let prepared = match sockets.dispatch.prepare(request).await {
        Ok(prepared) => prepared,
        Err(refused) => return refuse(&request_id, &refused, outbox, sockets).await,
    };
    let session = prepared.session().clone();
    if let Err(refused) = watches.expect(&session, &request_id).await {
        return refuse(&request_id, &refused, outbox, sockets).await;
    }
    match sockets.dispatch.submit(prepared).await {
        Ok(Submitted::Accepted { position: 0 }) => Ok(()),
        Ok(Submitted::Accepted { position }) => {
            let ack = QueueAck::Queued {
                request_id: request_id.clone(),
                agent_id: session.agent().clone(),
                session_id: session,
                position: position as u64,
            };
            let ack = Ack::AgentRequest(ack);
            outbox.frame(&ServerFrame::ack(Some(request_id.to_string()), ack, sockets.dispatch.now_ms())).await
        }
        Ok(Submitted::InFlight) => match watches.rejoin(&session).await {
            Ok(()) => Ok(()),
            Err(refused) => refuse(&request_id, &refused, outbox, sockets).await,
        },
        Ok(Submitted::Finished(what)) => {
            watches.forget(&session, &request_id);
            repeat(session, request_id, what, client, outbox, sockets).await
        }
        Err(Refused::SessionBusy) => {
            watches.forget(&session, &request_id);
            busy(session, request_id, client, outbox, sockets).await
        }
        Err(refused) => {
            watches.forget(&session, &request_id);
            refuse(&request_id, &refused, outbox, sockets).await
        }
    }
}

/// Stops a request.
pub(crate) async fn cancel(
    id: Option<String>,
    request: RequestId,
    client: &Client,
    outbox: &Outbox,
    sockets: &Sockets,
) -> Result<(), Gone> {
    let outcome = sockets.dispatch.cancel(&client.id, &request).await;
    let now = sockets.dispatch.now_ms();
    let status = match outcome {
        Cancelled::Running => CancelStatus::Cancelled,
        Cancelled::Queued => CancelStatus::CancelledQueued,
        Cancelled::NotFound => CancelStatus::NotFound,
        Cancelled::Foreign => {
            let error = ErrorBody::new(ErrorCode::Forbidden, format!("request `{request}` is another client's"));
            return outbox.frame(&ServerFrame::error(id, error, now)).await;
        }
    };
    outbox.frame(&ServerFrame::ack(id, Ack::Cancel { request_id: request, status }, now)).await
}

/// Answers a question that a run waits for.
pub(crate) async fn answer(id: Option<String>, request: AnswerRequest, outbox: &Outbox, sockets: &Sockets) -> Result<(), Gone> {
    let AnswerRequest { session_id, question_id, answer, approve, reason } = request;
    let reply = QuestionReply { answer, approve, reason };
    let answered = sockets.dispatch.answer(&session_id, question_id, reply).await;
    let now = sockets.dispatch.now_ms();
    let frame = match answered {
        Ok(()) => ServerFrame::ack(id, Ack::Answer { session_id, question_id }, now),
        Err(refused) => ServerFrame::error(id, wire_error(&refused), now),
    };
    outbox.frame(&frame).await
}

async fn refuse(request: &RequestId, refused: &Refused, outbox: &Outbox, sockets: &Sockets) -> Result<(), Gone> {
    let error = ServerFrame::error(Some(request.to_string()), wire_error(refused), sockets.dispatch.now_ms());
    outbox.frame(&error).await
}

/// A request that was answered before gets the same answer again.
async fn repeat(
    session: SessionKey,
    request: RequestId,
    what: What,
    client: &Client,
    outbox: &Outbox,
    sockets: &Sockets,
) -> Result<(), Gone> {
    let seq = match &what {
        What::Completed { answer, .. } | What::Failed { answer: Some(answer), .. } => answer.seq,
        _ => 0,
    };
    let event = Event {
        session,
        seq,
        at: sockets.dispatch.now_ms(),
        request: Some(request),
        client: Some(client.id.clone()),
        replayed: true,
        parent: None,
        what,
        rendered: Rendered::default(),
    };
    for frame in events::frames(&event, &client.id, events::Stands::Requester).iter() {
        outbox.text(frame.clone()).await?;
    }
    Ok(())
}

/// Clients of this protocol read "busy" as the end of the request, not as an error of the frame.
async fn busy(session: SessionKey, request: RequestId, client: &Client, outbox: &Outbox, sockets: &Sockets) -> Result<(), Gone> {
    let error = Refused::SessionBusy.to_string();
    let agent_id: AgentId = session.agent().clone();
    let payload = AgentEvent {
        kind: AgentEventKind::AgentError { error: Arc::from(error), message_id: None },
        session_id: session,
        agent_id,
        timestamp: sockets.dispatch.now_ms(),
        parent_session_id: None,
        parent_run_id: None,
    };
    outbox.text(EncodedEvent::new(0, Some(request), &payload).for_requester(&client.id)).await
}
