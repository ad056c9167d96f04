//! From an answer to a text that a model can read.

use wingman_sdk::{PluginError, Result, host::http::Response, html};

/// The headers that say what a page is.
const TOLD: [&str; 6] = ["content-type", "content-length", "last-modified", "etag", "location", "retry-after"];

/// The status, and the headers that say something.
pub(crate) fn headers(response: &Response) -> String {
    let mut text = format!("status: {}", response.status());
    for name in TOLD {
        if let Some(value) = response.header(name) {
            text.push_str(&format!("\n{name}: {value}"));
        }
    }
    text
}

/// The text of a page, of `limit` characters at most, and a line above it where there is more to know.
pub(crate) fn read(response: &Response, raw: bool, limit: usize) -> Result<String> {
    let content_type = response.header("content-type").unwrap_or("").to_ascii_lowercase();
    let media_type = content_type.split(';').next().unwrap_or("").trim();
    if !is_text(media_type, response.bytes()) {
        let size = response.bytes().len();
        return Err(PluginError::invalid_input(format!("this address holds no text but {media_type:?}, {size} bytes")));
    }
    let is_html = matches!(media_type, "text/html" | "application/xhtml+xml");
    let text = if is_html && !raw { html::to_text(&response.text()) } else { response.text() };
    let mut notes = Vec::new();
    if !(200..300).contains(&response.status()) {
        notes.push(format!("status {}", response.status()));
    }
    let end = text.char_indices().nth(limit).map(|(end, _)| end);
    if let Some(end) = end {
        notes.push(format!("the first {limit} characters of {}", limit + text[end..].chars().count()));
    }
    let shown = &text[..end.unwrap_or(text.len())];
    Ok(if notes.is_empty() { shown.to_owned() } else { format!("({})\n\n{shown}", notes.join("; ")) })
}

/// By the media type; where there is none, or one that says nothing, by whether the bytes are UTF-8 without NUL.
fn is_text(media_type: &str, bytes: &[u8]) -> bool {
    let named = media_type.starts_with("text/")
        || ["json", "xml", "javascript", "yaml", "x-www-form-urlencoded"].iter().any(|kind| media_type.ends_with(kind));
    let unnamed = matches!(media_type, "" | "application/octet-stream");
    named || (unnamed && !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok())
}
