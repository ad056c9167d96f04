//! The lines that begin and end a fenced code block (CommonMark 4.5), in quotes and lists too.

use super::Limit;

/// An open code block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    /// What stands in front of each of its lines: indentation and quote marks.
    prefix: String,
    /// The fence itself, such as three backticks.
    mark: String,
    /// The info string, as written.
    info: String,
}

impl Fence {
    /// The code block that a line opens. None for other lines, and for a fence that would fill half of a part: it is text then.
    pub(super) fn opened_by(line: &str, limit: Limit) -> Option<Self> {
        let (prefix, rest) = split_prefix(line);
        let mark = rest.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let length = rest.chars().take_while(|other| *other == mark).count();
        let info = rest[length..].trim();
        if length < 3 || (mark == '`' && info.contains('`')) {
            return None;
        }
        let mut fence = Self { prefix, mark: rest[..length].to_owned(), info: info.to_owned() };
        if fence.cost(limit) > limit.max / 2 {
            fence.info.clear();
        }
        (fence.cost(limit) <= limit.max / 2).then_some(fence)
    }

    pub(super) fn is_closed_by(&self, line: &str) -> bool {
        let rest = inner(line);
        rest.len() >= self.mark.len() && self.is_of_mark(rest)
    }

    /// Whether a line that is not complete may become the closing one.
    pub(super) fn may_be_closed_by(&self, line: &str) -> bool {
        let rest = inner(line);
        !rest.is_empty() && self.is_of_mark(rest)
    }

    /// With its line's end.
    pub(super) fn opening(&self) -> String {
        format!("{}{}{}\n", self.prefix, self.mark, self.info)
    }

    /// Without one.
    pub(super) fn closing(&self) -> String {
        format!("{}{}", self.prefix, self.mark)
    }

    /// What closing it at a cut adds: the closing line and the end of the line before.
    pub(super) fn closing_cost(&self, limit: Limit) -> usize {
        limit.measure(&self.closing()) + 1
    }

    fn cost(&self, limit: Limit) -> usize {
        limit.measure(&self.opening()) + self.closing_cost(limit)
    }

    fn is_of_mark(&self, rest: &str) -> bool {
        rest.chars().all(|character| self.mark.starts_with(character))
    }
}

/// A line without the marks and blanks around its content.
fn inner(line: &str) -> &str {
    line.trim_start_matches([' ', '\t', '>']).trim_end()
}

/// Indentation, quote marks and list markers, with the markers as blanks: what the lines below have in front.
fn split_prefix(line: &str) -> (String, &str) {
    let mut prefix = String::new();
    let mut rest = line;
    loop {
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '>']).len();
        prefix.push_str(&rest[..blank]);
        rest = &rest[blank..];
        let Some(marker) = list_marker(rest) else { return (prefix, rest) };
        prefix.extend(std::iter::repeat_n(' ', marker));
        rest = &rest[marker..];
    }
}

/// The length of `- `, `* `, `+ `, `1. ` or `1) `.
fn list_marker(text: &str) -> Option<usize> {
    let digits = text.bytes().take(9).take_while(u8::is_ascii_digit).count();
    let mark = text[digits..].bytes().next()?;
    let is_marker = if digits == 0 { b"-*+".contains(&mark) } else { b".)".contains(&mark) };
    (is_marker && text[digits + 1..].starts_with(' ')).then_some(digits + 2)
}
