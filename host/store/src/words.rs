//! What search takes for a word. One function cuts and folds, for the index, for what is looked for and for what is shown, so that
//! the three agree. Pure.
//!
//! Case, accents and width do not count. Scripts that are written without spaces are cut into single characters, and looked for
//! as characters in a row: a word in the middle of a sentence is found there, too.

use std::borrow::Cow;
use std::ops::Range;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// How much of a message is searchable, in bytes. More than people write; what is beyond it is a file in disguise.
pub(crate) const MAX_INDEXED: usize = 256 * 1024;
/// How many characters of a query count.
pub(crate) const MAX_QUERY: usize = 300;
/// A word of fewer characters is looked for as it is; a longer one may be the beginning of a word.
const MIN_PREFIX: usize = 2;
/// How many characters of a message are shown, and how many of them before the first hit.
const SHOWN: usize = 240;
const SHOWN_BEFORE: usize = 80;

/// A piece of the text that is shown with a hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetPart {
    /// The text, as it was written.
    pub text: String,
    /// It is what was looked for.
    pub hit: bool,
}

/// A word and where it stands.
#[derive(Debug)]
struct Word {
    folded: String,
    at: Range<usize>,
}

/// What is looked for: phrases, all of which must be there. A phrase is words in a row; its last may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query(Vec<Vec<String>>);

impl Query {
    /// None where there is nothing in it that could be found. Each run of characters between spaces is a phrase.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text: String = text.chars().take(MAX_QUERY).collect();
        let text = composed(&text);
        let phrase = |chunk: &str| words(chunk).map(|word| word.folded).collect::<Vec<_>>();
        let phrases: Vec<_> = text.split_whitespace().map(phrase).filter(|phrase| !phrase.is_empty()).collect();
        (!phrases.is_empty()).then_some(Self(phrases))
    }

    /// In the language of the index. Everything is quoted, and words hold letters and digits only: nothing in it is an operator.
    pub(crate) fn to_fts(&self) -> String {
        let phrase = |phrase: &Vec<String>| {
            let star = if may_go_on(phrase) { "*" } else { "" };
            format!("\"{}\"{star}", phrase.join(" "))
        };
        self.0.iter().map(phrase).collect::<Vec<_>>().join(" AND ")
    }

    /// The part of `content` around the first hit, with all hits in it marked; its beginning where none is near the beginning.
    pub(crate) fn snippet(&self, content: &str) -> Vec<SnippetPart> {
        let content = composed(cut(content, MAX_INDEXED));
        let marks = self.marks(&content);
        let begin = marks.first().map_or(0, |first| before(&content, first.start, SHOWN_BEFORE));
        let end = content[begin..].char_indices().nth(SHOWN).map_or(content.len(), |(at, _)| begin + at);
        let mut parts = Vec::new();
        let mut push = |text: &str, hit: bool| {
            if !text.is_empty() {
                parts.push(SnippetPart { text: text.to_owned(), hit });
            }
        };
        if begin > 0 {
            push("\u{2026}", false);
        }
        let mut at = begin;
        for mark in marks.iter().filter(|mark| mark.start >= begin && mark.end <= end) {
            push(&content[at..mark.start], false);
            push(&content[mark.clone()], true);
            at = mark.end;
        }
        push(&content[at..end], false);
        if end < content.len() {
            push("\u{2026}", false);
        }
        parts
    }

    /// Where the hits are, in order; hits that touch are one.
    fn marks(&self, content: &str) -> Vec<Range<usize>> {
        let all: Vec<Word> = words(content).collect();
        let mut marks: Vec<Range<usize>> = Vec::new();
        for phrase in &self.0 {
            let goes_on = may_go_on(phrase);
            let is_hit = |found: &&[Word]| {
                let (last, rest) = (phrase.len() - 1, found.iter().zip(phrase).enumerate());
                rest.into_iter().all(|(index, (word, wanted))| {
                    word.folded == *wanted || (goes_on && index == last && word.folded.starts_with(wanted.as_str()))
                })
            };
            let hits = all.windows(phrase.len()).filter(is_hit);
            marks.extend(hits.filter_map(|found| Some(found.first()?.at.start..found.last()?.at.end)));
        }
        marks.sort_by_key(|mark| (mark.start, mark.end));
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(marks.len());
        for mark in marks {
            match joined.last_mut() {
                Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
                _ => joined.push(mark),
            }
        }
        joined
    }
}

fn may_go_on(phrase: &[String]) -> bool {
    phrase.last().is_some_and(|last| last.chars().count() >= MIN_PREFIX)
}

/// The words of a message, folded, as the index takes them.
pub(crate) fn to_index(content: &str) -> String {
    let content = composed(cut(content, MAX_INDEXED));
    let mut text = String::with_capacity(content.len());
    for word in words(&content) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&word.folded);
    }
    text
}

/// Whether `text` holds `part`, whatever the case and the accents; for short texts such as names.
pub(crate) fn holds(text: &str, part: &str) -> bool {
    folded(text).contains(&folded(part))
}

fn folded(text: &str) -> String {
    let mut all = String::new();
    for character in composed(text).trim().chars() {
        fold(character, &mut all);
    }
    all
}

fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut characters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        // Up to the next word.
        while characters.next_if(|(_, character)| !character.is_alphanumeric()).is_some() {}
        let (start, first) = characters.next()?;
        let mut word = Word { folded: String::new(), at: start..start + first.len_utf8() };
        fold(first, &mut word.folded);
        if stands_alone(first) {
            return Some(word);
        }
        while let Some((at, character)) =
            characters.next_if(|(_, next)| is_mark(*next) || (next.is_alphanumeric() && !stands_alone(*next)))
        {
            fold(character, &mut word.folded);
            word.at.end = at + character.len_utf8();
        }
        Some(word)
    })
}

/// Without case, width and accents. Marks that make another letter (as in kana) stay.
fn fold(character: char, into: &mut String) {
    if character.is_ascii() {
        into.push(character.to_ascii_lowercase());
        return;
    }
    let bare = std::iter::once(character).nfkd().filter(|part| !is_mark(*part)).flat_map(char::to_lowercase);
    into.extend(bare.filter(|part| !is_mark(*part)).nfc());
}

/// Combining diacritical marks.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}')
}

/// Scripts whose words are not told apart by spaces.
fn stands_alone(character: char) -> bool {
    matches!(
        u32::from(character),
        0x0E00..=0x0EFF       // Thai, Lao
        | 0x1000..=0x109F     // Myanmar
        | 0x1780..=0x17FF     // Khmer
        | 0x3040..=0x30FF     // Hiragana, Katakana
        | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF     // Han
        | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7AF     // Hangul: words carry endings, and are joined
        | 0xF900..=0xFAFF
        | 0xFF66..=0xFF9F     // half-width Katakana
        | 0x20000..=0x3FFFF
    )
}

/// In the form in which a letter and its mark are one character.
fn composed(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    }
}

/// At most `bytes` of `text`, whole characters.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The place `count` characters before `at`, or the beginning.
fn before(text: &str, at: usize, count: usize) -> usize {
    text[..at].char_indices().rev().take(count).last().map_or(at, |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(query: &str, content: &str) -> String {
        let parts = Query::read(query).unwrap().snippet(content);
        parts.iter().map(|part| if part.hit { format!("[{}]", part.text) } else { part.text.clone() }).collect()
    }

    #[test]
    fn case_accents_and_width_do_not_count_and_kana_keep_their_marks() {
        assert_eq!(to_index("Caf\u{e9} CAFE\u{301} \u{ff26}\u{ff35}LL \u{17b}\u{f3}\u{142}w"), "cafe cafe full zo\u{142}w");
        assert_eq!(to_index("\u{304c}"), "\u{304c}");
        assert_eq!(to_index("\u{304b}\u{3099}"), "\u{304c}");
    }

    #[test]
    fn whatever_is_typed_becomes_quoted_words() {
        for (typed, fts) in [
            ("hello", "\"hello\"*"),
            ("a OR b", "\"a\" AND \"or\"* AND \"b\""),
            ("NEAR(x y, 5) -z col:umn", "\"near x\" AND \"y\" AND \"5\" AND \"z\" AND \"col umn\"*"),
            ("\" OR 1=1 --", "\"or\"* AND \"1 1\""),
            ("^don't*", "\"don t\""),
            ("\u{6771}\u{4eac}", "\"\u{6771} \u{4eac}\""),
        ] {
            assert_eq!(Query::read(typed).unwrap().to_fts(), fts, "{typed}");
        }
        for nothing in ["", "  ", "\"", "*", "()", "\u{1f600}"] {
            assert_eq!(Query::read(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn hits_are_marked_as_they_were_written() {
        assert_eq!(shown("caf", "One Caf\u{e9}, please."), "One [Caf\u{e9}], please.");
        assert_eq!(shown("\u{4eac}\u{90fd}", "\u{6771}\u{4eac}\u{90fd}\u{306e}"), "\u{6771}[\u{4eac}\u{90fd}]\u{306e}");
        assert_eq!(shown("is a", "this is a test"), "this [is] [a] test");
        let long = format!("{} needle {}", "hay ".repeat(100), "hay ".repeat(100));
        let found = shown("needle", &long);
        assert!(found.starts_with('\u{2026}') && found.contains("[needle]") && found.ends_with('\u{2026}'), "{found}");
        assert!(found.chars().count() < 260, "{found}");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_what_was_written(query in "\\PC{1,12}", content in "\\PC{0,400}") {
            let Some(query) = Query::read(&query) else { return Ok(()) };
            let parts = query.snippet(&content);
            let text: String = parts.iter().map(|part| part.text.as_str()).collect();
            let text = text.trim_start_matches('\u{2026}').trim_end_matches('\u{2026}');
            prop_assert!(composed(&content).contains(text));
        }

        #[test]
        fn the_beginning_of_each_word_finds_it(content in "[a-zA-Z\u{e9}\u{6771} .,]{1,60}") {
            for word in words(&composed(&content)) {
                let query = Query::read(&word.folded).unwrap();
                prop_assert!(query.snippet(&content).iter().any(|part| part.hit), "{} in {content}", word.folded);
            }
        }
    }
}
