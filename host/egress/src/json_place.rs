//! Replacing one string of a JSON text at a JSON Pointer (RFC 6901), leaving every other byte as it was.
//!
//! Parsing and printing the whole text would reorder keys and round numbers, so only the string's own bytes change.

use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;

/// `text` with `value` in place of the string at `pointer`. Fails with what is wrong, without quoting the text.
pub(crate) fn replace(text: &str, pointer: &str, value: &str) -> Result<String, String> {
    let mut found: &RawValue = serde_json::from_str(text).map_err(|_| "the text is no JSON".to_owned())?;
    let tokens = pointer.strip_prefix('/').ok_or_else(|| format!("the pointer `{pointer}` must begin with `/`"))?;
    for token in tokens.split('/') {
        found = child(found, &unescaped(token)).ok_or_else(|| format!("there is nothing at `{pointer}`"))?;
    }
    let old = found.get();
    if !old.starts_with('"') {
        return Err(format!("what stands at `{pointer}` is no string"));
    }
    // `found` borrows from `text`, so the distance of their first bytes is its place.
    let start = old.as_ptr().addr() - text.as_ptr().addr();
    let quoted = serde_json::Value::from(value).to_string();
    Ok([&text[..start], &quoted, &text[start + old.len()..]].concat())
}

fn child<'a>(value: &'a RawValue, token: &str) -> Option<&'a RawValue> {
    if value.get().starts_with('{') {
        let members: HashMap<Cow<'a, str>, &RawValue> = serde_json::from_str(value.get()).ok()?;
        members.get(token).copied()
    } else {
        let index: usize = token.parse().ok().filter(|index: &usize| index.to_string() == token)?;
        let elements: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
        elements.get(index).copied()
    }
}

fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_string_changes() {
        let text =
            r#"{ "z": 1e400, "id": 12345678901234567890123, "d": {"t\u006fken": "old", "list": ["a", "b"]}, "a/b~c": "x" }"#;
        assert_eq!(replace(text, "/d/token", "a\"b").unwrap(), text.replace(r#""old""#, r#""a\"b""#));
        assert_eq!(replace(text, "/d/list/1", "n").unwrap(), text.replace(r#""b"]"#, r#""n"]"#));
        assert_eq!(replace(text, "/a~1b~0c", "n").unwrap(), text.replace(r#""x""#, r#""n""#));
    }

    #[test]
    fn what_is_not_there_is_said() {
        for (text, pointer, why) in [
            ("{", "/a", "no JSON"),
            ("{}", "/a", "nothing at `/a`"),
            (r#"{"a":1}"#, "/a", "no string"),
            (r#"["x"]"#, "/00", "nothing at"),
            (r#"["x"]"#, "/-", "nothing at"),
            (r#""x""#, "", "must begin"),
            (r#""x""#, "/a", "nothing at"),
        ] {
            let error = replace(text, pointer, "s").unwrap_err();
            assert!(error.contains(why), "{text} {pointer}: {error}");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_parsing_the_whole(key in "[a-z~/]{1,4}", rest in "\\PC{0,8}", value in "\\PC{0,12}") {
            let mut json = serde_json::json!({ "before": rest, "deep": [{ key.clone(): rest }] });
            let pointer = format!("/deep/0/{}", key.replace('~', "~0").replace('/', "~1"));
            let filled = replace(&json.to_string(), &pointer, &value).unwrap();
            *json.pointer_mut(&pointer).unwrap() = value.into();
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&filled).unwrap(), json);
        }
    }
}
