//! Reading HTML: tags out, lines kept. It makes text to read, not a document to show, and it does not fail: mails and
//! pages are broken in every way.

/// Tags that end a line.
const BLOCKS: [&str; 24] = [
    "br",
    "p",
    "div",
    "tr",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "table",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "pre",
    "article",
    "section",
    "main",
    "hr",
    "title",
];
/// Tags whose content nobody reads.
const HIDDEN: [&str; 6] = ["script", "style", "head", "noscript", "template", "svg"];

/// The words of an HTML text.
///
/// ```
/// assert_eq!(wingman_sdk::html::to_text("<h1>Hall</h1><p>Tea &amp; cake<script>x()</script>"), "Hall\n\nTea & cake");
/// ```
pub fn to_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some((words, after)) = rest.split_once('<') {
        push_words(&mut text, words);
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
            continue;
        }
        let Some((tag, after)) = after.split_once('>') else { return tidy(&text) };
        rest = after;
        let name = name_of(tag);
        if !tag.starts_with('/') && HIDDEN.contains(&name.as_str()) {
            rest = after_closing(after, &name);
        }
        if BLOCKS.contains(&name.as_str()) {
            text.push('\n');
        }
    }
    push_words(&mut text, rest);
    tidy(&text)
}

/// Text without tags: entities decoded, white space as one blank.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    push_words(&mut plain, text);
    plain
}

fn name_of(tag: &str) -> String {
    tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// What follows `</name ...>`; nothing, when it is never closed.
fn after_closing<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("</") {
        if name_of(after) == name {
            return after.split_once('>').map_or("", |(_, rest)| rest);
        }
        rest = after;
    }
    ""
}

fn push_words(text: &mut String, words: &str) {
    let mut rest = words;
    while let Some(character) = rest.chars().next() {
        let (decoded, after) = entity(rest).unwrap_or((character, &rest[character.len_utf8()..]));
        rest = after;
        if decoded.is_whitespace() {
            if !text.ends_with([' ', '\n']) {
                text.push(' ');
            }
        } else {
            text.push(decoded);
        }
    }
}

fn entity(text: &str) -> Option<(char, &str)> {
    let inner = text.strip_prefix('&')?;
    // The longest that is known is `#x10FFFF`.
    let end = inner.bytes().take(9).position(|byte| byte == b';')?;
    let (name, rest) = (&inner[..end], &inner[end + 1..]);
    let decoded = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?).filter(|character| !character.is_control())?
        }
    };
    Some((decoded, rest))
}

/// Lines without blanks around them, and never more than one empty line in a row.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        if line.is_empty() && (tidy.is_empty() || tidy.ends_with("\n\n")) {
            continue;
        }
        tidy.push_str(line);
        tidy.push('\n');
    }
    tidy.truncate(tidy.trim_end().len());
    tidy
}

#[cfg(test)]
mod tests {
    use super::to_text;

    #[test]
    fn words_stay_and_tags_go() {
        let html = "<html><head><title>x</title></head><style>p > a {}</style><p>Dear&nbsp;Ada,</p><!-- <p>no</p> --><div>1 &lt; 2 &amp; &#233;&#x1F600;<br>bye</div><script>if (a</b) {}</script>";
        assert_eq!(to_text(html), "Dear Ada,\n\n1 < 2 & é😀\nbye");
    }

    #[test]
    fn what_is_broken_is_read_as_far_as_it_goes() {
        assert_eq!(to_text("a <b>b</b> &bogus; & c <unclosed"), "a b &bogus; & c");
        assert_eq!(to_text("<script>never closed"), "");
        assert_eq!(to_text("&é;&#xFFFFFFF;&#0;"), "&é;&#xFFFFFFF;&#0;");
    }
}
