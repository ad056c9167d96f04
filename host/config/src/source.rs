//! The text of a file with its name and positions, and the copy of it that may be shown to people.

use std::{ops::Range, sync::Arc};

use crate::nearest::nearest;

/// A file's text. Cheap to clone. `Debug` shows the name alone, because the text may hold secrets.
#[derive(Clone)]
pub(crate) struct Source {
    name: Arc<str>,
    text: Arc<str>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Keys whose text values are masked; near misses are masked too, since a misspelt `token` is as secret as a right one.
const SECRET_KEYS: [&str; 4] = ["token", "password", "secret", "apiKey"];

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Line and column, both from 1, the column in characters.
    pub(crate) fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The text with the values of secrets replaced by stars, byte for byte, so that positions stay.
    ///
    /// It looks at words, not at the parsed tree, because the text may not parse: a value after a missing colon, in
    /// single quotes or without its closing quote is hidden too. A word too many may be hidden; that only costs looks.
    pub(crate) fn masked(&self) -> String {
        let mut shown = String::with_capacity(self.text.len());
        let mut done = 0;
        for key in words(&self.text) {
            let Some(value) = value_after(&self.text, key.end).filter(|value| value.start >= done) else { continue };
            if !is_secret(&self.text[key], &self.text[value.clone()]) {
                continue;
            }
            shown.push_str(&self.text[done..value.start]);
            for c in self.text[value.clone()].chars() {
                shown.extend(std::iter::repeat_n('*', c.len_utf8()));
            }
            done = value.end;
        }
        shown.push_str(&self.text[done..]);
        shown
    }
}

fn is_secret(key: &str, value: &str) -> bool {
    if key.eq_ignore_ascii_case("apiKeyEnv") {
        // The name of a variable may be seen; a key that was pasted in its place may not.
        return crate::text::EnvName::parse(value).is_err();
    }
    nearest(key, SECRET_KEYS).is_some()
}

/// The words of the text that could be keys, with or without quotes around them.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(part)?;
        let end = text[start..].find(|c| !part(c)).map_or(text.len(), |length| start + length);
        at = end;
        Some(start..end)
    })
}

/// What stands after a key as its value: the inside of quotes to the closing one or the end of the line, or else a bare
/// word or number behind a colon.
fn value_after(text: &str, key_end: usize) -> Option<Range<usize>> {
    let rest = &text[key_end..];
    let unquoted = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start();
    let (separated, value) = match unquoted.strip_prefix([':', '=']) {
        Some(value) => (true, value.trim_start()),
        None => (false, unquoted),
    };
    let start = text.len() - value.len();
    match value.chars().next()? {
        quote @ ('"' | '\'') => Some(start + 1..start + 1 + quoted_length(&value[1..], quote)),
        '{' | '[' => None,
        _ if separated => {
            let end = value.find(|c: char| c.is_whitespace() || matches!(c, ',' | '}' | ']')).unwrap_or(value.len());
            Some(start..start + end)
        }
        _ => None,
    }
}

fn quoted_length(inside: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            '\n' | '\r' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at,
            _ => {}
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let shown = Source::new("f", text).masked();
        assert_eq!(shown.len(), text.len());
        shown
    }

    #[test]
    fn secrets_are_starred_and_nothing_moves() {
        assert_eq!(masked(r#"{"mode": "token", "token": "sk-1"}"#), r#"{"mode": "token", "token": "****"}"#);
        assert_eq!(masked(r#"{"tokn" : "a\"b", "x": 1}"#), r#"{"tokn" : "****", "x": 1}"#);
        assert_eq!(masked(r#"{"apiKey": "ü"}"#), r#"{"apiKey": "**"}"#);
    }

    #[test]
    fn a_key_pasted_for_a_name_is_starred() {
        assert_eq!(masked(r#"{"apiKeyEnv": "sk-12"}"#), r#"{"apiKeyEnv": "*****"}"#);
        assert_eq!(masked(r#"{"apiKeyEnv": "MY_KEY"}"#), r#"{"apiKeyEnv": "MY_KEY"}"#);
    }

    #[test]
    fn a_mistake_does_not_unveil_a_secret() {
        assert_eq!(masked(r#"{"token": 12345, "x": 1}"#), r#"{"token": *****, "x": 1}"#);
        assert_eq!(masked(r#"{"token" "abc"}"#), r#"{"token" "***"}"#);
        assert_eq!(masked("{token: 'abc', \"x\": 1}"), "{token: '***', \"x\": 1}");
        assert_eq!(masked("{\"secret\":\n  \"abc\"}"), "{\"secret\":\n  \"***\"}");
        assert_eq!(masked(r#"{"token": {"a": 1}}"#), r#"{"token": {"a": 1}}"#);
    }

    #[test]
    fn an_unterminated_secret_is_starred_to_the_end_of_its_line() {
        assert_eq!(masked("{\"token\": \"abc\n}"), "{\"token\": \"***\n}");
        assert_eq!(masked("{\"token\": \"abc"), "{\"token\": \"***");
    }

    #[test]
    fn columns_count_characters() {
        let source = Source::new("f", "{\n  \"ä\": 1\n}");
        assert_eq!(source.line_column(0), (1, 1));
        assert_eq!(source.line_column(10), (2, 8));
    }
}
