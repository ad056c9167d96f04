//! Laws of a step, on conversations that no run would make.

use crate::agent::{Puppet, agent};
use crate::support::{assistant, call, context, finished, result, stranger, user};
use proptest::prelude::*;
use serde_json::json;
use std::collections::HashSet;
use wingman_agent::ToolFilter;
use wingman_message::{AgentRuntime, Entry, ModelEvent, RunError, StopReason, Usage};

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let id = prop::sample::select(vec!["a", "b", "c", ""]);
    let entry = prop_oneof![
        "[a-z ]{0,6}".prop_map(|text| user(&text)),
        "[a-z ]{0,6}".prop_map(|text| stranger(&text)),
        ("[a-z ]{0,3}", prop::collection::vec(id.clone(), 0..3)).prop_map(|(text, ids)| {
            let calls: Vec<_> = ids.into_iter().map(|id| call(id, "t", json!({}))).collect();
            assistant(&text, &calls)
        }),
        id.prop_map(|id| result(id, "t", "done")),
    ];
    prop::collection::vec(entry, 0..12)
}

/// Naive: walk forward, and remember what the last answer still waits for.
fn waits(run: &[Entry]) -> bool {
    let mut open: Vec<&str> = vec![];
    for entry in run {
        match entry {
            Entry::Assistant { calls, .. } => open = calls.iter().map(|call| call.id.as_str()).collect(),
            Entry::Tool { call_id, .. } => open.retain(|id| id != call_id),
            Entry::User(_) => {}
        }
    }
    !open.is_empty()
}

/// Providers refuse anything else.
fn is_acceptable(history: &[Entry]) -> bool {
    let mut open: Vec<&str> = vec![];
    for (index, entry) in history.iter().enumerate() {
        match entry {
            Entry::Tool { call_id, .. } => {
                if open.first() != Some(&call_id.as_str()) {
                    return false;
                }
                open.remove(0);
            }
            _ if !open.is_empty() => return false,
            Entry::Assistant { text, calls, .. } => {
                if index == 0 || (text.trim().is_empty() && calls.is_empty()) {
                    return false;
                }
                open = calls.iter().map(|call| call.id.as_str()).collect();
            }
            Entry::User(_) => {}
        }
    }
    open.is_empty()
}

proptest! {
    #[test]
    fn a_step_answers_open_calls_first_and_shows_models_only_what_they_take(history in entries(), run in entries()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let says = ["a", "a", ""].map(|id| ModelEvent::Call(call(id, "t", json!({}))));
        let end = finished(StopReason::ToolUse, Usage::default());
        let (model, asked) = Puppet::new(says.into_iter().chain([end]).collect());
        let (context, _) = context();
        let step = runtime.block_on(agent(model, vec![], ToolFilter::All).step(&context, &history, &run));

        let asked = asked.lock().unwrap();
        if waits(&run) {
            prop_assert!(asked.is_empty(), "the model was asked while a call was unanswered");
            let is_result = matches!(step.unwrap().entry, Entry::Tool { .. });
            prop_assert!(is_result);
            return Ok(());
        }
        match step {
            Err(RunError::TooManySteps(3)) => prop_assert!(asked.is_empty()),
            Err(error) => prop_assert!(false, "{error}"),
            Ok(step) => {
                prop_assert!(is_acceptable(&asked[0].history), "{:?}", asked[0].history);
                let Entry::Assistant { calls, .. } = step.entry else { panic!("no answer") };
                let mut ids: HashSet<&str> = calls.iter().map(|call| call.id.as_str()).collect();
                prop_assert_eq!(ids.len(), 3);
                let earlier = history.iter().chain(&run).filter_map(|entry| match entry {
                    Entry::Assistant { calls, .. } => Some(calls),
                    _ => None,
                });
                for call in earlier.flatten() {
                    prop_assert!(ids.insert(&call.id) || call.id.is_empty() || !calls.iter().any(|new| new.id == call.id));
                }
            }
        }
    }
}
