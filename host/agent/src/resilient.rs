//! A model that is asked again when its provider is busy or away, and others that are asked when that does not help. All of
//! it happens before the first word: what was said is never said twice, and what breaks later ends the answer.

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::{StreamExt, stream};
use std::sync::Arc;
use std::time::Duration;
use std::vec::IntoIter;
use tokio::time::Instant;
use wingman_message::{Model, ModelError, ModelEvent, ModelInfo, ModelRequest, ModelStream};

/// How often, and for how long, one model is asked before it counts as out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a model is asked at most, the first time included; zero counts as one.
    pub tries: u32,
    /// The pause behind the first failure. It doubles each time, and up to as much again is added by chance, so that many
    /// runs that failed together do not ask together.
    pub first_pause: Duration,
    /// The longest pause of our own choice. A provider's `Retry-After` may be longer.
    pub longest_pause: Duration,
    /// No try of a model begins later than this after its first one. A provider that asks for a longer pause is out at once.
    pub total: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 4,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(10),
            total: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    fn pauses(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_max_times(usize::try_from(self.tries.saturating_sub(1)).unwrap_or(usize::MAX))
            .with_jitter()
            .build()
    }
}

/// A model and its fallbacks, as one model.
pub struct Resilient {
    first: Arc<dyn Model>,
    fallbacks: Vec<Arc<dyn Model>>,
    policy: RetryPolicy,
}

impl Resilient {
    /// `first` is asked first, and each of `fallbacks`, in order, when all before it are out. Its [`ModelInfo`] is `first`'s.
    #[must_use]
    pub fn new(first: Arc<dyn Model>, fallbacks: Vec<Arc<dyn Model>>, policy: RetryPolicy) -> Self {
        Self { first, fallbacks, policy }
    }
}

#[async_trait]
impl Model for Resilient {
    fn info(&self) -> &ModelInfo {
        self.first.info()
    }

    /// Never fails itself: all failures come through the stream, behind the retries that were made.
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let asking = Asking {
            model: Arc::clone(&self.first),
            fallbacks: self.fallbacks.clone().into_iter(),
            policy: self.policy,
            request,
            begun: Instant::now(),
            pauses: self.policy.pauses(),
            pause: Duration::ZERO,
            out: Vec::new(),
        };
        Ok(stream::unfold(State::Asking(Box::new(asking)), next).boxed())
    }
}

enum State {
    Asking(Box<Asking>),
    Answering(ModelStream),
    Over,
}

async fn next(state: State) -> Option<(Result<ModelEvent, ModelError>, State)> {
    match state {
        State::Over => None,
        State::Answering(mut answer) => answer.next().await.map(|event| (event, State::Answering(answer))),
        State::Asking(mut asking) => {
            tokio::time::sleep(std::mem::take(&mut asking.pause)).await;
            Some(match asking.ask().await {
                Ok((event, answer)) => (Ok(event), State::Answering(answer)),
                Err(failure) => match asking.go_on_after(failure) {
                    Ok(event) => (Ok(event), State::Asking(asking)),
                    Err(failure) => (Err(failure), State::Over),
                },
            })
        }
    }
}

/// A request that nobody has begun to answer.
struct Asking {
    /// The model that is asked.
    model: Arc<dyn Model>,
    /// Those that are asked when it is out.
    fallbacks: IntoIter<Arc<dyn Model>>,
    policy: RetryPolicy,
    request: ModelRequest,
    /// When the model was asked first.
    begun: Instant,
    pauses: ExponentialBackoff,
    /// How long to wait before it is asked (again).
    pause: Duration,
    /// Why each model before it is out.
    out: Vec<String>,
}

impl Asking {
    /// The first event, and the rest of the answer.
    async fn ask(&self) -> Result<(ModelEvent, ModelStream), ModelError> {
        let mut answer = self.model.stream(self.request.clone()).await?;
        match answer.next().await {
            Some(Ok(event)) => Ok((event, answer)),
            Some(Err(failure)) => Err(failure),
            None => Err(ModelError::Interrupted("the model's stream ended without an end".into())),
        }
    }

    /// What watchers are told before the next try; or why there is none.
    fn go_on_after(&mut self, failure: ModelError) -> Result<ModelEvent, ModelError> {
        let (run, name) = (self.request.run, self.model.info().name.clone());
        if let Some(pause) = self.pause_after(&failure) {
            let after_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            tracing::info!(%run, model = name, %failure, after_ms, "the model is asked again");
            self.pause = pause;
            return Ok(ModelEvent::Retrying { after_ms, reason: format!("{name}: {failure}") });
        }
        if !is_out(&failure) {
            return Err(failure);
        }
        let Some(next) = self.fallbacks.next() else {
            return Err(self.none_answered(failure, &name));
        };
        let fallback = next.info().name.clone();
        tracing::warn!(%run, model = name, %failure, fallback, "a model is out; the next is asked");
        let reason = format!("{name}: {failure}; {fallback} is asked instead");
        self.out.push(format!("{name}: {failure}"));
        self.model = next;
        self.begun = Instant::now();
        self.pauses = self.policy.pauses();
        Ok(ModelEvent::Retrying { after_ms: 0, reason })
    }

    /// How long to wait before the same model is asked again; none where that is of no use.
    fn pause_after(&mut self, failure: &ModelError) -> Option<Duration> {
        let asked_for = match failure {
            // The demo fails because it was told to.
            _ if self.model.info().demo => return None,
            ModelError::RateLimited { retry_after_ms } => Duration::from_millis(retry_after_ms.unwrap_or(0)),
            ModelError::Unavailable(_) | ModelError::Interrupted(_) => Duration::ZERO,
            _ => return None,
        };
        let pause = self.pauses.next()?.max(asked_for);
        let left = self.policy.total.checked_sub(self.begun.elapsed())?;
        (pause <= left).then_some(pause)
    }

    fn none_answered(&mut self, failure: ModelError, name: &str) -> ModelError {
        if self.out.is_empty() {
            return failure;
        }
        self.out.push(format!("{name}: {failure}"));
        ModelError::NoneAnswered(self.out.join("; "))
    }
}

/// Another model may do better. It would not where the request itself is refused, or the answer makes no sense.
fn is_out(failure: &ModelError) -> bool {
    use ModelError::{
        Interrupted, Malformed, NoCredit, NoneAnswered, NotFound, RateLimited, Rejected, Unauthorized, Unavailable,
    };
    match failure {
        Unauthorized(_) | NoCredit(_) | NotFound(_) | RateLimited { .. } | Unavailable(_) | Interrupted(_) => true,
        Rejected(_) | Malformed(_) | NoneAnswered(_) => false,
    }
}
