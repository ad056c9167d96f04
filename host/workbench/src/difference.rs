//! How two JSON values differ, place by place.

use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// One place where two values differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The place, such as `ok[0].text`.
    pub place: String,
    /// What should be there, or was there before; none: nothing.
    pub wanted: Option<Value>,
    /// What is there; none: nothing.
    pub found: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, wanted, found } = self;
        match (wanted, found) {
            (Some(wanted), Some(found)) => write!(f, "{place}\n  - {wanted}\n  + {found}"),
            (Some(wanted), None) => write!(f, "{place}\n  - {wanted}"),
            (None, Some(found)) => write!(f, "{place}\n  + {found}"),
            (None, None) => f.write_str(place),
        }
    }
}

/// All places where `found` differs from `wanted`.
pub(crate) fn between(wanted: &Value, found: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    compare(String::new(), Some(wanted), Some(found), &mut differences);
    differences
}

fn compare(place: String, wanted: Option<&Value>, found: Option<&Value>, differences: &mut Vec<Difference>) {
    match (wanted, found) {
        (Some(Value::Object(wanted)), Some(Value::Object(found))) => {
            let more = found.keys().filter(|key| !wanted.contains_key(*key));
            for key in wanted.keys().chain(more) {
                let below = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                compare(below, wanted.get(key), found.get(key), differences);
            }
        }
        (Some(Value::Array(wanted)), Some(Value::Array(found))) => {
            for index in 0..wanted.len().max(found.len()) {
                compare(format!("{place}[{index}]"), wanted.get(index), found.get(index), differences);
            }
        }
        _ if wanted == found => {}
        _ => differences.push(Difference { place, wanted: wanted.cloned(), found: found.cloned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_named_by_their_place_and_equal_parts_are_silent() {
        let found = between(&json!({"ok": [{"id": "1", "text": "a"}]}), &json!({"ok": [{"text": "b", "id": "1"}, 2]}));
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["ok[0].text\n  - \"a\"\n  + \"b\"", "ok[1]\n  + 2"]);
        assert!(between(&json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1})).is_empty());
        assert_eq!(between(&json!({"ok": 1}), &json!({"error": 2})).len(), 2);
    }
}
