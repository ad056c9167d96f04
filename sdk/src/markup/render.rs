//! Walks a CommonMark document and writes it: paragraphs apart, lists with their markers, tables as lines. What a piece of text
//! looks like is `dialect.rs`'s business.

use super::dialect::{Dialect, Style};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// Schemes that a link may have; text stays text with any other.
const SCHEMES: [&str; 4] = ["http://", "https://", "mailto:", "tel:"];

pub(super) fn render(markdown: &str, dialect: &impl Dialect) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut writer = Writer { dialect, frames: vec![Frame::new(Kind::Blocks)], in_heading: false };
    for event in Parser::new_ext(markdown, options) {
        writer.event(event);
    }
    writer.finish()
}

/// Something that is being written; it becomes one piece of what is around it.
struct Frame {
    kind: Kind,
    text: String,
}

enum Kind {
    /// Blocks one below the other: the document, a quote, an item.
    Blocks,
    List {
        next: Option<u64>,
    },
    /// Text with styles: a paragraph, a heading, a cell.
    Inline,
    Link {
        address: String,
    },
    Code {
        language: String,
    },
    Row {
        cells: usize,
    },
}

impl Frame {
    fn new(kind: Kind) -> Self {
        Self { kind, text: String::new() }
    }
}

struct Writer<'a, D> {
    dialect: &'a D,
    frames: Vec<Frame>,
    in_heading: bool,
}

impl<D: Dialect> Writer<'_, D> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.in_code() => self.push(&text),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.push(&self.dialect.text(&text)),
            Event::Code(code) => self.push(&self.dialect.code(&code)),
            Event::SoftBreak | Event::HardBreak => self.push("\n"),
            Event::Rule => self.block("---"),
            Event::TaskListMarker(done) => self.push(if done { "☑ " } else { "☐ " }),
            // Not asked for in `Options`.
            Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::BlockQuote(_) | Tag::Item => self.open(Kind::Blocks),
            Tag::List(next) => self.open(Kind::List { next }),
            Tag::Paragraph | Tag::TableCell | Tag::HtmlBlock => self.open(Kind::Inline),
            Tag::Table(_) => self.open(Kind::List { next: None }),
            Tag::TableHead | Tag::TableRow => self.open(Kind::Row { cells: 0 }),
            Tag::Heading { .. } => {
                self.open(Kind::Inline);
                self.style(Style::Strong, false);
                self.in_heading = true;
            }
            Tag::CodeBlock(kind) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().unwrap_or("").to_owned(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.open(Kind::Code { language: info });
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.open(Kind::Link { address: dest_url.into_string() }),
            Tag::Emphasis => self.style(Style::Emphasis, false),
            Tag::Strong => self.style(Style::Strong, false),
            Tag::Strikethrough => self.style(Style::Struck, false),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis => self.style(Style::Emphasis, true),
            TagEnd::Strong => self.style(Style::Strong, true),
            TagEnd::Strikethrough => self.style(Style::Struck, true),
            TagEnd::Heading(_) => {
                self.in_heading = false;
                self.style(Style::Strong, true);
                self.close(&tag);
            }
            TagEnd::BlockQuote(_)
            | TagEnd::Item
            | TagEnd::List(_)
            | TagEnd::Paragraph
            | TagEnd::HtmlBlock
            | TagEnd::CodeBlock => {
                self.close(&tag);
            }
            TagEnd::TableCell | TagEnd::TableRow | TagEnd::TableHead | TagEnd::Table | TagEnd::Link | TagEnd::Image => {
                self.close(&tag)
            }
            _ => {}
        }
    }

    /// Ends the innermost frame and gives its text to the one around it.
    fn close(&mut self, tag: &TagEnd) {
        if self.frames.len() < 2 {
            return;
        }
        let Some(Frame { kind, text }) = self.frames.pop() else { return };
        match (kind, tag) {
            (Kind::Link { address }, _) => {
                let is_link = SCHEMES.iter().any(|scheme| address.starts_with(scheme));
                let link = if is_link { self.dialect.link(&address, &text) } else { text };
                self.push(&link);
            }
            (Kind::Code { language }, _) => {
                let block = self.dialect.block(&language, text.trim_end_matches('\n'));
                self.block(&block);
            }
            (_, TagEnd::BlockQuote(_)) => {
                let quote = self.dialect.quote(text.trim_end());
                self.block(&quote);
            }
            (_, TagEnd::Item) => self.item(&text),
            (_, TagEnd::TableCell) => self.cell(&text),
            _ => self.block(text.trim_end()),
        }
    }

    /// An item, with its marker, and with its further lines below its first.
    fn item(&mut self, text: &str) {
        let Some(Frame { kind: Kind::List { next }, .. }) = self.frames.last_mut() else { return };
        let marker = match next {
            Some(number) => {
                let marker = format!("{number}. ");
                *number += 1;
                marker
            }
            None => "• ".to_owned(),
        };
        let indent = " ".repeat(marker.chars().count());
        let item = text.trim_end().replace('\n', &format!("\n{indent}"));
        self.block(&format!("{marker}{item}"));
    }

    fn cell(&mut self, text: &str) {
        let Some(Frame { kind: Kind::Row { cells }, text: row }) = self.frames.last_mut() else { return };
        if *cells > 0 {
            row.push_str(" | ");
        }
        *cells += 1;
        row.push_str(text);
    }

    /// Adds a block: after an empty line in a document, on the next line in lists, and right there where nothing is yet.
    fn block(&mut self, block: &str) {
        if block.is_empty() {
            return;
        }
        let in_list = self.frames.iter().any(|frame| matches!(frame.kind, Kind::List { .. }));
        if let Some(frame) = self.frames.last_mut() {
            if !frame.text.is_empty() {
                frame.text.push_str(if in_list { "\n" } else { "\n\n" });
            }
            frame.text.push_str(block);
        }
    }

    fn style(&mut self, style: Style, ends: bool) {
        // A heading is strong already, and two marks in a row would cancel each other.
        if self.in_heading && style == Style::Strong {
            return;
        }
        let (begin, end) = self.dialect.style(style);
        self.push(if ends { end } else { begin });
    }

    fn push(&mut self, text: &str) {
        if let Some(frame) = self.frames.last_mut() {
            frame.text.push_str(text);
        }
    }

    fn open(&mut self, kind: Kind) {
        self.frames.push(Frame::new(kind));
    }

    fn in_code(&self) -> bool {
        self.frames.last().is_some_and(|frame| matches!(frame.kind, Kind::Code { .. }))
    }

    fn finish(self) -> String {
        self.frames.into_iter().next().map(|frame| frame.text).unwrap_or_default()
    }
}
