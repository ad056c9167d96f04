//! One session that is watched.

use crate::ClientError;
use crate::connection::Epitaph;
use futures::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use wingman_protocol::{AgentFrame, ServerFrame, SessionKey};

/// A session that is watched: first what was missed, then live events. It ends without an error where the subscription was
/// ended or replaced, and behind [`ClientError::Lost`] where the connection was lost.
#[derive(Debug)]
pub struct Watch {
    session: SessionKey,
    seq: i64,
    events: mpsc::Receiver<ServerFrame>,
    epitaph: Epitaph,
    ended: bool,
}

impl Watch {
    pub(crate) fn new(session: SessionKey, seq: i64, events: mpsc::Receiver<ServerFrame>, epitaph: Epitaph) -> Self {
        Self { session, seq, events, epitaph, ended: false }
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &SessionKey {
        &self.session
    }

    /// The newest event of the session when the subscription was confirmed.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// The next event, with its `seq`: the newest one is where to go on after a reconnect.
    pub async fn next_event(&mut self) -> Option<Result<AgentFrame, ClientError>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for Watch {
    type Item = Result<AgentFrame, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let frame = std::task::ready!(self.events.poll_recv(context));
        let Some(ServerFrame::Agent(frame)) = frame else {
            self.ended = true;
            return Poll::Ready(self.epitaph.is_written().then(|| Err(self.epitaph.error())));
        };
        Poll::Ready(Some(Ok(frame)))
    }
}
