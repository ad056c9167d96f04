//! What every tool must bear from a model: input of any shape. That schemas are JSON Schemas was found when the plugin was loaded.

use super::Check;
use super::hostile::{UNICODE, misbehaviour};
use crate::bench::Bench;
use crate::fixture::{Call, ToolCall, World};
use crate::{Fixture, Result, setup};
use serde_json::{Value, json};
use wingman_message::{PluginFailure, ToolSpec};

/// Deeper than any honest input, and not so deep that JSON itself gives up.
const DEPTH: usize = 100;

pub(super) async fn checks(bench: &mut Bench, cases: &[Fixture]) -> Result<Vec<Check>> {
    let world = cases.first().map_or_else(World::empty, |case| case.world.clone());
    let tools: Vec<ToolSpec> = bench.tools().into_iter().map(|(spec, _)| spec).collect();
    if tools.is_empty() {
        return Ok(vec![Check::fail("tools", "the plugin offers none: return at least one from `tools`")]);
    }
    let mut checks = Vec::new();
    for tool in &tools {
        let called = |input| {
            let (session, call_id) = ("agent:main:main".to_owned(), "conformance".to_owned());
            let call = Call::Tool(ToolCall { tool: tool.name.clone(), input, session, call_id });
            Fixture { name: tool.name.clone(), file: "the conformance kit".to_owned(), call, world: world.clone(), http: None }
        };
        let mut crash = None;
        for (what, input) in hostile(&tool.input_schema) {
            let failure = bench.run(&called(input)).await?.failure;
            crash = crash
                .or(misbehaviour(failure).map(|failure| format!("with {what}: {failure}. Answer with `invalid-input` instead")));
        }
        let name = format!("tool {}: hostile input", tool.name);
        checks.push(crash.map_or_else(|| Check::pass(&name, "borne"), |says| Check::fail(&name, says)));
        if let Some(input) = unfitting(&tool.input_schema) {
            let shown = input.to_string();
            let failure = bench.run(&called(input)).await?.failure;
            checks.push(wrong_input(&tool.name, &shown, failure));
        }
        if tool.description.trim().is_empty() {
            checks.push(Check::warn(
                format!("tool {}: description", tool.name),
                "there is none: a model does not know when to use it",
            ));
        }
    }
    Ok(checks)
}

fn wrong_input(tool: &str, input: &str, failure: Option<PluginFailure>) -> Check {
    let name = format!("tool {tool}: wrong input");
    match failure {
        Some(PluginFailure::InvalidInput(_)) => Check::pass(name, "refused with `invalid-input`"),
        Some(failure) => {
            let says =
                format!("{input} gave \"{failure}\"; answer with `invalid-input` and what to send, and the model tries again");
            Check::warn(name, says)
        }
        None => {
            Check::warn(name, format!("{input} does not fit the tool's own schema and was accepted; mend the one or the other"))
        }
    }
}

/// Inputs by what is strange in them. All properties get the same value, whatever the schema says.
fn hostile(schema: &Value) -> Vec<(&'static str, Value)> {
    let nested = (0..DEPTH).fold(json!(1), |inner, _| json!([inner]));
    let values = [
        ("null", Value::Null),
        ("huge numbers", json!(1e308)),
        ("strange characters", UNICODE.into()),
        ("texts of 1 MiB", "x".repeat(1024 * 1024).into()),
        ("deeply nested lists", nested),
    ];
    let names: Vec<String> =
        schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let filled = values
        .into_iter()
        .map(|(what, value)| (what, Value::Object(names.iter().map(|name| (name.clone(), value.clone())).collect())));
    [("an empty object", json!({})), ("a list", json!([]))].into_iter().chain(filled).collect()
}

/// An input that the schema refuses.
fn unfitting(schema: &Value) -> Option<Value> {
    let good = setup::made_up(schema);
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let twisted = properties.map(|(name, _)| {
        let mut input = good.clone();
        input[name] = json!([[["conformance"]]]);
        input
    });
    [json!({})].into_iter().chain(twisted).find(|input| !jsonschema::is_valid(schema, input))
}
