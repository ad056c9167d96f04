//! The gateway's `Model` port over rig: one provider, one model name. Rig encodes requests and decodes answers; what it
//! takes for an end, for an error and for too much is decided in `ending`, `failure` and `http`.

use crate::attachment::Takes;
use crate::ending::{Ending, MAX_CALLS, Transported};
use crate::failure::Failures;
use crate::http::GuardedHttp;
use crate::price::Price;
use crate::provider::Api;
use crate::replay;
use crate::request::completion;
use async_trait::async_trait;
use futures::{StreamExt, stream};
use rig_core::completion::CompletionResponse;
use rig_core::driver::{DynModel, Model as RigModel};
use rig_core::error::ProviderError;
use rig_core::message::{AssistantContent, StopReason as RigStop, ToolCall as RigCall};
use rig_core::operation::Completion;
use rig_core::providers::anthropic::wire::AnthropicConfig;
use rig_core::providers::gemini::GeminiConfig;
use rig_core::providers::ollama::OllamaConfig;
use rig_core::providers::openai::OpenAIConfig;
use rig_core::providers::openai::wire::{Auth, Dialect, OPENAI, OPENROUTER};
use rig_core::providers::xai;
use rig_core::streaming::{CompletionStream, Item, StreamEvent};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::VecDeque;
use wingman_message::{Model, ModelError, ModelEvent, ModelInfo, ModelRequest, ModelStream, StopReason, ToolCall, Usage};

/// Someone else's chat completions. Its base URL is always configured.
const COMPATIBLE: Dialect = Dialect::gateway("openai-compatible", "", "");

/// The output limit of a Messages model that rig's catalogue does not know; the API wants one.
const FALLBACK_MAX_TOKENS: u64 = 8192;

/// The most parts (texts, reasonings, calls) of one answer, and the most events that nobody understands.
const MAX_PARTS: usize = 1024;

/// Where a model is reached, and as what.
pub(crate) struct Endpoint {
    pub(crate) api: Api,
    pub(crate) base_url: String,
    pub(crate) key: Option<SecretString>,
    pub(crate) model: String,
    pub(crate) price: Option<Price>,
}

/// A model of a provider.
pub(crate) struct ProviderModel {
    info: ModelInfo,
    model: DynModel<Completion>,
    takes: Takes,
    reader: Reader,
}

/// What an answer is read with.
#[derive(Clone)]
struct Reader {
    api: Api,
    /// The model as configured.
    name: String,
    price: Option<Price>,
    failures: Failures,
}

impl ProviderModel {
    /// `name` is the model as configured, `provider:model-name`.
    pub(crate) fn new(name: String, endpoint: Endpoint, http: &GuardedHttp) -> Self {
        let Endpoint { api, base_url, key, model, price } = endpoint;
        let takes = Takes::of(api, &model);
        let secret = key.as_ref().map(|key| key.expose_secret().to_owned()).unwrap_or_default();
        let transport = |ending| Transported { http: http.clone(), ending };
        let model = match api {
            Api::Anthropic => {
                let config = AnthropicConfig::new(secret).with_base_url(base_url);
                let mut wire = config.connect(http.clone()).completion(model).wire;
                wire.default_max_tokens.get_or_insert(FALLBACK_MAX_TOKENS);
                RigModel::new(wire, transport(Ending::MessageStop)).erase()
            }
            Api::Gemini => {
                let wire = GeminiConfig::new(secret).with_base_url(base_url).connect(http.clone()).completion(model).wire;
                RigModel::new(wire, transport(Ending::Decoded)).erase()
            }
            Api::Ollama => {
                // People write the address of its OpenAI-compatible API, too.
                let base_url = root(&base_url);
                let config = OllamaConfig::new().with_base_url(base_url).with_api_key(secret);
                let wire = config.connect(http.clone()).native_completion(model).wire;
                RigModel::new(wire, transport(Ending::Decoded)).erase()
            }
            Api::OpenAi => RigModel::new(chat(&OPENAI, secret, base_url, model), transport(Ending::Sentinel)).erase(),
            Api::OpenRouter => RigModel::new(chat(&OPENROUTER, secret, base_url, model), transport(Ending::Sentinel)).erase(),
            Api::Xai => {
                let wire = chat(&xai::DIALECT, secret, root(&base_url).to_owned(), model);
                RigModel::new(wire, transport(Ending::Sentinel)).erase()
            }
            // Some compatible servers never send `[DONE]`; a finish reason is the end mark that all have.
            Api::Compatible | Api::Demo => {
                RigModel::new(chat(&COMPATIBLE, secret, base_url, model), transport(Ending::Decoded)).erase()
            }
        };
        let reader = Reader { api, name: name.clone(), price, failures: Failures { key } };
        Self { info: ModelInfo { name, demo: false }, model, takes, reader }
    }
}

/// The address without the `/v1` that rig puts behind it itself.
fn root(base_url: &str) -> &str {
    base_url.strip_suffix("/v1").unwrap_or(base_url)
}

fn chat(dialect: &Dialect, secret: String, base_url: String, model: String) -> rig_core::providers::openai::wire::Chat {
    OpenAIConfig::with_key(dialect, secret).with_base_url(base_url).with_auth(Auth::OptionalBearer).chat(model)
}

#[async_trait]
impl Model for ProviderModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let run = request.run;
        let read = |error: &ProviderError| {
            let failure = self.reader.failures.read(error);
            tracing::info!(%run, model = self.info.name, %failure, "the model request failed");
            failure
        };
        let mut reply = self.model.stream(completion(request, &self.info.name, self.takes)?).map_err(|error| read(&error))?;
        // Rig sends when it is first polled: what fails before the first word fails here.
        let first = match reply.next().await {
            Some(Err(error)) => return Err(read(&error)),
            Some(Ok(item)) => Some(item),
            None => None,
        };
        let mut reading = Reading::new(reply, self.reader.clone());
        if let Some(item) = first {
            reading.absorb(item)?;
        }
        Ok(stream::unfold(reading, Reading::next).boxed())
    }
}

impl Reader {
    fn usage(&self, reported: &rig_core::completion::Usage) -> Usage {
        let mut usage = Usage {
            input_tokens: reported.input_tokens.unwrap_or(0),
            output_tokens: reported.output_tokens.unwrap_or(0),
            cached_input_tokens: reported.cached_input_tokens.unwrap_or(0),
            reasoning_tokens: reported.reasoning_tokens.unwrap_or(0),
            cost_micro_usd: None,
        };
        // Without counts, nothing is known.
        usage.cost_micro_usd = self.price.filter(|_| reported.input_tokens.is_some()).map(|price| price.of(&usage));
        usage
    }
}

/// An answer as it is read.
struct Reading {
    /// None once it is over.
    reply: Option<CompletionStream>,
    reader: Reader,
    ready: VecDeque<ModelEvent>,
    /// Handed out at the end: until then, the answer may turn out to be broken or truncated.
    calls: Vec<ToolCall>,
    parts: usize,
    unknown: usize,
}

impl Reading {
    fn new(reply: CompletionStream, reader: Reader) -> Self {
        Self { reply: Some(reply), reader, ready: VecDeque::new(), calls: Vec::new(), parts: 0, unknown: 0 }
    }

    async fn next(mut self) -> Option<(Result<ModelEvent, ModelError>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            let read = match self.reply.as_mut()?.next().await {
                Some(Ok(item)) => self.absorb(item),
                Some(Err(error)) => Err(self.reader.failures.read(&error)),
                None => match self.reply.take()?.finish().await {
                    Ok(response) => self.conclude(&response),
                    Err(error) => Err(self.reader.failures.read(&error)),
                },
            };
            if let Err(failure) = read {
                // What is read already was said before it broke; nothing more is read.
                self.reply = None;
                return Some((Err(failure), self));
            }
        }
    }

    fn absorb(&mut self, item: Item<StreamEvent>) -> Result<(), ModelError> {
        let (count, most) = match item {
            Item::Event(StreamEvent::Text { text, .. }) => {
                if !text.is_empty() {
                    self.ready.push_back(ModelEvent::Text(text));
                }
                return Ok(());
            }
            Item::Event(StreamEvent::Reasoning { text, .. }) => {
                if !text.is_empty() {
                    self.ready.push_back(ModelEvent::Reasoning(text));
                }
                return Ok(());
            }
            Item::Event(StreamEvent::End { content: AssistantContent::ToolCall(call), .. }) => {
                self.calls.push(tool_call(call));
                (self.calls.len(), MAX_CALLS)
            }
            Item::Event(StreamEvent::Start { .. }) => {
                self.parts += 1;
                (self.parts, MAX_PARTS)
            }
            Item::Unknown(_) => {
                self.unknown += 1;
                (self.unknown, MAX_PARTS)
            }
            Item::Event(_) => return Ok(()),
        };
        if count > most {
            return Err(ModelError::Malformed(format!("it has more than {most} parts of one kind")));
        }
        Ok(())
    }

    fn conclude(&mut self, response: &CompletionResponse) -> Result<(), ModelError> {
        let stop = match response.stop() {
            RigStop::Length => StopReason::Truncated,
            RigStop::Stop | RigStop::ToolUse if self.calls.is_empty() => StopReason::EndTurn,
            RigStop::Stop | RigStop::ToolUse => StopReason::ToolUse,
            RigStop::Error(reason) | RigStop::Aborted(reason) => {
                let reason = reason.strip_prefix("Provider finish_reason: ").unwrap_or(&reason);
                return Err(ModelError::Rejected(format!("it stopped the answer: {reason}")));
            }
            other => return Err(ModelError::Rejected(format!("it stopped the answer: {other:?}"))),
        };
        if stop == StopReason::ToolUse {
            self.ready.extend(self.calls.drain(..).map(ModelEvent::Call));
        }
        let Reader { api, name, .. } = &self.reader;
        let replay = replay::keep(*api, name, response);
        let (usage, model) = (self.reader.usage(&response.usage), name.clone());
        self.ready.push_back(ModelEvent::Finished { stop, usage, model, replay });
        Ok(())
    }
}

/// Arguments that are no object stay the text that they were, for the agent to refuse.
fn tool_call(call: RigCall) -> ToolCall {
    let input = match call.function.invalid_arguments {
        Some(text) => Value::String(text),
        None => Value::Object(call.function.arguments),
    };
    ToolCall { id: call.id.wire().into_owned(), name: String::from(call.function.name), input }
}
