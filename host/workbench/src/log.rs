//! What a plugin logs, caught on its way to the gateway's log.

use serde::Serialize;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// The target under which the host writes plugins' lines.
const TARGET: &str = "plugin";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The text.
    pub message: String,
    /// The fields, as the gateway's log shows them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fields: String,
}

/// Drives `work` and keeps what plugins log meanwhile. The host bounds the lines of a call.
pub(crate) async fn caught<R>(work: impl Future<Output = R>) -> (R, Vec<LogLine>) {
    let catcher = Catcher::default();
    let lines = Arc::clone(&catcher.0);
    let result = work.with_subscriber(tracing_subscriber::registry().with(catcher)).await;
    let lines = std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    (result, lines)
}

// A std mutex: held to push one line.
#[derive(Default)]
struct Catcher(Arc<Mutex<Vec<LogLine>>>);

impl<S: tracing::Subscriber> Layer<S> for Catcher {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let level = event.metadata().level().as_str().to_lowercase();
        let mut line = LogLine { level, message: String::new(), fields: String::new() };
        event.record(&mut Reader(&mut line));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

struct Reader<'a>(&'a mut LogLine);

impl Visit for Reader<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "fields" {
            value.clone_into(&mut self.0.fields);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.message = format!("{value:?}");
        }
    }
}
