//! Splitting: parts keep the limit, none is empty, and a text that grows keeps all its parts but the last.
//!
//! The first byte of an input is the limit, the second the unit, the rest the text.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use wingman_sdk::split::{Limit, Unit, split};

fuzz_target!(|input: &[u8]| -> Corpus {
    let [limit, unit, text @ ..] = input else { return Corpus::Reject };
    let Ok(text) = str::from_utf8(text) else { return Corpus::Reject };
    let unit = [Unit::Chars, Unit::Utf16, Unit::Bytes][usize::from(*unit) % 3];
    let most = usize::from(*limit).max(Limit::LEAST);
    let limit = Limit::new(most, unit);
    let parts = split(text, limit);
    for part in &parts {
        assert!(!part.is_empty());
        assert!(limit.measure(part) <= most, "{part:?}");
    }
    let earlier = &text[..text.floor_char_boundary(text.len() / 2)];
    let before = split(earlier, limit);
    let kept = before.len().saturating_sub(1);
    assert!(parts.len() >= kept && parts[..kept] == before[..kept], "a part changed when the text grew");
    Corpus::Keep
});
