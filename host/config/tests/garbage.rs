//! Whatever the file holds, there is an answer: no panic, and every place lies in the text.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail it")]

use std::path::Path;

use proptest::prelude::*;
use wingman_config::{AgentEntry, AgentId, Code, ConfigError, Document, Environment, Look, ModelName, Overrides, Place, parse};

fn survives(bytes: &[u8]) {
    let environment =
        Environment { home: "/h".into(), cwd: "/c".into(), model_providers: vec!["demo".into()], ..Default::default() };
    let report = match parse(Path::new("f"), bytes, &environment, &Overrides::default()) {
        Ok(loaded) => loaded.warnings,
        Err(ConfigError::Invalid(report)) => report,
        Err(other) => panic!("parse does no I/O: {other}"),
    };
    let text = String::from_utf8_lossy(bytes);
    for problem in report.problems() {
        // What passes the schema, serde takes: it has no complaints of its own, which would be without a place.
        assert!(problem.code != Code::BadValue || problem.place != Place::File, "{problem:?} in {text:?}");
        if let Place::Span(span) = &problem.place {
            assert!(text.get(span.clone()).is_some(), "{problem:?} is outside of {text:?}");
            assert!(report.line_column(problem).is_some());
        }
    }
    assert_eq!(report.render(Look::Plain).is_empty(), report.is_empty());
    let _ = (report.render(Look::Fancy), report.to_string());
}

/// JSON made of the words that the configuration knows, so that it gets past the first check.
fn json() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "gateway",
        "agents",
        "list",
        "bindings",
        "auth",
        "mode",
        "token",
        "id",
        "model",
        "match",
        "peer",
        "port",
        "host",
        "webhooks",
        "providers",
        "limits",
        "runSeconds",
        "none",
        "main",
        "demo:echo",
        "0.0.0.0",
        "ä\\n",
        "",
    ])
    .prop_map(|word| format!("\"{word}\""));
    let leaf = prop_oneof![
        word.clone(),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_filter("JSON", |number| number.is_finite()).prop_map(|number| number.to_string()),
        prop::sample::select(vec!["true", "false", "null", "1e999", "{}", "[]", "-0"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        let entry = (word.clone(), inner.clone()).prop_map(|(key, value)| format!("{key}: {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|values| format!("[{}]", values.join(", "))),
            prop::collection::vec(entry, 0..6).prop_map(|entries| format!("{{ {} // c\n}}", entries.join(",\n"))),
        ]
    })
}

const VALID: &str = include_str!("../../../examples/config/everything.jsonc");

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    #[test]
    fn any_text_of_json_characters(text in "[{}\\[\\]\",:\\\\/*a-z0-9 \näß'-]{0,120}") {
        survives(text.as_bytes());
    }

    #[test]
    fn any_json(text in json()) {
        survives(text.as_bytes());
    }

    #[test]
    fn a_good_file_with_one_wound(at in 0..VALID.len(), length in 0..40usize, put in "[\\PC\n]{0,6}") {
        let mut bytes = VALID.as_bytes().to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, put.bytes());
        survives(&bytes);
    }

    #[test]
    fn an_edit_of_any_json_fails_or_stays_json(text in json()) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f.json");
        std::fs::write(&file, &text).unwrap();
        let mut document = Document::open(&file).unwrap();
        let agent = AgentEntry { model: Some(ModelName::demo()), ..AgentEntry::new(AgentId::parse("new").unwrap()) };
        if document.put_agent(&agent).is_ok() {
            let again = document.text().to_owned();
            document.put_agent(&agent).unwrap();
            prop_assert_eq!(document.text(), again, "the same edit twice is one edit");
            prop_assert!(document.remove_agent("new").unwrap());
        } else {
            prop_assert_eq!(document.text(), text, "a failed edit changes nothing");
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    survives("[".repeat(200_000).as_bytes());
    survives("{\"a\":".repeat(100_000).as_bytes());
}
