//! Retries and fallbacks: what is asked again, when, and what people see of it; and that nothing is said twice.

use crate::model_server::{ModelServer, Reply};
use crate::support::{asking, context, finished, hear, model_at, patient, usage, user};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use proptest::prelude::*;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wingman_agent::{Resilient, RetryPolicy, ToolFilter};
use wingman_message::{
    AgentRuntime, Model, ModelError, ModelEvent, ModelInfo, ModelRequest, ModelStream, Progress, RunError, StopReason,
};

/// Quick, so that nobody waits, but patient enough for a busy machine.
fn quick() -> RetryPolicy {
    RetryPolicy {
        tries: 3,
        first_pause: Duration::from_millis(2),
        longest_pause: Duration::from_millis(10),
        total: Duration::from_secs(30),
    }
}

fn busy(headers: &str) -> Reply {
    Reply::status("429 Too Many Requests", headers, "{}")
}

fn down() -> Reply {
    Reply::status("503 Service Unavailable", "", "{}")
}

fn at(server: &ModelServer, name: &str) -> Arc<dyn Model> {
    model_at(format!("{}/v1", server.url()), name, patient())
}

fn resilient(first: Arc<dyn Model>, fallbacks: Vec<Arc<dyn Model>>) -> Arc<dyn Model> {
    Arc::new(Resilient::new(first, fallbacks, quick()))
}

#[tokio::test]
async fn a_busy_provider_is_asked_again_and_its_answer_comes_once() {
    let server = ModelServer::start(vec![busy(""), down(), Reply::openai_text(&["Hel", "lo"])]).await.unwrap();
    let heard = hear(&resilient(at(&server, "openai:m"), vec![]), asking(vec![user("Hello?")])).await;
    assert_eq!((heard.text.as_str(), heard.end.unwrap().0), ("Hello", StopReason::EndTurn));
    assert_eq!(server.asked().len(), 3);
    let reasons: Vec<&str> = heard.retries.iter().map(|(_, reason)| reason.as_str()).collect();
    assert!(reasons[0].contains("openai:m: the model provider is busy"), "{reasons:?}");
    assert!(reasons[1].contains("failed: HTTP status 503"), "{reasons:?}");
}

#[tokio::test]
async fn a_provider_that_names_a_time_is_not_asked_before_it() {
    let server = ModelServer::start(vec![busy("retry-after-ms: 80\r\n"), Reply::openai_text(&["Hi"])]).await.unwrap();
    let begun = std::time::Instant::now();
    let heard = hear(&resilient(at(&server, "openai:m"), vec![]), asking(vec![user("Hello?")])).await;
    assert_eq!(heard.text, "Hi");
    assert_eq!(heard.retries[0].0, 80);
    assert!(begun.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_provider_that_names_a_time_too_far_away_is_out_at_once() {
    let server = ModelServer::start(vec![busy("retry-after: 3600\r\n")]).await.unwrap();
    let heard = hear(&resilient(at(&server, "openai:m"), vec![]), asking(vec![user("Hello?")])).await;
    assert_eq!(heard.end, Err(ModelError::RateLimited { retry_after_ms: Some(3_600_000) }));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn tries_are_bounded() {
    let server = ModelServer::start(vec![down()]).await.unwrap();
    let heard = hear(&resilient(at(&server, "openai:m"), vec![]), asking(vec![user("Hello?")])).await;
    assert!(matches!(heard.end, Err(ModelError::Unavailable(_))), "{:?}", heard.end);
    assert_eq!((server.asked().len(), heard.retries.len()), (3, 2));
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_first_word_is_tried_again() {
    let server = ModelServer::start(vec![Reply::nothing(), Reply::events(), Reply::openai_text(&["Hi"])]).await.unwrap();
    let heard = hear(&resilient(at(&server, "openai:m"), vec![]), asking(vec![user("Hello?")])).await;
    assert_eq!((heard.text.as_str(), server.asked().len()), ("Hi", 3));
}

#[tokio::test]
async fn what_breaks_behind_the_first_word_is_neither_tried_again_nor_said_twice() {
    let word = json!({ "object": "chat.completion.chunk", "choices": [{ "index": 0, "delta": { "content": "Hel" } }] });
    let server = ModelServer::start(vec![Reply::events().data(word), Reply::openai_text(&["Hello"])]).await.unwrap();
    let other = ModelServer::start(vec![Reply::openai_text(&["Other"])]).await.unwrap();
    let model = resilient(at(&server, "openai:m"), vec![at(&other, "my-server:m")]);
    let heard = hear(&model, asking(vec![user("Hello?")])).await;
    assert_eq!(heard.text, "Hel");
    assert!(matches!(heard.end, Err(ModelError::Interrupted(_))), "{:?}", heard.end);
    assert_eq!((server.asked().len(), other.asked().len()), (1, 0));
}

#[tokio::test]
async fn a_fallback_answers_when_the_first_is_out_and_says_that_it_did() {
    let gone = [
        Reply::status("401 Unauthorized", "", "{}"),
        Reply::status("404 Not Found", "", "{}"),
        Reply::status("402 Payment Required", "", "{}"),
        busy("retry-after: 3600\r\n"),
    ];
    for reply in gone {
        let first = ModelServer::start(vec![reply]).await.unwrap();
        let second = ModelServer::start(vec![Reply::openai_text(&["Hi"])]).await.unwrap();
        let model = resilient(at(&first, "openai:m"), vec![at(&second, "my-server:other")]);
        let heard = hear(&model, asking(vec![user("Hello?")])).await;
        assert_eq!((heard.text.as_str(), heard.model.as_deref()), ("Hi", Some("my-server:other")));
        assert_eq!((first.asked().len(), second.asked().len()), (1, 1));
        assert!(heard.retries[0].1.ends_with("my-server:other is asked instead"), "{:?}", heard.retries);
        assert_eq!(model.info().name, "openai:m");
    }
}

#[tokio::test]
async fn a_request_that_is_refused_is_refused_by_no_second_model() {
    let first = ModelServer::start(vec![Reply::status("400 Bad Request", "", "{}")]).await.unwrap();
    let second = ModelServer::start(vec![Reply::openai_text(&["Hi"])]).await.unwrap();
    let model = resilient(at(&first, "openai:m"), vec![at(&second, "my-server:other")]);
    let failure = hear(&model, asking(vec![user("Hello?")])).await.failure();
    assert!(matches!(failure, ModelError::Rejected(_)), "{failure:?}");
    assert_eq!((first.asked().len(), second.asked().len()), (1, 0));
}

#[tokio::test]
async fn when_no_model_answers_the_run_says_why_each_did_not() {
    let first = ModelServer::start(vec![Reply::status("401 Unauthorized", "", "{}")]).await.unwrap();
    let second = ModelServer::start(vec![down()]).await.unwrap();
    let model = resilient(at(&first, "openai:m"), vec![at(&second, "my-server:other")]);
    let (context, reported) = context();
    let agent = crate::agent::agent(model, vec![], ToolFilter::All);
    let Err(RunError::Model(ModelError::NoneAnswered(words))) = agent.step(&context, &[], &[user("Hello?")]).await else {
        panic!("somebody answered")
    };
    assert!(words.contains("openai:m: the model provider refused the credentials"), "{words}");
    assert!(words.contains("my-server:other: the model provider failed: HTTP status 503"), "{words}");
    let seen = reported.lock().unwrap();
    assert_eq!(seen.iter().filter(|progress| matches!(progress, Progress::Retrying { .. })).count(), 3);
}

/// A model that fails as it is told to, and then answers.
struct Moody {
    info: ModelInfo,
    moods: Mutex<Vec<Mood>>,
    asked: AtomicUsize,
}

#[derive(Debug, Clone, PartialEq)]
enum Mood {
    Fails(ModelError),
    FailsInStream(ModelError),
    BreaksAfterAWord,
}

#[async_trait]
impl Model for Moody {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    async fn stream(&self, _: ModelRequest) -> Result<ModelStream, ModelError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let word = Ok(ModelEvent::Text(format!("{}.", self.info.name)));
        let mut moods = self.moods.lock().unwrap();
        let events = match (!moods.is_empty()).then(|| moods.remove(0)) {
            Some(Mood::Fails(failure)) => return Err(failure),
            Some(Mood::FailsInStream(failure)) => vec![Err(failure)],
            Some(Mood::BreaksAfterAWord) => vec![word, Err(ModelError::Interrupted("lost".into()))],
            None => vec![word, Ok(finished(StopReason::EndTurn, usage(1, 1)))],
        };
        Ok(stream::iter(events).boxed())
    }
}

fn moods() -> impl Strategy<Value = Vec<Mood>> {
    let failure = prop::sample::select(vec![
        ModelError::RateLimited { retry_after_ms: None },
        ModelError::RateLimited { retry_after_ms: Some(u64::MAX) },
        ModelError::Unavailable("down".into()),
        ModelError::Unauthorized("no".into()),
        ModelError::NotFound("gone".into()),
        ModelError::Rejected("no".into()),
        ModelError::Malformed("what".into()),
    ]);
    let mood = prop_oneof![
        3 => failure.clone().prop_map(Mood::Fails),
        2 => failure.prop_map(Mood::FailsInStream),
        1 => Just(Mood::BreaksAfterAWord),
    ];
    prop::collection::vec(mood, 0..6)
}

proptest! {
    #[test]
    fn whatever_fails_tries_are_bounded_and_a_word_is_said_at_most_once(all in prop::collection::vec(moods(), 1..4)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let models: Vec<Arc<Moody>> = all
            .iter()
            .enumerate()
            .map(|(number, moods)| {
                let info = ModelInfo { name: format!("moody:{number}"), demo: false };
                Arc::new(Moody { info, moods: Mutex::new(moods.clone()), asked: AtomicUsize::new(0) })
            })
            .collect();
        let shared = |model: &Arc<Moody>| Arc::clone(model) as Arc<dyn Model>;
        let policy = RetryPolicy { first_pause: Duration::ZERO, longest_pause: Duration::ZERO, ..quick() };
        let model: Arc<dyn Model> =
            Arc::new(Resilient::new(shared(&models[0]), models[1..].iter().map(shared).collect(), policy));
        let events = runtime.block_on(async {
            model.stream(asking(vec![user("Hello?")])).await.unwrap().collect::<Vec<_>>().await
        });

        let said = events.iter().filter(|event| matches!(event, Ok(ModelEvent::Text(_)))).count();
        prop_assert!(said <= 1, "{events:?}");
        let ends = events.iter().filter(|event| matches!(event, Err(_) | Ok(ModelEvent::Finished { .. }))).count();
        prop_assert_eq!(ends, 1, "{:?}", &events);
        let first_other = events.iter().position(|event| !matches!(event, Ok(ModelEvent::Retrying { .. }))).unwrap();
        let late = events[first_other..].iter().any(|event| matches!(event, Ok(ModelEvent::Retrying { .. })));
        prop_assert!(!late, "a retry behind the first word: {events:?}");
        for model in &models {
            prop_assert!(model.asked.load(Ordering::Relaxed) <= 3);
        }
        let asked: usize = models.iter().map(|model| model.asked.load(Ordering::Relaxed)).sum();
        prop_assert_eq!(asked, first_other + 1, "each try but the last is announced");
    }
}
