//! Mistakes of syntax in words: the parser says what it saw, this says what to write.

use jsonc_parser::errors::{ParseError, ParseErrorKind as Kind};

use crate::problem::{Code, Place, Problem};

/// The file holds no value at all.
pub(crate) fn empty() -> Problem {
    Problem::new(Code::Syntax, "", Place::File, "the file is empty")
        .help("write at least `{}`, or remove the file and run `wingman init`")
}

/// The file is not UTF-8; `valid` bytes of it are.
pub(crate) fn not_utf8(valid: usize) -> Problem {
    Problem::new(Code::NotUtf8, "", Place::Span(valid..valid), "the file is not UTF-8 text")
        .label("the first byte that is not")
        .help("save it as UTF-8")
}

/// A parser's error with its place inside the text.
pub(crate) fn explain(text: &str, error: &ParseError) -> Problem {
    let (message, help) = words(error.kind());
    let range = error.range();
    let start = floor(text, range.start);
    let end = floor(text, range.end).max(start);
    // What is never closed is marked where it opens; its end is the end of the file, which helps nobody.
    let end = match error.kind() {
        Kind::UnterminatedObject | Kind::UnterminatedArray => end.min(start + 1),
        _ => end,
    };
    let first_line = text[start..end].find('\n').map_or(end, |newline| start + newline);
    let place = Place::Span(start..first_line.max(start));
    Problem::new(Code::Syntax, "", place, message).label("here").help(help)
}

/// The nearest character boundary at or before the offset.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn words(kind: &Kind) -> (String, &'static str) {
    let (message, help) = match kind {
        Kind::ExpectedComma => ("a comma is missing before this", "end the line above with `,`"),
        Kind::ExpectedColonAfterObjectKey => ("a colon is missing after the key", "write `\"key\": value`"),
        Kind::ExpectedObjectValue => ("the value is missing after the colon", "write `\"key\": value`"),
        Kind::ExpectedStringObjectProperty => ("keys need double quotes", "write `\"key\": value`"),
        Kind::MultipleRootJsonValues => {
            ("there is more text after the end", "keep everything inside one `{ ... }`; is there a bracket too many?")
        }
        Kind::SingleQuotedStringsNotAllowed => ("text needs double quotes", "write \"...\" for '...'"),
        Kind::UnexpectedCloseBrace => ("a `}` makes no sense here", "close the `[` before it, or remove it"),
        Kind::UnexpectedCloseBracket => ("a `]` makes no sense here", "close the `{` before it, or remove it"),
        Kind::UnexpectedColon => ("a colon makes no sense here", "a colon stands between a key and its value"),
        Kind::UnexpectedComma => ("a comma makes no sense here", "remove it, or write the value that is missing"),
        Kind::UnexpectedWord => ("text needs double quotes", "without quotes only numbers, true, false and null"),
        Kind::UnexpectedToken | Kind::UnexpectedTokenInObject => {
            ("this makes no sense here", "check the quotes, commas and brackets just before")
        }
        Kind::UnterminatedArray => ("this `[` is never closed", "add the `]` that is missing"),
        Kind::UnterminatedObject => ("this `{` is never closed", "add the `}` that is missing"),
        Kind::UnterminatedCommentBlock => ("this comment is never closed", "end it with `*/`"),
        Kind::NestingDepthExceeded => ("this is nested too deeply", "no setting needs more than a few levels"),
        Kind::HexadecimalNumbersNotAllowed
        | Kind::UnaryPlusNumbersNotAllowed
        | Kind::BareDecimalPointNumbersNotAllowed
        | Kind::NonFiniteNumbersNotAllowed
        | Kind::ExpectedDigit
        | Kind::ExpectedDigitFollowingNegativeSign
        | Kind::ExpectedPlusMinusOrDigitInNumberLiteral => ("this is no number", "write it in decimal, for example 18789"),
        Kind::String(kind) => return string_words(kind),
        Kind::CommentsNotAllowed | Kind::TrailingCommasNotAllowed | Kind::Custom(_) => ("this is not valid", ""),
    };
    (message.to_owned(), help)
}

fn string_words(kind: &jsonc_parser::ParseStringErrorKind) -> (String, &'static str) {
    use jsonc_parser::ParseStringErrorKind as Text;
    match kind {
        Text::UnterminatedStringLiteral => {
            ("this text is never closed".to_owned(), "add the closing `\"` on the same line; a line break is `\\n`")
        }
        _ => ("this escape is unknown".to_owned(), "a backslash itself is written `\\\\`"),
    }
}
