//! Markdown that grows: finished lines are told apart from the open one, and finished ones are drawn once, for good.
//!
//! A line is the unit because it is what can be drawn without what follows. Tables are the exception: a column is as wide as its
//! widest cell, so a table is drawn when it has ended.

use super::clean::visible;
use owo_colors::OwoColorize as _;
use termimad::crossterm::style::Color;
use termimad::{Alignment, MadSkin};

/// The longest open line, in bytes. A longer one is broken, or each new word would cost more than the one before.
const MAX_OPEN: usize = 4096;
/// The longest table that is drawn as one, in lines.
const MAX_TABLE: usize = 200;

/// Something that is finished, and can be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A line of text, a heading, an item.
    Line(String),
    /// A line in a fence.
    Code(String),
    /// The lines of a table.
    Table(Vec<String>),
}

/// Markdown as it comes, cut into pieces.
#[derive(Debug, Default)]
pub(crate) struct Source {
    open: String,
    /// What ends the fence that is open.
    fence: Option<(char, usize)>,
    table: Vec<String>,
}

impl Source {
    /// Takes more text; returns what is finished by it. How the text was cut before makes no difference.
    pub(crate) fn push(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for line in text.split_inclusive('\n') {
            self.open.push_str(line.strip_suffix('\n').unwrap_or(line));
            while self.open.len() > MAX_OPEN {
                let rest = self.open.split_off(break_of(&self.open));
                let line = std::mem::replace(&mut self.open, rest);
                self.line(line, &mut pieces);
            }
            if line.ends_with('\n') {
                let line = std::mem::take(&mut self.open);
                self.line(line, &mut pieces);
            }
        }
        pieces
    }

    /// No more text comes: what is open is finished too.
    pub(crate) fn finish(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let open = std::mem::take(&mut self.open);
        if !open.is_empty() {
            self.line(open, &mut pieces);
        }
        self.end_table(&mut pieces);
        self.fence = None;
        pieces
    }

    /// What is not finished yet, as it would be drawn now.
    pub(crate) fn open(&self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = self.table.iter().cloned().map(Piece::Code).collect();
        if !self.open.is_empty() {
            let is_verbatim = self.fence.is_some() || is_row(&self.open) || fence_of(&self.open).is_some();
            pieces.push(if is_verbatim { Piece::Code(self.open.clone()) } else { Piece::Line(self.open.clone()) });
        }
        pieces
    }

    fn line(&mut self, line: String, pieces: &mut Vec<Piece>) {
        let fence = fence_of(&line);
        match (self.fence, fence) {
            (Some((with, long)), Some((mark, count, rest))) if mark == with && count >= long && rest.trim().is_empty() => {
                self.fence = None;
            }
            (Some(_), _) => pieces.push(Piece::Code(line)),
            (None, Some((mark, count, _))) => {
                self.end_table(pieces);
                self.fence = Some((mark, count));
            }
            (None, None) if is_row(&line) => {
                self.table.push(line);
                if self.table.len() >= MAX_TABLE {
                    self.end_table(pieces);
                }
            }
            (None, None) => {
                self.end_table(pieces);
                pieces.push(Piece::Line(line));
            }
        }
    }

    fn end_table(&mut self, pieces: &mut Vec<Piece>) {
        if !self.table.is_empty() {
            pieces.push(Piece::Table(std::mem::take(&mut self.table)));
        }
    }
}

/// Draws pieces.
pub(crate) struct Pen {
    skin: MadSkin,
}

impl Default for Pen {
    fn default() -> Self {
        let mut skin = MadSkin::no_style();
        skin.bold.add_attr(termimad::crossterm::style::Attribute::Bold);
        skin.italic.add_attr(termimad::crossterm::style::Attribute::Italic);
        skin.strikeout.add_attr(termimad::crossterm::style::Attribute::CrossedOut);
        skin.inline_code.set_fg(Color::Cyan);
        skin.table.align = Alignment::Left;
        for header in &mut skin.headers {
            header.align = Alignment::Left;
            header.add_attr(termimad::crossterm::style::Attribute::Bold);
        }
        Self { skin }
    }
}

impl Pen {
    /// The rows of `piece` on a terminal of `width` columns: styled, and with no other control characters than those of the style.
    pub(crate) fn rows(&self, piece: &Piece, width: usize) -> Vec<String> {
        match piece {
            Piece::Line(line) => self.text(&visible(line), width),
            Piece::Code(line) => vec![format!("  {}", visible(line).replace('\t', "    ").cyan())],
            Piece::Table(rows) => self.text(&visible(&rows.join("\n")), width),
        }
    }

    fn text(&self, text: &str, width: usize) -> Vec<String> {
        if text.trim().is_empty() {
            return vec![String::new()];
        }
        // How wide a tab is only the terminal knows. The library lays out nothing where there is hardly any room.
        let drawn = self.skin.text(&text.replace('\t', "    "), Some(width.max(20))).to_string();
        drawn.lines().map(|row| row.trim_end().to_owned()).collect()
    }
}

/// Where a line that is too long is broken: behind a space, or at the bound where there is none.
fn break_of(line: &str) -> usize {
    let bound = line.floor_char_boundary(MAX_OPEN);
    let head = line.get(..bound).unwrap_or_default();
    head.rfind(' ').map_or(bound, |space| space + 1).max(1)
}

/// The mark of a fence, how often it stands there, and what is behind it.
fn fence_of(line: &str) -> Option<(char, usize, &str)> {
    let text = line.trim_start_matches(' ');
    if line.len() - text.len() > 3 {
        return None;
    }
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let rest = text.trim_start_matches(mark);
    let count = text.len() - rest.len();
    (count >= 3 && !(mark == '`' && rest.contains('`'))).then_some((mark, count, rest))
}

fn is_row(line: &str) -> bool {
    line.trim_start().starts_with('|')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drawn(text: &str) -> Vec<String> {
        let (mut source, pen) = (Source::default(), Pen::default());
        let mut pieces = source.push(text);
        pieces.extend(source.finish());
        pieces.iter().flat_map(|piece| pen.rows(piece, 40)).collect()
    }

    /// Without the sequences that colour text: those, and only those, may be in what is drawn.
    fn unstyled(row: &str) -> String {
        let (mut plain, mut rest) = (String::new(), row);
        while let Some((before, behind)) = rest.split_once("\x1b[") {
            plain.push_str(before);
            let end = behind.find(|character: char| !matches!(character, '0'..='9' | ';')).unwrap_or(behind.len());
            rest = match behind.split_at(end) {
                (_, tail) if tail.starts_with('m') => &tail[1..],
                (_, tail) => {
                    plain.push('\x1b');
                    tail
                }
            };
        }
        plain + rest
    }

    #[test]
    fn lines_are_finished_as_they_end_and_the_open_one_is_kept() {
        let mut source = Source::default();
        assert_eq!(source.push("# He"), []);
        assert_eq!(source.open(), [Piece::Line("# He".into())]);
        assert_eq!(source.push("llo\nwor"), [Piece::Line("# Hello".into())]);
        assert_eq!(source.finish(), [Piece::Line("wor".into())]);
    }

    #[test]
    fn a_fence_keeps_its_lines_as_they_are_until_it_is_closed_by_its_own_mark() {
        let mut source = Source::default();
        let pieces = source.push("````rust\n**no**\n```\n| no |\n````\n**yes**\n");
        let code = |text: &str| Piece::Code(text.into());
        assert_eq!(pieces, [code("**no**"), code("```"), code("| no |"), Piece::Line("**yes**".into())]);
    }

    #[test]
    fn a_table_waits_for_its_end_because_its_columns_do() {
        let mut source = Source::default();
        assert_eq!(source.push("|a|b|\n|-|-|\n|1|2|\n"), []);
        assert_eq!(source.push("\n").len(), 2);
    }

    #[test]
    fn marks_become_styles() {
        let rows = drawn("# Title\nsome **bold** and `code`\n\n- item\n");
        assert!(rows[1].contains("\x1b[1mbold"), "{rows:?}");
        let plain: Vec<String> = rows.iter().map(|row| unstyled(row)).collect();
        assert_eq!(plain[..3], ["Title", "some bold and code", ""], "{plain:?}");
        assert!(plain[3].ends_with("item") && !plain[3].starts_with('-'), "{plain:?}");
    }

    #[test]
    fn an_escape_sequence_in_an_answer_is_shown_and_not_obeyed() {
        for attack in
            ["\x1b]52;c;cm0gLXJm\x07", "**\x1b[8mhidden**", "```\n\x1b[2J\n```", "|\x1b[1A|\n", "&#x1b;[2J", "a\u{9b}2Jb"]
        {
            let rows = drawn(attack);
            assert!(!rows.iter().any(|row| unstyled(row).chars().any(char::is_control)), "{attack:?}: {rows:?}");
        }
    }

    proptest! {
        #[test]
        fn how_an_answer_is_cut_makes_no_difference(lines in prop::collection::vec("[a`~|* #-]{0,9}", 0..12), cut in 1usize..7) {
            let text = lines.join("\n");
            let (mut whole, mut cut_up) = (Source::default(), Source::default());
            let mut one = whole.push(&text);
            let bytes = text.as_bytes();
            let mut other: Vec<Piece> =
                bytes.chunks(cut).flat_map(|chunk| cut_up.push(std::str::from_utf8(chunk).unwrap())).collect();
            one.extend(whole.finish());
            other.extend(cut_up.finish());
            prop_assert_eq!(one, other);
        }

        #[test]
        fn a_line_without_an_end_is_broken_the_same_however_it_came(words in prop::collection::vec("[a-z]{1,900}", 0..20)) {
            let text = words.join(" ");
            let (mut whole, mut by_word) = (Source::default(), Source::default());
            let mut one = whole.push(&text);
            let mut other: Vec<Piece> = text.split_inclusive(' ').flat_map(|word| by_word.push(word)).collect();
            one.extend(whole.finish());
            other.extend(by_word.finish());
            prop_assert_eq!(one, other);
        }

        #[test]
        fn what_is_drawn_holds_styles_and_no_other_control_characters(text in "[\\x00-\\x1fa\\[;m0-9\\x7f-\\u{9f}*`|#&>-]{0,60}") {
            for row in drawn(&text) {
                prop_assert!(!unstyled(&row).chars().any(char::is_control), "{:?}", row);
            }
        }
    }
}
