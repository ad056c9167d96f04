//! A command's output as text: whole characters only, and of what is too long the head and the tail.

use crate::text::clipped;

/// Makes text of bytes that come in pieces.
#[derive(Default)]
pub(crate) struct Decoder {
    /// The start of a character whose rest has not come yet.
    begun: Vec<u8>,
}

impl Decoder {
    /// The text of what came, but for a character that is not whole yet.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.begun.extend_from_slice(bytes);
        let whole = self.begun.len() - unfinished(&self.begun);
        let rest = self.begun.split_off(whole);
        let text = String::from_utf8_lossy(&self.begun).into_owned();
        self.begun = rest;
        text
    }

    /// What is left at the end.
    pub(crate) fn end(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.begun)).into_owned()
    }
}

/// How many bytes at the end may still become a character.
fn unfinished(mut bytes: &[u8]) -> usize {
    while let Err(error) = std::str::from_utf8(bytes) {
        let rest = bytes.get(error.valid_up_to()..).unwrap_or_default();
        let Some(bad) = error.error_len() else { return rest.len() };
        bytes = rest.get(bad..).unwrap_or_default();
    }
    0
}

/// Text that keeps its first and its last half.
pub(crate) struct Kept {
    head: String,
    tail: String,
    /// The most of each.
    half: usize,
    /// Bytes between the two that are gone.
    lost: usize,
}

impl Kept {
    /// Keeps about `bytes`, and never more.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { head: String::new(), tail: String::new(), half: bytes / 2, lost: 0 }
    }

    pub(crate) fn push(&mut self, text: &str) {
        let fits = if self.tail.is_empty() && self.lost == 0 { clipped(text, self.half - self.head.len()) } else { "" };
        self.head.push_str(fits);
        let rest = text.get(fits.len()..).unwrap_or_default();
        self.tail.push_str(rest);
        // Not each time: moving the tail costs its length.
        if self.tail.len() > self.half.saturating_mul(2).saturating_add(4096) {
            self.trim();
        }
    }

    fn trim(&mut self) {
        let cut = self.tail.ceil_char_boundary(self.tail.len().saturating_sub(self.half));
        self.tail.drain(..cut);
        self.lost += cut;
    }

    /// Head and tail, and between them what is missing.
    pub(crate) fn told(mut self) -> String {
        self.trim();
        if self.lost == 0 {
            return self.head + &self.tail;
        }
        format!("{}\n[{} bytes left out here]\n{}", self.head, self.lost, self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_give_the_same_text_as_the_whole(bytes: Vec<u8>, cuts: Vec<u8>) {
            let whole = String::from_utf8_lossy(&bytes).into_owned();
            let (mut decoder, mut text, mut rest) = (Decoder::default(), String::new(), bytes.as_slice());
            for cut in cuts {
                let (piece, after) = rest.split_at(usize::from(cut % 5).min(rest.len()));
                text.push_str(&decoder.push(piece));
                rest = after;
            }
            text.push_str(&decoder.push(rest));
            text.push_str(&decoder.end());
            prop_assert_eq!(text, whole);
        }

        #[test]
        fn what_is_kept_is_the_start_and_the_end(pieces: Vec<String>, bytes in 0_usize..200) {
            let whole = pieces.concat();
            let mut kept = Kept::new(bytes);
            for piece in &pieces {
                kept.push(piece);
            }
            let (head, tail, half) = (kept.head.clone(), whole.len(), bytes / 2);
            let lost = whole.len().saturating_sub(half * 2);
            let told = kept.told();
            if lost == 0 && told == whole {
                return Ok(());
            }
            prop_assert!(head.len() <= half && whole.starts_with(&head));
            let (start, end) = told.split_once(" bytes left out here]\n").unwrap();
            let number: usize = start.rsplit_once('[').unwrap().1.parse().unwrap();
            prop_assert!(end.len() <= half && whole.ends_with(end));
            prop_assert_eq!(head.len() + number + end.len(), tail);
        }
    }
}
