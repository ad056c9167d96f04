//! Makes what others wrote harmless: a terminal obeys control characters, so none gets there. They are shown, not dropped, so that
//! whoever reads sees that something was tried.

use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthChar as _;

/// `text` without anything that a terminal would obey: only line breaks and tabs stay. Marks that reorder text are shown too,
/// because they can make a command look like another one.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            // A line break of another system.
            '\r' if characters.peek() == Some(&'\n') => {}
            // Each of them has a picture.
            '\0'..='\x1f' if is_obeyed(character) => shown.extend(char::from_u32(0x2400 + u32::from(character))),
            '\x7f' => shown.push('\u{2421}'),
            other if is_obeyed(other) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "<U+{:04X}>", u32::from(other));
            }
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

/// `text` on one line of at most `width` columns; where it is cut there is an ellipsis.
pub(crate) fn one_line(text: &str, width: usize) -> String {
    // More than this can never fit, whatever it is.
    let head: String = text.trim_start().chars().take(width.saturating_mul(8).saturating_add(64)).collect();
    let words = visible(&head).split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&words, width)
}

/// The first `width` columns of `text`, which is one clean line; where it is cut there is an ellipsis.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let (mut line, mut columns, mut end) = (String::new(), 0, 0);
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if columns + wide > width {
            line.truncate(end);
            line.push('…');
            return line;
        }
        line.push(character);
        columns += wide;
        if columns < width {
            end = line.len();
        }
    }
    line
}

/// A line of JSON with the control characters escaped that JSON itself leaves alone. They stand in strings only, so it means the same.
pub(crate) fn json_line(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_obeyed) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_obeyed(character) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

fn is_obeyed(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        assert_eq!(visible("\x1b[2J\x1b]0;owned\x07"), "␛[2J␛]0;owned␇");
        assert_eq!(visible("one\r\ntwo\rthree"), "one\ntwo␍three");
        assert_eq!(visible("\u{9b}31m \u{202e}txt.exe"), "<U+009B>31m <U+202E>txt.exe");
        assert!(matches!(visible("plain\n\ttext, ünï 漢字"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_long_text_is_cut_at_the_width_of_its_characters() {
        assert_eq!(one_line("  one\n two  three", 40), "one two three");
        assert_eq!(one_line("abcdef", 4), "abc…");
        assert_eq!(one_line("abcd", 4), "abcd");
        assert_eq!(one_line("漢字漢字", 5), "漢字…");
        assert_eq!(one_line("anything", 0), "…");
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_is_left(text in "\\PC*|[\\x00-\\x1f\\x7f-\\u{9f}a\\u{202e}]*", width in 0usize..60) {
            prop_assert!(!visible(&text).chars().any(is_obeyed));
            let line = one_line(&text, width);
            prop_assert!(!line.chars().any(|character| is_obeyed(character) || character == '\n'));
            prop_assert!(line.chars().map(|character| character.width().unwrap_or(0)).sum::<usize>() <= width.max(1));
        }

        #[test]
        fn escaped_json_means_the_same(text in "[\\x00-\\x1f\\x7f-\\u{9f}a\"\\\\\\u{202e}]*") {
            let json = serde_json::to_string(&text).unwrap();
            let escaped = json_line(&json);
            prop_assert!(!escaped.chars().any(is_obeyed));
            prop_assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), text);
        }
    }
}
