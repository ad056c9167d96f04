//! Cutting texts: the laws, and some texts that people write.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use wingman_sdk::split::{Limit, Unit, split};

fn unit() -> impl Strategy<Value = Unit> {
    prop_oneof![Just(Unit::Chars), Just(Unit::Utf16), Just(Unit::Bytes)]
}

fn limit() -> impl Strategy<Value = Limit> {
    (16usize..80, unit()).prop_map(|(max, unit)| Limit::new(max, unit))
}

/// Texts in the neighbourhood of Markdown.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zéß漢]{1,12}",
        " |\n|\n\n|\\. ",
        "`|``|```|```rs\n|~~~\n|\n```\n|> |- ",
        Just("👨‍👩‍👧".to_owned()),
        Just("e\u{301}\u{302}".to_owned()),
        Just("[a](https://example.com/b)".to_owned()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// The characters that a cut neither adds nor takes away.
fn content(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace() && !"`~>".contains(*character)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_part_is_within_the_limit_and_none_is_empty(text in text(), max in 16usize..80, unit in unit()) {
        let limit = Limit::new(max, unit);
        for part in split(&text, limit) {
            prop_assert!(!part.trim().is_empty());
            prop_assert!(limit.measure(&part) <= max, "{} > {max}: {part:?}", limit.measure(&part));
        }
    }

    #[test]
    fn nothing_is_lost_and_nothing_is_said_twice(words in prop::collection::vec("[a-zé漢]{1,9}|\n\n|\n|`x y`|👨‍👩‍👧", 0..80), limit in limit()) {
        let text = words.join(" ");
        prop_assert_eq!(content(&split(&text, limit).concat()), content(&text));
    }

    #[test]
    fn code_comes_through_line_by_line(lines in prop::collection::vec("[a-z {}]{0,20}", 1..30), language in "[a-z]{0,4}", max in 40usize..90) {
        let text = format!("Look:\n\n```{language}\n{}\n```\n\nDone.", lines.join("\n"));
        let parts = split(&text, Limit::chars(max));
        let mut code = Vec::new();
        for part in &parts {
            prop_assert_eq!(part.matches("```").count() % 2, 0, "{}", part);
            let mut inside = false;
            for line in part.lines() {
                match line.starts_with("```") {
                    true => inside = !inside,
                    false if inside => code.push(line.to_owned()),
                    false => {}
                }
            }
        }
        let kept = |lines: &[String]| lines.iter().filter(|line| !line.trim().is_empty()).cloned().collect::<Vec<_>>();
        prop_assert_eq!(kept(&code), kept(&lines));
    }

    #[test]
    fn what_must_stay_whole_does(before in "[a-z ]{0,60}", after in "[a-z ]{0,60}", whole in prop_oneof![
        Just("`a b c d`"), Just("[a b](/c)"), Just("https://x.yz"), Just("👨‍👩‍👧"), Just("``a ` b``"),
    ]) {
        let text = format!("{before} {whole} {after}");
        let parts = split(&text, Limit::chars(40));
        prop_assert!(parts.iter().any(|part| part.contains(whole)), "{parts:?}");
    }
}

proptest! {
    // Each case splits as many texts as it has characters.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_text_that_grows_keeps_its_full_parts(text in text(), limit in limit()) {
        let whole = split(&text, limit);
        let ends: Vec<_> = text.char_indices().map(|(index, _)| index).collect();
        for end in ends {
            let parts = split(&text[..end], limit);
            let full = parts.len().saturating_sub(1);
            prop_assert!(full <= whole.len() && parts[..full] == whole[..full], "{:?}: {:?} then {:?}", &text[..end], parts, whole);
        }
    }
}

#[test]
fn a_cut_is_made_between_paragraphs_first_and_then_ever_closer() {
    let cut = |text: &str| split(text, Limit::chars(30));
    assert_eq!(cut("One two three.\nFour five.\n\nSix seven eight"), ["One two three.\nFour five.", "Six seven eight"]);
    assert_eq!(cut("One two three four.\nFive six seven. Eight"), ["One two three four.", "Five six seven. Eight"]);
    assert_eq!(cut("One two three four. Five six seven eight"), ["One two three four.", "Five six seven eight"]);
    assert_eq!(cut("One two three four five six seven eight"), ["One two three four five six", "seven eight"]);
    assert_eq!(cut(&"x".repeat(40)), ["x".repeat(30), "x".repeat(10)]);
}

#[test]
fn indentation_after_a_cut_stays() {
    let parts = split("- one two three four five\n  - six\n  - seven", Limit::chars(28));
    assert_eq!(parts, ["- one two three four five", "  - six\n  - seven"]);
}

#[test]
fn a_code_block_in_a_list_is_opened_again_where_it_stood() {
    let parts = split("1. Run\n   ```sh\n   make all\n   make test\n   ```", Limit::chars(40));
    assert_eq!(parts, ["1. Run\n   ```sh\n   make all\n   ```", "   ```sh\n   make test\n   ```"]);
}

#[test]
fn a_block_that_is_still_being_written_is_closed_for_now() {
    for unfinished in ["```rs\nlet a = 1;", "```rs\nlet a = 1;\n", "```rs\nlet a = 1;\n``"] {
        assert_eq!(split(unfinished, Limit::chars(100)), ["```rs\nlet a = 1;\n```"], "{unfinished:?}");
    }
}

#[test]
fn a_limit_in_utf_16_counts_what_the_network_counts() {
    assert_eq!(split(&"😀".repeat(10), Limit::utf16(16)), ["😀".repeat(8), "😀".repeat(2)]);
    assert_eq!(split(&"😀".repeat(10), Limit::chars(16)).len(), 1);
    assert_eq!(split(&"😀".repeat(10), Limit::bytes(16)).len(), 3);
}

#[test]
fn nothing_has_no_parts() {
    for nothing in ["", " ", "\n\n \n"] {
        assert!(split(nothing, Limit::chars(100)).is_empty());
    }
}
