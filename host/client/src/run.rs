//! One request to an agent, and the events that answer it.

use crate::ClientError;
use crate::connection::{Command, Epitaph};
use crate::socket::now_ms;
use futures::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use wingman_protocol::{AgentEvent, CancelRequest, ClientFrame, RequestId, ServerFrame};

/// A request under way: a stream of events that ends behind exactly one `agent-complete` or `agent-error`, or behind an error.
/// An `agent-snapshot` replaces all text and tools that came before it.
///
/// Dropping it does not stop the run; [`Run::cancel`] does.
#[derive(Debug)]
pub struct Run {
    request: RequestId,
    events: mpsc::Receiver<ServerFrame>,
    commands: mpsc::Sender<Command>,
    epitaph: Epitaph,
    ended: bool,
}

impl Run {
    pub(crate) fn new(
        request: RequestId,
        events: mpsc::Receiver<ServerFrame>,
        commands: mpsc::Sender<Command>,
        epitaph: Epitaph,
    ) -> Self {
        Self { request, events, commands, epitaph, ended: false }
    }

    /// The request's id; sent again by the same client it gets the same outcome.
    #[must_use]
    pub fn request_id(&self) -> &RequestId {
        &self.request
    }

    /// The next event; none behind the last one.
    pub async fn next_event(&mut self) -> Option<Result<AgentEvent, ClientError>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Asks the gateway to stop the run. The run goes on until its last event, an `agent-error` that says so; or another one,
    /// where the run was faster.
    ///
    /// # Errors
    /// [`ClientError::Lost`]
    pub async fn cancel(&self) -> Result<(), ClientError> {
        // Nobody waits for the ack: it may stand behind events that are read only after this.
        let frame = ClientFrame::Cancel {
            id: Some(format!("cancel-{}", self.request)),
            payload: CancelRequest { request_id: self.request.clone() },
            timestamp: now_ms(),
        };
        self.commands.send(Command::Send(frame)).await.map_err(|_| self.epitaph.error())
    }
}

impl Stream for Run {
    type Item = Result<AgentEvent, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let frame = std::task::ready!(self.events.poll_recv(context));
        let (item, last) = match frame {
            Some(ServerFrame::Agent(frame)) => {
                let last = frame.payload.kind.is_final();
                (Ok(frame.payload), last)
            }
            Some(ServerFrame::Error(error)) => (Err(ClientError::Refused(Box::new(error.payload))), true),
            Some(_) | None => (Err(self.epitaph.error()), true),
        };
        self.ended = last;
        Poll::Ready(Some(item))
    }
}
