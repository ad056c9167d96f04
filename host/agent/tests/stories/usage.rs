//! Tokens and what they cost.

use crate::model_server::{ModelServer, Reply};
use crate::support::{asking, hear, patient, settings_at, user};
use serde_json::{Value, json};
use wingman_agent::{ModelFactory, Price};
use wingman_message::Usage;

fn answer(usage: Value) -> Reply {
    let chunk = |choices: Value, usage: Value| json!({ "object": "chat.completion.chunk", "choices": choices, "usage": usage });
    Reply::events()
        .data(chunk(json!([{ "index": 0, "delta": { "content": "Hi" } }]), Value::Null))
        .data(chunk(json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]), Value::Null))
        .data(chunk(json!([]), usage))
        .data("[DONE]")
        .end()
}

async fn used(model: &str, usage: Value) -> Usage {
    let server = ModelServer::start(vec![answer(usage)]).await.unwrap();
    let mut settings = settings_at(format!("{}/v1", server.url()));
    let price = Price { input: 1_000_000, cached_input: Some(100_000), output: 8_000_000 };
    settings.prices.insert("priced".into(), price);
    let model = ModelFactory::new(patient()).unwrap().connect(model, &settings).unwrap();
    hear(&model, asking(vec![user("Hello?")])).await.end.unwrap().1
}

fn counts() -> Value {
    json!({
        "prompt_tokens": 1_000, "completion_tokens": 50, "total_tokens": 1_050,
        "prompt_tokens_details": { "cached_tokens": 800 }, "completion_tokens_details": { "reasoning_tokens": 40 }
    })
}

#[tokio::test]
async fn cached_and_reasoning_tokens_are_told_apart_and_priced() {
    let usage = used("openai:priced", counts()).await;
    let expected = Usage {
        input_tokens: 1_000,
        output_tokens: 50,
        cached_input_tokens: 800,
        reasoning_tokens: 40,
        cost_micro_usd: Some(200 + 80 + 400),
    };
    assert_eq!(usage, expected);
}

#[tokio::test]
async fn a_cost_is_unknown_without_a_price_or_without_counts() {
    assert_eq!(used("openai:other", counts()).await.cost_micro_usd, None);
    assert_eq!(used("openai:priced", Value::Null).await.cost_micro_usd, None);
}

#[test]
fn a_sum_is_priced_where_all_of_it_is() {
    let priced = |cost| Usage { input_tokens: 1, cost_micro_usd: cost, ..Usage::default() };
    let sum = |parts: &[Usage]| {
        let mut sum = Usage::default();
        for part in parts {
            sum += *part;
        }
        sum.cost_micro_usd
    };
    assert_eq!(sum(&[priced(Some(2)), Usage::default(), priced(Some(3))]), Some(5));
    assert_eq!(sum(&[priced(Some(2)), priced(None), priced(Some(3))]), None);
    assert_eq!(sum(&[]), None);
}
