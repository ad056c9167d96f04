//! Cutting a Markdown text into messages that a network takes.
//!
//! Each part is well-formed by itself: a code block that is cut is closed at the end of its part and opened again in the
//! next. No cut is inside a grapheme cluster, a code span, a link or an address, unless that is longer than half a part.
//! Cuts are made, in this order, between paragraphs, lines, sentences and words.
//!
//! **The cut depends on nothing that follows the part.** So a text that grows keeps its parts, all but the last: a reply that
//! is shown while it grows never has to change a message again that is full.
//!
//! ```
//! use wingman_sdk::split::{Limit, split};
//!
//! let text = "Run this:\n\n```sh\nmake\nmake test\nmake install\n```";
//! assert_eq!(split(text, Limit::chars(32)), ["Run this:\n\n```sh\nmake\n```", "```sh\nmake test\nmake install\n```"]);
//! ```

mod cut;
mod fence;
mod scan;
mod spans;

use fence::Fence;

/// What a network counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Unicode scalar values.
    Chars,
    /// UTF-16 code units, as JavaScript and Java count.
    Utf16,
    /// UTF-8 bytes.
    Bytes,
}

/// How long one message may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    max: usize,
    unit: Unit,
}

impl Limit {
    /// The smallest limit: below it, there is no room for a cut code block.
    pub const LEAST: usize = 16;

    /// So many units, but [`Limit::LEAST`] at least.
    pub const fn new(max: usize, unit: Unit) -> Self {
        Self { max: if max < Self::LEAST { Self::LEAST } else { max }, unit }
    }

    /// So many Unicode characters.
    pub const fn chars(max: usize) -> Self {
        Self::new(max, Unit::Chars)
    }

    /// So many UTF-16 code units.
    pub const fn utf16(max: usize) -> Self {
        Self::new(max, Unit::Utf16)
    }

    /// So many bytes of UTF-8.
    pub const fn bytes(max: usize) -> Self {
        Self::new(max, Unit::Bytes)
    }

    /// How long a text is by this limit's unit.
    pub fn measure(self, text: &str) -> usize {
        match self.unit {
            Unit::Chars => text.chars().count(),
            Unit::Utf16 => text.encode_utf16().count(),
            Unit::Bytes => text.len(),
        }
    }

    fn of_char(self, character: char) -> usize {
        match self.unit {
            Unit::Chars => 1,
            Unit::Utf16 => character.len_utf16(),
            Unit::Bytes => character.len_utf8(),
        }
    }
}

/// The parts of a text, none of them empty. Blanks and empty lines at a cut are gone; a text of nothing but those has no parts.
pub fn split(text: &str, limit: Limit) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim_end();
    rest = &rest[blank_lines(rest)..];
    let mut open: Option<Fence> = None;
    while !rest.is_empty() {
        let scan = scan::scan(rest, open.as_ref(), limit);
        let end = match scan.overflow {
            Some(window) => cut::best(rest, window, &scan),
            None => scan.end(rest),
        };
        let inside = scan.state_at(end).cloned();
        let part = assemble(&rest[..end], open.as_ref(), inside.as_ref());
        // Blanks before a grapheme that is longer than a part.
        if !part.is_empty() {
            parts.push(part);
        }
        if scan.overflow.is_none() {
            break;
        }
        (rest, open) = after_cut(&rest[end..], inside);
    }
    parts
}

/// One part: what was open is opened again, and what is open is closed.
fn assemble(piece: &str, open: Option<&Fence>, inside: Option<&Fence>) -> String {
    let mut part = open.map(Fence::opening).unwrap_or_default();
    match inside {
        Some(fence) => {
            part.push_str(piece);
            if !part.ends_with('\n') {
                part.push('\n');
            }
            part.push_str(&fence.closing());
        }
        None => part.push_str(piece.trim_end()),
    }
    part
}

/// Where the next part begins, and in which code block.
fn after_cut(rest: &str, inside: Option<Fence>) -> (&str, Option<Fence>) {
    let Some(fence) = inside else {
        let blanks = &rest[..rest.len() - rest.trim_start().len()];
        // After a line's end the next line's indentation counts, between two words nothing does.
        let skip = if blanks.contains('\n') { blank_lines(rest) } else { blanks.len() };
        return (&rest[skip..], None);
    };
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
    let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
    if fence.is_closed_by(line) {
        // Its end is the end of the part before.
        return (&after[blank_lines(after)..], None);
    }
    if rest.trim().is_empty() { ("", None) } else { (rest, Some(fence)) }
}

/// The length of the empty lines at the beginning.
fn blank_lines(text: &str) -> usize {
    let blanks = text.len() - text.trim_start().len();
    if blanks == text.len() {
        return blanks;
    }
    text[..blanks].rfind('\n').map_or(0, |newline| newline + 1)
}
