//! From the result of a call to the text that a model reads. Pure.

use serde_json::Value;
use wingman_message::{ToolError, ToolOutput};

/// The most that a model reads of one result, in bytes. The message itself is bounded before it is read.
const MAX_OUTPUT: usize = 256 << 10;

/// The result (`CallToolResult`) as text: text blocks one after the other, others mentioned in brackets. Structured content stands in
/// for text where there is none.
pub(crate) fn read(result: &Value) -> Result<ToolOutput, ToolError> {
    let blocks = result.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut lines: Vec<String> = blocks.iter().map(block).collect();
    let has_text = blocks.iter().any(|block| kind(block) == "text");
    if let Some(structured) = result.get("structuredContent").filter(|value| !has_text && !value.is_null()) {
        lines.push(structured.to_string());
    }
    let text = capped(lines.join("\n"));
    if result.get("isError").and_then(Value::as_bool).unwrap_or(false) {
        let why = if text.is_empty() { "the tool failed and did not say why".to_owned() } else { text };
        return Err(ToolError::Failed(why));
    }
    Ok(ToolOutput { text })
}

fn kind(block: &Value) -> &str {
    text_of(block, "type").unwrap_or("unknown")
}

fn text_of<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn block(block: &Value) -> String {
    match kind(block) {
        "text" => text_of(block, "text").unwrap_or_default().to_owned(),
        media @ ("image" | "audio") => {
            let bytes = text_of(block, "data").map_or(0, decoded);
            format!("[{media}, {}, {bytes} bytes: not shown]", text_of(block, "mimeType").unwrap_or("of unknown type"))
        }
        "resource" => resource(block.get("resource").unwrap_or(&Value::Null)),
        "resource_link" => {
            let size = block.get("size").and_then(Value::as_u64).map_or_else(String::new, |size| format!(", {size} bytes"));
            let mime = text_of(block, "mimeType").map_or_else(String::new, |mime| format!(", {mime}"));
            format!("[link to the resource {}{mime}{size}]", text_of(block, "uri").unwrap_or("without address"))
        }
        other => format!("[content of the type \"{}\": not shown]", other.chars().take(40).collect::<String>()),
    }
}

fn resource(resource: &Value) -> String {
    let bytes = text_of(resource, "text").map_or_else(|| text_of(resource, "blob").map_or(0, decoded), str::len);
    let mime = text_of(resource, "mimeType").unwrap_or("of unknown type");
    format!("[resource {}, {mime}, {bytes} bytes: not shown]", text_of(resource, "uri").unwrap_or("without address"))
}

/// How many bytes a Base64 text stands for.
fn decoded(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

/// Cuts what is too long at a character boundary, and says so.
fn capped(mut text: String) -> String {
    let whole = text.len();
    if whole > MAX_OUTPUT {
        text.truncate(text.floor_char_boundary(MAX_OUTPUT));
        text.push_str(&format!("\n[cut here: the result has {whole} bytes]"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn text(result: &Value) -> String {
        read(result).unwrap().text
    }

    #[test]
    fn text_is_joined_and_media_is_mentioned() {
        let result = json!({ "content": [
            { "type": "text", "text": "one" },
            { "type": "image", "mimeType": "image/png", "data": "aGVsbG8=" },
            { "type": "audio", "mimeType": "audio/wav", "data": "aGk=" },
            { "type": "resource", "resource": { "uri": "file:///a", "mimeType": "text/plain", "text": "secret" } },
            { "type": "resource", "resource": { "uri": "file:///b", "blob": "aGVsbG8=" } },
            { "type": "resource_link", "uri": "file:///c", "name": "c", "size": 7 },
            { "type": "hologram" },
            { "type": "text", "text": "two" },
        ], "structuredContent": { "not": "shown" } });
        assert_eq!(
            text(&result).lines().collect::<Vec<_>>(),
            [
                "one",
                "[image, image/png, 5 bytes: not shown]",
                "[audio, audio/wav, 2 bytes: not shown]",
                "[resource file:///a, text/plain, 6 bytes: not shown]",
                "[resource file:///b, of unknown type, 5 bytes: not shown]",
                "[link to the resource file:///c, 7 bytes]",
                "[content of the type \"hologram\": not shown]",
                "two",
            ]
        );
    }

    #[test]
    fn structured_content_stands_in_for_text() {
        assert_eq!(text(&json!({ "content": [], "structuredContent": { "n": 1 } })), r#"{"n":1}"#);
        assert_eq!(text(&json!({})), "");
    }

    #[test]
    fn a_failed_call_is_an_error_in_the_tools_own_words() {
        let failed = read(&json!({ "content": [{ "type": "text", "text": "no such file" }], "isError": true }));
        assert_eq!(failed, Err(ToolError::Failed("no such file".into())));
        assert!(read(&json!({ "content": [], "isError": true })).is_err());
    }

    proptest! {
        #[test]
        fn no_result_is_longer_than_the_cap(text in "[aä\u{1f600}]{1,8}", times in 1_usize..200_000) {
            let result = json!({ "content": [{ "type": "text", "text": text.repeat(times) }] });
            prop_assert!(read(&result).unwrap().text.len() <= MAX_OUTPUT + 80);
        }
    }
}
