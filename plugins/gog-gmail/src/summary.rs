//! What an agent reads of a mail: who, what, when, and the words.

use crate::payload::Mail;

/// As much of a body as gog sends of one; other senders know no bound.
const MAX_BODY: usize = 20_000;
/// As much of a header line as anybody reads.
const MAX_LINE: usize = 500;

/// The mail as Markdown.
pub(crate) fn markdown(mail: &Mail<'_>) -> String {
    let subject = mail.subject.as_deref().map(line).filter(|subject| !subject.is_empty());
    let mut text = format!("**Mail: {}**\n\n", subject.as_deref().unwrap_or("(no subject)"));
    let labels = mail.labels.join(", ");
    for (name, value) in [
        ("From", mail.from.as_deref()),
        ("To", mail.to.as_deref()),
        ("Date", mail.date.as_deref()),
        ("Labels", Some(labels.as_str())),
    ] {
        if let Some(value) = value.map(line).filter(|value| !value.is_empty()) {
            text.push_str(&format!("- {name}: {value}\n"));
        }
    }
    let words = [&mail.body, &mail.snippet].into_iter().flatten().map(|words| words.trim()).find(|words| !words.is_empty());
    let Some(words) = words else { return text.trim_end().to_owned() };
    let shown = head(words, MAX_BODY);
    text.push('\n');
    text.push_str(shown);
    if shown.len() < words.len() {
        text.push_str(&format!("\n\n_(cut here: {} of {} bytes are shown)_", shown.len(), words.len()));
    } else if mail.body_truncated {
        text.push_str("\n\n_(cut here: the mail is longer than what was delivered)_");
    }
    text
}

/// A header's value on one line, so that nobody writes lines of their own into the summary.
fn line(value: &str) -> String {
    let joined = value.split(|character: char| character.is_whitespace() || character.is_control());
    let joined = joined.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let shown = head(&joined, MAX_LINE);
    if shown.len() < joined.len() { format!("{shown}...") } else { joined }
}

/// At most so many bytes from the front, never half of a character.
fn head(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}
