//! What inside a paragraph must stay whole: code spans, links, addresses (CommonMark 6.1, 6.3, 6.5).

use std::ops::Range;

/// How far a link's text or address is followed, in bytes.
const REACH: usize = 2_000;

/// The spans in `range` of a text, of which the part may use what is before `window`. A span that begins in the second
/// half and does not end before `window` counts as going on behind it; one that begins earlier is taken for a stray mark.
pub(super) fn protected(text: &str, range: Range<usize>, window: usize) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = range.start;
    while let Some(found) = text[at..range.end].find(['`', '[', 'h']) {
        at += found;
        let rest = &text[at..range.end];
        let run = run_length(rest, '`').max(1);
        if rest.starts_with('h') && !(rest.starts_with("http://") || rest.starts_with("https://")) {
            at += run;
            continue;
        }
        let paragraph = &rest[..rest.find("\n\n").unwrap_or(rest.len())];
        match span_length(paragraph) {
            Some(Length::Whole(length)) => {
                spans.push(at..at + length);
                at += length;
            }
            Some(Length::Open) if at + paragraph.len() == window && at >= window / 2 => {
                spans.push(at..usize::MAX);
                break;
            }
            Some(Length::Open) | None => at += run,
        }
    }
    spans
}

enum Length {
    Whole(usize),
    /// It begins here and does not end.
    Open,
}

/// How long the span is that begins a text; none when none does.
fn span_length(text: &str) -> Option<Length> {
    let first = text.chars().next()?;
    match first {
        '`' => Some(code(text)),
        '[' => link(text),
        'h' => Some(address(text)),
        _ => None,
    }
}

fn code(text: &str) -> Length {
    let mark = run_length(text, '`');
    let mut at = mark;
    while let Some(found) = text[at..].find('`') {
        let run = run_length(&text[at + found..], '`');
        at += found + run;
        if run == mark {
            return Length::Whole(at);
        }
    }
    Length::Open
}

/// `[text](address)` and `[text][label]`. Brackets that are neither are none.
fn link(text: &str) -> Option<Length> {
    let Some(label) = bracketed(text, '[', ']') else { return Some(Length::Open) };
    let rest = &text[label..];
    let (opening, closing) = match rest.chars().next() {
        None => return Some(Length::Open),
        Some('(') => ('(', ')'),
        Some('[') => ('[', ']'),
        Some(_) => return None,
    };
    Some(bracketed(rest, opening, closing).map_or(Length::Open, |length| Length::Whole(label + length)))
}

/// The length of a text up to the bracket that closes its first.
fn bracketed(text: &str, opening: char, closing: char) -> Option<usize> {
    let mut depth = 0usize;
    let mut escaped = false;
    for (index, character) in text.char_indices().take_while(|(index, _)| *index < REACH) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == opening {
            depth += 1;
        } else if character == closing {
            depth -= 1;
            if depth == 0 {
                return Some(index + closing.len_utf8());
            }
        }
    }
    None
}

fn address(text: &str) -> Length {
    let ends = |character: char| character.is_whitespace() || matches!(character, ')' | '>' | '<' | '"');
    text.find(ends).map_or(Length::Open, Length::Whole)
}

fn run_length(text: &str, mark: char) -> usize {
    text.len() - text.trim_start_matches(mark).len()
}
