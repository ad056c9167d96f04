//! The reference page: what the types and their comments say, in the order in which a client meets them.

use super::catalogue::{self, Visit};
use super::examples::EXAMPLES;
use super::schema;
use crate::ErrorCode;
use serde_json::{Map, Value};
use std::fmt::Write as _;

const INTRODUCTION: &str = include_str!("introduction.md");

struct Names(Vec<String>);

impl Visit for Names {
    fn visit<T: schemars::JsonSchema + ts_rs::TS + 'static>(&mut self) {
        self.0.push(T::schema_name().into_owned());
    }
}

/// The whole page.
pub(super) fn file() -> String {
    let mut page = Page { definitions: schema::definitions(), text: INTRODUCTION.to_owned() };
    page.heading("## What clients send");
    page.variants("ClientFrame", "type", |example, tag| example["type"] == tag);
    page.heading("## What the gateway sends");
    page.variants("ServerFrame", "type", |example, tag| example["type"] == tag && tag != "ack" && tag != "event:agent");
    page.heading("## Confirmations");
    page.paragraph("The `payload` of an `ack`.");
    page.variants("Ack", "action", |example, tag| example["payload"]["action"] == tag);
    page.heading("## Events");
    page.paragraph("The `payload` of an `event:agent`. Every event has `sessionId`, `agentId` and `timestamp` as well.");
    page.variants("AgentEvent", "type", |example, tag| example["type"] == "event:agent" && example["payload"]["type"] == tag);
    page.heading("## Error codes");
    page.error_codes();
    let shown = ["Envelope", "ClientFrame", "ServerFrame", "Ack", "AgentEvent", "ErrorCode"];
    for (heading, visit) in [("## Shapes", catalogue::frames as fn(&mut Names)), ("## HTTP bodies", catalogue::bodies)] {
        page.heading(heading);
        let mut names = Names(Vec::new());
        visit(&mut names);
        for name in names.0.iter().filter(|name| !shown.contains(&name.as_str())) {
            page.shape(name);
        }
    }
    page.text
}

struct Page {
    definitions: Map<String, Value>,
    text: String,
}

impl Page {
    fn heading(&mut self, heading: &str) {
        self.paragraph(heading);
    }

    fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            let _ = writeln!(self.text, "\n{}", plain(text));
        }
    }

    /// One section for each variant of the tagged union `name`, with those examples that `fits` picks.
    fn variants(&mut self, name: &str, tag_key: &str, fits: impl Fn(&Value, &str) -> bool) {
        let variants = self.definitions.get(name).map(|union| list(union, "oneOf").to_vec()).unwrap_or_default();
        for variant in variants {
            let Some(tag) = variant["properties"][tag_key]["const"].as_str() else { continue };
            self.heading(&format!("### `{tag}`"));
            self.paragraph(text(&variant, "description"));
            self.table(&variant, tag_key);
            if let Some(shape) = target(&variant) {
                let shape = self.definitions.get(shape).cloned().unwrap_or_default();
                self.table(&shape, tag_key);
                self.tagged(&shape);
            }
            for (_, json) in EXAMPLES {
                if fits(&serde_json::from_str(json).unwrap_or_default(), tag) {
                    self.example(json);
                }
            }
        }
    }

    /// A type of its own: an object, an enumeration, or a tagged union.
    fn shape(&mut self, name: &str) {
        let Some(shape) = self.definitions.get(name).cloned() else { return };
        self.heading(&format!("### {name}"));
        self.paragraph(text(&shape, "description"));
        self.table(&shape, "");
        self.tagged(&shape);
        let words = list(&shape, "enum").iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect::<Vec<_>>();
        self.paragraph(&words.join(", "));
        let body = format!("rest.{name}");
        if let Some((_, json)) = EXAMPLES.iter().find(|(example, _)| *example == body) {
            self.example(json);
        }
    }

    fn example(&mut self, json: &str) {
        let _ = write!(self.text, "\n```json\n{}\n```\n", json.trim_end());
    }

    /// The members of a union.
    fn tagged(&mut self, union: &Value) {
        let variants = list(union, "oneOf");
        if variants.iter().any(|variant| variant["const"].is_string()) {
            self.text.push('\n');
        }
        for variant in variants {
            let about = plain(text(variant, "description"));
            if let Some(word) = variant["const"].as_str() {
                let _ = writeln!(self.text, "- `{word}`: {about}");
                continue;
            }
            let tag = variant["properties"].as_object().into_iter().flatten().find_map(|(key, value)| {
                let word = value["const"].as_str()?;
                Some((key.clone(), word.to_owned()))
            });
            let Some((key, word)) = tag else { continue };
            let shape = target(variant).map(|name| format!(" As {}.", link(name))).unwrap_or_default();
            self.paragraph(&format!("`\"{key}\": \"{word}\"`: {about}{shape}"));
            self.table(variant, &key);
        }
    }

    /// The keys of an object, without `skip`.
    fn table(&mut self, object: &Value, skip: &str) {
        let required = list(object, "required");
        let Some(properties) = object["properties"].as_object() else { return };
        let rows = properties.iter().filter(|(key, _)| key.as_str() != skip).collect::<Vec<_>>();
        if rows.is_empty() {
            return;
        }
        self.text.push_str("\n| key | type | | |\n|---|---|---|---|\n");
        for (key, value) in rows {
            let need = if required.iter().any(|name| name == key) { "required" } else { "" };
            let _ = writeln!(self.text, "| `{key}` | {} | {need} | {} |", kind(value), plain(text(value, "description")));
        }
    }

    fn error_codes(&mut self) {
        self.text.push_str("\n| code | try again? | meaning |\n|---|---|---|\n");
        let codes = self.definitions.get("ErrorCode").map(|codes| list(codes, "oneOf").to_vec()).unwrap_or_default();
        for code in codes {
            let Ok(known) = serde_json::from_value::<ErrorCode>(code["const"].clone()) else { continue };
            let again = if known.is_retryable() { "yes" } else { "" };
            let _ = writeln!(self.text, "| `{known}` | {again} | {} |", plain(text(&code, "description")));
        }
    }
}

/// A schema's type, in words.
fn kind(schema: &Value) -> String {
    if let Some(name) = target(schema) {
        return link(name);
    }
    if let Some(word) = schema["const"].as_str() {
        return format!("`{word}`");
    }
    if let Some(alternative) = list(schema, "anyOf").first() {
        return kind(alternative);
    }
    let word = match &schema["type"] {
        Value::String(word) => word.as_str(),
        Value::Array(words) => words.iter().filter_map(Value::as_str).find(|word| *word != "null").unwrap_or("any"),
        _ => "any",
    };
    if word == "array" { format!("array of {}", kind(&schema["items"])) } else { word.to_owned() }
}

/// A link to where the page shows a type.
fn link(name: &str) -> String {
    let section = match name {
        "Ack" => "confirmations".to_owned(),
        "AgentEvent" => "events".to_owned(),
        "ErrorCode" => "error-codes".to_owned(),
        shape => shape.to_lowercase(),
    };
    format!("[{name}](#{section})")
}

/// The definition that a schema refers to.
fn target(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/")
}

fn text<'a>(schema: &'a Value, key: &str) -> &'a str {
    schema[key].as_str().unwrap_or_default()
}

fn list<'a>(schema: &'a Value, key: &str) -> &'a [Value] {
    schema[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Comments without the links that only rustdoc can follow, on one line.
fn plain(text: &str) -> String {
    text.replace("[`", "`").replace("`]", "`").replace('\n', " ")
}
