//! From CommonMark to what a network shows.
//!
//! Agents write CommonMark with tables, task lists and strikethrough. Each dialect gets what it can show, and everything
//! else as text; what has a meaning in the dialect is escaped. Line ends stay line ends, as people expect in a chat. Split
//! first, then render: a part of [`split`](crate::split::split) is well-formed by itself, and its rendering is hardly ever
//! longer.
//!
//! ```
//! use wingman_sdk::markup::Markup;
//!
//! let text = "**Done**, see [the log](https://example.com/log) & `a < b`";
//! assert_eq!(Markup::Plain.render(text), "Done, see the log (https://example.com/log) & a < b");
//! assert_eq!(Markup::Mrkdwn.render(text), "*Done*, see <https://example.com/log|the log> &amp; `a &lt; b`");
//! assert_eq!(
//!     Markup::Html.render(text),
//!     r#"<b>Done</b>, see <a href="https://example.com/log">the log</a> &amp; <code>a &lt; b</code>"#
//! );
//! assert_eq!(Markup::Markdown.render(text), text);
//! ```

mod dialect;
mod render;

/// A network's way of writing text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// No markup at all.
    Plain,
    /// The small set of HTML tags that chat networks take: `b`, `i`, `s`, `code`, `pre`, `a`, `blockquote`.
    Html,
    /// `*bold*`, `_italic_`, `~struck~`, `<address|text>`.
    Mrkdwn,
    /// Markdown, as it is.
    Markdown,
}

impl Markup {
    /// Writes CommonMark in this way.
    pub fn render(self, markdown: &str) -> String {
        match self {
            Self::Plain => render::render(markdown, &dialect::Plain),
            Self::Html => render::render(markdown, &dialect::Html),
            Self::Mrkdwn => render::render(markdown, &dialect::Mrkdwn),
            Self::Markdown => markdown.to_owned(),
        }
    }

    /// Escapes a text that is to be shown as it is, such as somebody's name.
    pub fn escape(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Html => dialect::escape_html(text),
            Self::Mrkdwn => dialect::escape_mrkdwn(text),
            Self::Markdown => escape_markdown(text),
        }
    }
}

/// A backslash before everything that may mean something (CommonMark 2.4).
fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
