//! A plugin is plain Rust on the author's machine.

use serde::Deserialize;
use wingman_sdk::{Delivery, Inbound, PluginError, Preset, Result, Sender};

#[derive(Deserialize)]
struct Note {
    id: String,
    text: String,
}

struct Notes;

impl Preset for Notes {
    fn normalize(delivery: Delivery) -> Result<Vec<Inbound>> {
        let note: Note = delivery.json()?;
        Ok(vec![Inbound::new(note.id, note.text).from_sender(Sender::bot("notes")).with_fact("webhook", delivery.webhook)])
    }
}

wingman_sdk::export_preset!(Notes);

#[test]
fn a_delivery_becomes_a_message() {
    let messages = Notes::normalize(Delivery::for_test(r#"{"id": "1", "text": "hello"}"#)).unwrap();
    assert_eq!((messages[0].id.as_str(), messages[0].text.as_str()), ("1", "hello"));
    assert_eq!(messages[0].facts, [("webhook".to_owned(), "test".to_owned())]);
}

#[test]
fn a_body_of_another_shape_is_named() {
    let error = Notes::normalize(Delivery::for_test(r#"{"id": "1"}"#)).unwrap_err();
    let PluginError::InvalidInput(reason) = error else { panic!("{error}") };
    assert!(reason.contains("expected shape") && reason.contains("missing field `text`"), "{reason}");
}

#[test]
fn a_body_that_is_no_json_is_named() {
    let error = Notes::normalize(Delivery::for_test("hello")).unwrap_err();
    assert!(matches!(&error, PluginError::InvalidInput(reason) if reason.contains("is not JSON")), "{error}");
}
