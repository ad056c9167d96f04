//! Rust source without what is not code: comments, strings and characters become blanks, so that a scan for braces or words
//! cannot be fooled by them. Lines and columns stay where they were.

use std::collections::HashSet;

/// The source with everything opaque blanked.
pub(crate) fn blank(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = opaque_end(bytes, at).unwrap_or(at);
        code[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        at = end.max(at + 1);
    }
    // Opaque things begin and end with ASCII, so that no character was cut.
    String::from_utf8(code).unwrap_or_default()
}

/// Where the comment, string or character that begins at `at` ends, if one does.
fn opaque_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let starts_word = at == 0 || !is_word(bytes[at - 1]);
    match rest {
        [b'/', b'/', ..] => Some(find(bytes, at, b"\n")),
        [b'/', b'*', ..] => Some(comment_end(bytes, at)),
        [b'"', ..] => Some(string_end(bytes, at + 1)),
        [b'r', ..] if starts_word => raw_string_end(bytes, at + 1),
        [b'b' | b'c', b'r', ..] if starts_word => raw_string_end(bytes, at + 2),
        [b'\'', ..] => character_end(bytes, at),
        _ => None,
    }
}

/// Comments nest.
fn comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(bytes.len())
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// `at` is behind the `r`. None for a raw identifier.
fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(at + hashes) != Some(&b'"') {
        return None;
    }
    let mut closing = vec![b'"'];
    closing.resize(hashes + 1, b'#');
    Some((find(bytes, at + hashes + 1, &closing) + closing.len()).min(bytes.len()))
}

/// None for a lifetime.
fn character_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at + 1) == Some(&b'\\') {
        // What follows the backslash may itself be a quote.
        return Some((find(bytes, at + 3, b"'") + 1).min(bytes.len()));
    }
    let width = match bytes.get(at + 1)? {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    (bytes.get(at + 1 + width) == Some(&b'\'')).then_some(at + 2 + width)
}

/// The place of the first `wanted` from `from` on, or the end.
fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(wanted.len()).position(|window| window == wanted).map_or(bytes.len(), |offset| from + offset)
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The line of a place, counted from one.
pub(crate) fn line_at(code: &str, at: usize) -> usize {
    code.as_bytes()[..at.min(code.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The body that begins with the first `{` from `from` on, outside of parentheses and brackets: its first and last place.
/// None when a `;` comes first.
pub(crate) fn body(code: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = code.as_bytes();
    let mut nesting = 0_i32;
    let start = (from..bytes.len()).find_map(|at| match bytes[at] {
        b'(' | b'[' => {
            nesting += 1;
            None
        }
        b')' | b']' => {
            nesting -= 1;
            None
        }
        b'{' if nesting <= 0 => Some(Some(at)),
        b';' if nesting <= 0 => Some(None),
        _ => None,
    })??;
    let mut depth = 0_i32;
    let end = (start..bytes.len()).find(|at| {
        match bytes[*at] {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some((start, end))
}

/// The lines of items that are only compiled for tests, attribute included.
pub(crate) fn test_lines(code: &str) -> HashSet<usize> {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let mut lines = HashSet::new();
    for (at, _) in code.match_indices(ATTRIBUTE) {
        let first = line_at(code, at);
        let last = body(code, at + ATTRIBUTE.len()).map_or(first + 1, |(_, end)| line_at(code, end));
        lines.extend(first..=last);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn left(source: &str) -> String {
        let code = blank(source);
        assert_eq!(code.len(), source.len(), "columns move");
        code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_go_and_nest() {
        assert_eq!(left("a // { b\nc /* { /* } */ { */ d"), "a c d");
        assert_eq!(left("a /* never closed {"), "a");
    }

    #[test]
    fn strings_of_every_kind_go() {
        assert_eq!(left(r##"a "{ \" }" b r"\" c r#"{ " }"# d b"{" e br#"{"# f c"{" g"##), "a b c d b e f c g");
        assert_eq!(left("for \"never closed {"), "for");
    }

    #[test]
    fn characters_go_and_lifetimes_stay() {
        assert_eq!(left(r"x('{', '\'', '\u{7b}', 'ß', '中', '😀', b'{')"), "x( , , , , , , b )");
        assert_eq!(left("fn f<'a>(x: &'a str, y: &'static str)"), "fn f<'a>(x: &'a str, y: &'static str)");
        assert_eq!(left("r#type { raw }"), "r#type { raw }");
    }

    #[test]
    fn a_body_is_found_past_arrays_in_the_signature() {
        let code = "fn f(a: [u8; 4]) -> [u8; 2] { { } } fn g();";
        assert_eq!(body(code, 0), Some((28, 34)));
        assert_eq!(body(code, 36), None);
    }
}
