//! From what a server lists to the tools that agents see. Pure.
//!
//! Read leniently, one tool at a time: a server with one bad tool keeps the others.

use crate::names::names;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use wingman_message::ToolSpec;

/// The longest description, in bytes, and the largest schema, written out: every request to a model carries them.
const MAX_DESCRIPTION: usize = 16 << 10;
const MAX_SCHEMA: usize = 64 << 10;
/// The longest name that a tool may have at its server, in bytes.
const MAX_OWN_NAME: usize = 256;

/// One tool of one server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listed {
    /// As the server calls it.
    pub(crate) own_name: String,
    /// As agents see it.
    pub(crate) spec: ToolSpec,
}

/// The tools among `entries`, sorted by the server's own names, and why others were left out.
pub(crate) fn read(server: &str, entries: &[Value]) -> (Vec<Listed>, Vec<String>) {
    let mut tools: BTreeMap<String, ToolSpec> = BTreeMap::new();
    let mut left_out = Vec::new();
    for entry in entries {
        match tool(entry) {
            // Which of the two a call would reach is the server's secret; the first is as good as the second.
            Ok((name, _)) if tools.contains_key(&name) => left_out.push(format!("`{}` is listed twice", short(&name))),
            Ok((name, spec)) => drop(tools.insert(name, spec)),
            Err(why) => left_out.push(why),
        }
    }
    let names = names(server, &tools.keys().cloned().collect::<BTreeSet<_>>());
    let listed =
        tools.into_iter().zip(names).map(|((own_name, spec), name)| Listed { own_name, spec: ToolSpec { name, ..spec } });
    (listed.collect(), left_out)
}

fn tool(entry: &Value) -> Result<(String, ToolSpec), String> {
    let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err("a tool has no name".to_owned());
    }
    if name.len() > MAX_OWN_NAME {
        return Err(format!("the name of `{}` has more than {MAX_OWN_NAME} bytes", short(name)));
    }
    let schema = entry.get("inputSchema").and_then(Value::as_object).cloned();
    let schema =
        schema.and_then(of_object).ok_or_else(|| format!("the input schema of `{}` is not that of an object", short(name)))?;
    if Value::Object(schema.clone()).to_string().len() > MAX_SCHEMA {
        return Err(format!("the input schema of `{}` has more than {MAX_SCHEMA} bytes", short(name)));
    }
    let hint = |hint: &str| entry.pointer(&format!("/annotations/{hint}")).and_then(Value::as_bool).unwrap_or(false);
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let description = text("/description").or(text("/title")).or(text("/annotations/title")).unwrap_or_default();
    let spec = ToolSpec {
        name: String::new(),
        description: description[..description.floor_char_boundary(MAX_DESCRIPTION)].to_owned(),
        input_schema: Value::Object(schema),
        idempotent: hint("readOnlyHint") || hint("idempotentHint"),
    };
    Ok((name.to_owned(), spec))
}

/// The schema, if what it describes is an object. Some servers leave that out, and some model providers insist on it.
fn of_object(mut schema: Map<String, Value>) -> Option<Map<String, Value>> {
    let kind = schema.entry("type").or_insert_with(|| "object".into());
    (kind == "object").then_some(schema)
}

fn short(name: &str) -> String {
    name.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tool_is_passed_through_with_its_schema() {
        let schema = json!({ "type": "object", "properties": { "path": { "type": "string" } }, "required": ["path"] });
        let entry = json!({
            "name": "read", "description": "Reads.", "inputSchema": schema, "annotations": { "readOnlyHint": true }
        });
        let (tools, left_out) = read("files", &[entry]);
        let spec = ToolSpec { name: "files_read".into(), description: "Reads.".into(), input_schema: schema, idempotent: true };
        assert_eq!(tools, [Listed { own_name: "read".into(), spec }]);
        assert!(left_out.is_empty());
    }

    #[test]
    fn what_is_no_tool_is_left_out_and_the_others_stay() {
        let good = |name: &str| json!({ "name": name, "inputSchema": { "type": "object" } });
        let entries = [
            good("b"),
            json!({ "name": "array", "inputSchema": { "type": "array" } }),
            json!({ "name": "text", "inputSchema": "object" }),
            json!({ "name": "none" }),
            json!({ "name": "", "inputSchema": {} }),
            json!("tool"),
            json!({ "name": "x".repeat(300), "inputSchema": {} }),
            json!({ "name": "huge", "inputSchema": { "description": "x".repeat(70_000) } }),
            good("b"),
            good("a"),
        ];
        let (tools, left_out) = read("s", &entries);
        assert_eq!(tools.iter().map(|tool| tool.spec.name.as_str()).collect::<Vec<_>>(), ["s_a", "s_b"]);
        assert_eq!(left_out.len(), 8, "{left_out:?}");
    }

    #[test]
    fn hints_and_titles_stand_in_for_what_is_missing() {
        let entry = json!({ "name": "t", "title": "Put", "inputSchema": {}, "annotations": { "idempotentHint": true } });
        let (tools, _) = read("s", &[entry, json!({ "name": "u", "inputSchema": {}, "annotations": { "title": "Use" } })]);
        assert_eq!((tools[0].spec.description.as_str(), tools[0].spec.idempotent), ("Put", true));
        assert_eq!((tools[1].spec.description.as_str(), tools[1].spec.idempotent), ("Use", false));
        assert_eq!(tools[0].spec.input_schema, json!({ "type": "object" }));
    }
}
