//! What each dialect writes for a piece of text. The order of things is `render.rs`'s business.

/// How marked text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Strong,
    Emphasis,
    Struck,
}

/// One way of writing.
pub(super) trait Dialect {
    /// Text, with everything escaped that means something.
    fn text(&self, text: &str) -> String;
    /// What stands around a style; the second is for its end.
    fn style(&self, style: Style) -> (&'static str, &'static str);
    /// Code within a line.
    fn code(&self, code: &str) -> String;
    /// A block of code, without a line's end after it.
    fn block(&self, language: &str, code: &str) -> String;
    /// A link whose text is written already.
    fn link(&self, address: &str, text: &str) -> String;
    /// A quote that is written already.
    fn quote(&self, text: &str) -> String {
        text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
    }
}

pub(super) struct Plain;

impl Dialect for Plain {
    fn text(&self, text: &str) -> String {
        text.to_owned()
    }

    fn style(&self, _: Style) -> (&'static str, &'static str) {
        ("", "")
    }

    fn code(&self, code: &str) -> String {
        code.to_owned()
    }

    fn block(&self, _: &str, code: &str) -> String {
        code.to_owned()
    }

    fn link(&self, address: &str, text: &str) -> String {
        if says_all(address, text) { text.to_owned() } else { format!("{text} ({address})").trim_start().to_owned() }
    }
}

pub(super) struct Html;

impl Dialect for Html {
    fn text(&self, text: &str) -> String {
        escape_html(text)
    }

    fn style(&self, style: Style) -> (&'static str, &'static str) {
        match style {
            Style::Strong => ("<b>", "</b>"),
            Style::Emphasis => ("<i>", "</i>"),
            Style::Struck => ("<s>", "</s>"),
        }
    }

    fn code(&self, code: &str) -> String {
        format!("<code>{}</code>", escape_html(code))
    }

    fn block(&self, language: &str, code: &str) -> String {
        let code = escape_html(code);
        match language {
            "" => format!("<pre>{code}</pre>"),
            language => format!("<pre><code class=\"language-{}\">{code}</code></pre>", escape_html(language)),
        }
    }

    fn link(&self, address: &str, text: &str) -> String {
        let address = escape_html(address);
        let text = if text.is_empty() { &address } else { text };
        format!("<a href=\"{address}\">{text}</a>")
    }

    fn quote(&self, text: &str) -> String {
        format!("<blockquote>{text}</blockquote>")
    }
}

pub(super) struct Mrkdwn;

impl Dialect for Mrkdwn {
    fn text(&self, text: &str) -> String {
        escape_mrkdwn(text)
    }

    fn style(&self, style: Style) -> (&'static str, &'static str) {
        match style {
            Style::Strong => ("*", "*"),
            Style::Emphasis => ("_", "_"),
            Style::Struck => ("~", "~"),
        }
    }

    fn code(&self, code: &str) -> String {
        format!("`{}`", escape_mrkdwn(code))
    }

    fn block(&self, _: &str, code: &str) -> String {
        format!("```\n{}\n```", escape_mrkdwn(code))
    }

    fn link(&self, address: &str, text: &str) -> String {
        // `|` ends the address there, and `>` the link.
        let target = escape_mrkdwn(&address.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E"));
        if text.is_empty() || says_all(&escape_mrkdwn(address), text) {
            format!("<{target}>")
        } else {
            format!("<{target}|{text}>")
        }
    }
}

/// The characters that HTML gives a meaning to, in text and in quoted attributes.
pub(super) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The three that mrkdwn asks to have escaped; for the others it has no escape.
pub(super) fn escape_mrkdwn(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Whether a link's text is its address.
fn says_all(address: &str, text: &str) -> bool {
    text == address || address.strip_prefix("mailto:") == Some(text)
}
