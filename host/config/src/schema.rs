//! The JSON Schema of the file: made from the types of `file`, given to editors, and the truth that `shape` checks by.

use schemars::{Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

use crate::file::Root;

/// The JSON Schema (draft 2020-12) of `wingman.config.json`. `wingman.config.schema.json` beside this crate's manifest
/// is this value, pretty-printed with a final newline; a test fails when it is stale.
#[must_use]
pub fn json_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(tidy)).into_generator();
    let mut schema = generator.into_root_schema_for::<Root>();
    schema.insert("title".to_owned(), "Wingman configuration".into());
    let mut schema = schema.to_value();
    // Whether keys come sorted by themselves hangs on a feature that any crate of a build may switch on.
    schema.sort_all_objects();
    schema
}

/// What serde knows but a person who writes the file need not: an optional setting is left out, it is not null; a
/// group's default is the defaults of its settings.
fn tidy(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [kind] = types.as_slice() {
            let kind = kind.clone();
            object.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(mut variants)) = object.remove("anyOf") {
        variants.retain(|variant| variant.get("type").is_none_or(|kind| kind != "null"));
        match variants.pop() {
            Some(Value::Object(only)) if variants.is_empty() => object.extend(only),
            last => {
                variants.extend(last);
                object.insert("anyOf".to_owned(), Value::Array(variants));
            }
        }
    }
    if object.get("default").is_some_and(|default| default.is_null() || default.is_object() || default.is_array()) {
        object.remove("default");
    }
    // Rust's integer types mean nothing to an editor; the bounds beside them do.
    if object.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint") || format == "double") {
        object.remove("format");
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::shape::KEYWORDS;

    #[test]
    fn the_schema_in_the_repository_is_fresh() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("wingman.config.schema.json");
        let fresh = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
        if std::env::var_os("WINGMAN_UPDATE_SCHEMA").is_some() {
            fs::write(&file, &fresh).unwrap();
        }
        let committed = fs::read_to_string(&file).unwrap_or_default();
        assert!(committed == fresh, "stale: run the test again with WINGMAN_UPDATE_SCHEMA=1");
    }

    #[test]
    fn the_shape_check_knows_every_keyword_and_format_of_the_schema() {
        fn visit(schema: &Value) {
            let Some(object) = schema.as_object() else { return };
            for (keyword, value) in object {
                assert!(KEYWORDS.contains(&keyword.as_str()), "unknown keyword {keyword} in {schema}");
                match keyword.as_str() {
                    "properties" | "$defs" => value.as_object().unwrap().values().for_each(visit),
                    "items" | "additionalProperties" => visit(value),
                    "oneOf" | "anyOf" => value.as_array().unwrap().iter().for_each(visit),
                    "format" => assert!(crate::text::rule(value.as_str().unwrap()).is_some(), "format {value}"),
                    "type" => assert!(value.is_string(), "{schema}"),
                    _ => {}
                }
            }
            if schema.get("properties").is_some_and(|properties| properties.is_object()) {
                assert_eq!(schema["additionalProperties"], false, "{schema}");
            }
        }
        visit(&json_schema());
    }
}
