//! JSON Schema (draft 2020-12) of the whole wire: one definition for each type.

use super::catalogue::{self, Visit};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

struct Definitions(SchemaGenerator);

impl Visit for Definitions {
    fn visit<T: schemars::JsonSchema + ts_rs::TS + 'static>(&mut self) {
        self.0.subschema_for::<T>();
    }
}

/// The definitions of all types, by name.
pub(super) fn definitions() -> Map<String, Value> {
    let mut all = Definitions(SchemaSettings::draft2020_12().into_generator());
    catalogue::frames(&mut all);
    catalogue::bodies(&mut all);
    let mut definitions = all.0.take_definitions(true);
    // Whether keys come sorted by themselves hangs on a feature that any crate of a build may switch on.
    definitions.sort_keys();
    definitions.values_mut().for_each(Value::sort_all_objects);
    definitions
}

/// The whole file.
pub(super) fn file() -> String {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Wingman Gateway protocol",
        "description": "Every frame of the WebSocket and every body of the HTTP API. Generated from host/protocol; do not edit.",
        "anyOf": [{ "$ref": "#/$defs/ClientFrame" }, { "$ref": "#/$defs/ServerFrame" }],
        "$defs": definitions(),
    });
    schema.sort_all_objects();
    // Links in comments are for rustdoc.
    format!("{schema:#}\n").replace("[`", "`").replace("`]", "`")
}
