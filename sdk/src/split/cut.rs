//! Choosing the place of a cut.

use super::scan::Scan;
use super::spans;
use unicode_segmentation::UnicodeSegmentation;

/// How good a place is, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Inside a line of code.
    Code,
    Grapheme,
    CodeLine,
    Word,
    Sentence,
    Line,
    Paragraph,
}

/// The best cut that is not after `window`: the last of the best class in the second half. Only inside of a line of code
/// or a word, one that comes earlier is better. It is never 0.
pub(super) fn best(text: &str, window: usize, scan: &Scan) -> usize {
    let half = window / 2;
    let protected: Vec<_> = scan.prose(window).into_iter().flat_map(|range| spans::protected(text, range, window)).collect();
    let is_protected = |at: usize| protected.iter().any(|span| span.start < at && at < span.end);
    let mut late: Option<(Class, usize)> = None;
    let mut early: Option<(Class, usize)> = None;
    let mut last_grapheme = None;
    for (at, grapheme) in text.grapheme_indices(true).skip(1).take_while(|(at, _)| *at <= window) {
        last_grapheme = Some(at);
        if scan.is_on_delimiter(at) || is_protected(at) {
            continue;
        }
        let class = classify(text, at, grapheme, window, scan.state_at(at).is_some());
        let best = if at >= half { &mut late } else { &mut early };
        if best.is_none_or(|(known, _)| class >= known) {
            *best = Some((class, at));
        }
    }
    // A grapheme longer than a part, or a fence's line longer than one: cut where it must be.
    let forced = last_grapheme.unwrap_or(window).max(text.chars().next().map_or(1, char::len_utf8));
    match (late, early) {
        (Some((Class::Code, _)), Some((class, at))) if class >= Class::CodeLine => at,
        (Some((Class::Grapheme, _)), Some((class, at))) if class >= Class::CodeLine && at >= window / 4 => at,
        (Some((_, at)), _) | (None, Some((_, at))) => at,
        (None, None) => forced,
    }
}

/// What it would be to cut before this grapheme. Nothing after `window` counts.
fn classify(text: &str, at: usize, grapheme: &str, window: usize, in_code: bool) -> Class {
    let is_line_end = grapheme.ends_with('\n');
    if in_code {
        return if is_line_end { Class::CodeLine } else { Class::Code };
    }
    if is_line_end {
        let after = text.get(at + grapheme.len()..window).unwrap_or("");
        let is_blank = after.split_once('\n').is_some_and(|(line, _)| line.trim().is_empty());
        return if is_blank { Class::Paragraph } else { Class::Line };
    }
    if !grapheme.starts_with(char::is_whitespace) {
        return Class::Grapheme;
    }
    if text[..at].ends_with(['.', '!', '?', '…', '。', '！', '？', ':', ';']) { Class::Sentence } else { Class::Word }
}
