//! What a server may send. Stands between the SDK and the transport, and ends a connection whose server floods, asks without reading
//! the answers, or does not read at all.
//!
//! Progress is handed to its call right here, before the SDK sees it: so its order is kept, none comes after the result, and no task
//! is spawned for it. Log messages of servers and news that nobody listens to end here too.

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rmcp::RoleClient;
use rmcp::model::{
    GetExtensions as _, GetMeta as _, JsonRpcMessage, ProgressNotificationParam, ProgressToken, ServerNotification,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wingman_message::ToolProgress;

/// Requests of a server that may wait for their answers.
const MAX_ASKED: usize = 64;
/// The longest piece of progress, in bytes.
const MAX_PROGRESS: usize = 4 << 10;

/// How much a server may send that nobody asked for.
pub(crate) struct Budget(DefaultDirectRateLimiter);

impl Budget {
    /// So many a second, and ten times as many at once.
    pub(crate) fn new(per_second: u32) -> Self {
        let rate = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
        let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(9));
        Self(RateLimiter::direct(Quota::per_second(rate).allow_burst(burst)))
    }

    /// Whether one more is in it.
    pub(crate) fn spend(&self) -> bool {
        self.0.check().is_ok()
    }
}

/// What the ends of one connection tell each other.
#[derive(Default)]
pub(crate) struct Wire {
    /// Fires when the connection is of no more use.
    pub(crate) ended: CancellationToken,
    why: OnceLock<String>,
    /// The server said that its tools changed.
    pub(crate) tools_changed: Notify,
    // A lock, because the SDK calls from its own task; it is never held across an await.
    progress: Mutex<HashMap<ProgressToken, ToolProgress>>,
}

impl Wire {
    /// Ends the connection; the first reason counts.
    pub(crate) fn end(&self, why: &str) {
        let _ = self.why.set(why.to_owned());
        self.ended.cancel();
    }

    /// Why it was ended, if this side ended it.
    pub(crate) fn why(&self) -> Option<String> {
        self.why.get().cloned()
    }

    fn progress(&self) -> MutexGuard<'_, HashMap<ProgressToken, ToolProgress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The call is over: progress that comes later is dropped.
    pub(crate) fn forget(&self, token: &ProgressToken) {
        self.progress().remove(token);
    }

    fn report(&self, params: &ProgressNotificationParam) {
        let sink = self.progress().get(&params.progress_token).cloned();
        if let Some(sink) = sink {
            sink.send(in_words(params));
        }
    }
}

/// The progress of a call as a line of text.
fn in_words(params: &ProgressNotificationParam) -> String {
    let count = match params.total {
        Some(total) => format!("{} of {total}", params.progress),
        None => params.progress.to_string(),
    };
    let message = params.message.as_deref().unwrap_or_default();
    let message = &message[..message.floor_char_boundary(MAX_PROGRESS)];
    if message.is_empty() { format!("{count}\n") } else { format!("{count}: {message}\n") }
}

/// Travels in a request's extensions, which are not sent: where the progress of this call goes.
#[derive(Clone)]
pub(crate) struct ProgressOf(pub(crate) ToolProgress);

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError<E: std::error::Error + 'static> {
    #[error(transparent)]
    Transport(E),
    #[error("the server does not read what it is sent")]
    Stuck,
}

/// A transport with a guard.
pub(crate) struct Guarded<T> {
    inner: T,
    wire: Arc<Wire>,
    budget: Budget,
    /// How long the server may take to read a message, where that can be told.
    write_time: Option<Duration>,
    /// Requests of ours without an answer yet. A cancelled one may never get one.
    unanswered: u64,
    /// Requests of the server without an answer yet.
    asked: usize,
}

impl<T> Guarded<T> {
    pub(crate) fn new(inner: T, wire: Arc<Wire>, budget: Budget, write_time: Option<Duration>) -> Self {
        Self { inner, wire, budget, write_time, unanswered: 0, asked: 0 }
    }

    fn note_sent(&mut self, message: &TxJsonRpcMessage<RoleClient>) {
        match message {
            JsonRpcMessage::Request(request) => {
                self.unanswered += 1;
                let sink = request.request.extensions().get::<ProgressOf>();
                let token = request.request.get_meta().get_progress_token();
                if let (Some(ProgressOf(sink)), Some(token)) = (sink, token) {
                    self.wire.progress().insert(token, sink.clone());
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => self.asked = self.asked.saturating_sub(1),
            JsonRpcMessage::Notification(_) => {}
        }
    }

    /// The message, if the SDK should see it; an error ends the connection.
    fn admit(&mut self, message: RxJsonRpcMessage<RoleClient>) -> Result<Option<RxJsonRpcMessage<RoleClient>>, &'static str> {
        let is_answer = matches!(message, JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_));
        if is_answer && self.unanswered > 0 {
            self.unanswered -= 1;
        } else if !self.budget.spend() {
            return Err("it sent messages faster than anybody asked for them");
        }
        if let JsonRpcMessage::Request(_) = message {
            self.asked += 1;
            if self.asked > MAX_ASKED {
                return Err("it asked more than it read answers");
            }
        }
        let JsonRpcMessage::Notification(notification) = &message else { return Ok(Some(message)) };
        match &notification.notification {
            ServerNotification::ProgressNotification(progress) => self.wire.report(&progress.params),
            ServerNotification::ToolListChangedNotification(_) => {
                self.wire.tools_changed.notify_one();
                // The SDK forgets the list that it may have kept.
                return Ok(Some(message));
            }
            ServerNotification::CancelledNotification(_) => return Ok(Some(message)),
            _ => {}
        }
        Ok(None)
    }
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Guarded<T> {
    type Error = WireError<T::Error>;

    fn send(&mut self, item: TxJsonRpcMessage<RoleClient>) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.note_sent(&item);
        let (sending, wire, time) = (self.inner.send(item), Arc::clone(&self.wire), self.write_time);
        async move {
            let Some(time) = time else { return sending.await.map_err(WireError::Transport) };
            match tokio::time::timeout(time, sending).await {
                Ok(sent) => sent.map_err(WireError::Transport),
                Err(_) => {
                    wire.end(&format!("it did not read a message within {} s", time.as_secs_f32()));
                    Err(WireError::Stuck)
                }
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let Some(message) = self.inner.receive().await else {
                self.wire.ended.cancel();
                return None;
            };
            match self.admit(message) {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err(why) => {
                    self.wire.end(why);
                    return None;
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await.map_err(WireError::Transport)
    }
}
