//! Text for the model: names that cannot pass for something else, lines that are cut between characters, notes.

use std::path::Path;

/// The longest name that is shown, in bytes.
const MAX_NAME: usize = 300;

/// A path as the model reads it: whatever would not be seen, or would be seen as another name, is written as an escape.
pub(crate) fn shown(path: &Path) -> String {
    let name = path.to_string_lossy();
    let name = if name.is_empty() { ".".into() } else { name };
    let kept = clipped(&name, MAX_NAME);
    let mut text = String::with_capacity(kept.len());
    for c in kept.chars() {
        if hidden(c) { text.extend(c.escape_unicode()) } else { text.push(c) }
    }
    if kept.len() < name.len() {
        text.push_str(&format!("… ({} bytes)", name.len()));
    }
    text
}

/// Control characters, and those that change the order or the look of text without being seen.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// At most `bytes` bytes of the text, cut between characters.
pub(crate) fn clipped(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// A line of a file, cut with a note where it is longer than `bytes`.
pub(crate) fn line(text: &str, bytes: usize) -> String {
    let kept = clipped(text, bytes);
    if kept.len() == text.len() { text.to_owned() } else { format!("{kept}… [line of {} bytes cut]", text.len()) }
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_deceive_are_escaped() {
        assert_eq!(shown(Path::new("a\nfile 2")), "a\\u{a}file 2");
        assert_eq!(shown(Path::new("x\u{202e}txt.exe")), "x\\u{202e}txt.exe");
        assert_eq!(shown(Path::new("")), ".");
        assert_eq!(shown(Path::new("übung.md")), "übung.md");
        assert!(shown(Path::new(&"ä".repeat(4000))).ends_with("… (8000 bytes)"));
    }

    #[test]
    fn lines_are_cut_between_characters() {
        assert_eq!(line("ääää", 5), "ää… [line of 8 bytes cut]");
        assert_eq!(line("ää", 4), "ää");
    }
}
