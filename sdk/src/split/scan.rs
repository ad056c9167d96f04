//! One pass over the beginning of a text: how much of it fits, and where in it code blocks begin and end.

use super::{Fence, Limit};
use std::ops::Range;

/// What is known of a text, as far as its first part can reach.
pub(super) struct Scan {
    /// The end of what fits, when not everything does. Every shorter piece fits too, a closing fence included.
    pub(super) overflow: Option<usize>,
    /// From where on which code block is open, in order; the first is at 0.
    states: Vec<(usize, Option<Fence>)>,
    /// The lines that open or close a code block.
    delimiters: Vec<Delimiter>,
    /// Where the unfinished beginning of a closing fence is left out, at the text's end.
    trimmed_end: Option<usize>,
}

/// A line that opens or closes a code block.
struct Delimiter {
    line: Range<usize>,
    opens: bool,
}

impl Scan {
    /// Whether a cut would be inside a code block's first or last line, or right after its first.
    pub(super) fn is_on_delimiter(&self, at: usize) -> bool {
        let holds = |delimiter: &Delimiter| {
            let Range { start, end } = delimiter.line;
            start < at && (at < end || (delimiter.opens && at == end))
        };
        self.delimiters.iter().any(holds)
    }

    /// The code block that is open at a position.
    pub(super) fn state_at(&self, position: usize) -> Option<&Fence> {
        let after = self.states.partition_point(|(from, _)| *from <= position);
        self.states[..after].last().and_then(|(_, fence)| fence.as_ref())
    }

    /// Where a text ends that fits whole.
    pub(super) fn end(&self, text: &str) -> usize {
        self.trimmed_end.unwrap_or(text.len())
    }

    /// The ranges before `end` that are not code blocks.
    pub(super) fn prose(&self, end: usize) -> Vec<Range<usize>> {
        let ends = self.states.iter().skip(1).map(|(from, _)| *from).chain([end]);
        let ranges = self.states.iter().zip(ends).filter(|((_, fence), _)| fence.is_none());
        ranges.map(|((from, _), to)| (*from).min(end)..to.min(end)).filter(|range| !range.is_empty()).collect()
    }
}

/// Looks at a text that begins inside `open`.
///
/// A position's state is that of the complete lines before it: an opening line counts from its line's end on, and so does
/// a closing one.
pub(super) fn scan(text: &str, open: Option<&Fence>, limit: Limit) -> Scan {
    let mut scan = Scan { overflow: None, states: vec![(0, open.cloned())], delimiters: Vec::new(), trimmed_end: None };
    let mut room =
        Room { left: limit.max.saturating_sub(open.map_or(0, |fence| limit.measure(&fence.opening()))), used: 0, limit };
    let mut start = 0;
    while start < text.len() && scan.overflow.is_none() {
        let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let current = scan.states.last().and_then(|(_, fence)| fence.clone());
        let line = &text[start..end];
        let is_last = end == text.len();
        if is_last && current.as_ref().is_some_and(|fence| fence.may_be_closed_by(line) && !fence.is_closed_by(line)) {
            scan.trimmed_end = Some(start);
            break;
        }
        scan.overflow = room.take(line, start, current.as_ref());
        if scan.overflow.is_some() {
            break;
        }
        if let Some(next) = delimited(line, current.as_ref(), is_last, limit) {
            scan.delimiters.push(Delimiter { line: start..end, opens: next.is_some() });
            // With the line's end, a block that was just opened has to be closed as well.
            if !room.fits(next.as_ref()) {
                scan.overflow = Some(end);
                break;
            }
            scan.states.push((end, next));
        }
        let state = scan.states.last().and_then(|(_, fence)| fence.as_ref());
        scan.overflow = room.take(if is_last { "" } else { "\n" }, end, state);
        start = end + 1;
    }
    scan
}

/// The state after a line that opens or closes a code block; none for other lines. The last line opens none, because more
/// of it may come.
fn delimited(line: &str, current: Option<&Fence>, is_last: bool, limit: Limit) -> Option<Option<Fence>> {
    match current {
        Some(fence) => fence.is_closed_by(line).then_some(None),
        None if is_last => None,
        None => Fence::opened_by(line, limit).map(Some),
    }
}

/// What is left of a part.
struct Room {
    left: usize,
    used: usize,
    limit: Limit,
}

impl Room {
    /// Uses room for each character. Returns the position of the first that does not fit.
    fn take(&mut self, text: &str, start: usize, open: Option<&Fence>) -> Option<usize> {
        let closing = open.map_or(0, |fence| fence.closing_cost(self.limit));
        for (index, character) in text.char_indices() {
            self.used += self.limit.of_char(character);
            if self.used + closing > self.left {
                return Some(start + index);
            }
        }
        None
    }

    /// Whether a line's end still fits, with what closes `open`.
    fn fits(&self, open: Option<&Fence>) -> bool {
        open.is_none() || self.used + 1 + open.map_or(0, |fence| fence.closing_cost(self.limit)) <= self.left
    }
}
