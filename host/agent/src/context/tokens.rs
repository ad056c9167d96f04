//! How many tokens a text has, more or less. Each provider counts in its own way; this estimate errs on the high side for prose and
//! code, and is corrected by what the provider reports.

use crate::attachment;
use std::sync::atomic::{AtomicU32, Ordering};
use wingman_message::{Attachment, ContentSource, Entry, ToolSpec, UserEntry};

/// What an entry costs beside its text.
const ENTRY: u64 = 8;
/// What an image costs: about the most that providers charge for one of the size that they take.
const IMAGE: u64 = 1_600;
/// How many bytes of a PDF, and of sound, make a token, and the most that is taken for one such file: about what providers charge for
/// pages and seconds of usual sizes. What they report corrects it.
const BYTES_OF_A_PDF: u64 = 16;
const BYTES_OF_SOUND: u64 = 256;
const MOST_OF_A_FILE: u64 = 32_000;
/// The marks around a text of strangers.
const MARKS: u64 = 48;
/// The mention of a file that the model is not shown.
const MENTION: u64 = 48;

/// Twelfths of a token that a byte stands for. Words have about four letters a token; digits and signs stand alone or in pairs;
/// other alphabets have two or three bytes a letter, and about one token for it.
const fn weight(byte: u8) -> u64 {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b' ' => 3,
        0x80.. => 5,
        _ => 6,
    }
}

pub(crate) fn of_text(text: &str) -> u64 {
    text.bytes().map(weight).sum::<u64>().div_ceil(12)
}

/// How many bytes of prose have `tokens` tokens.
pub(crate) fn bytes(tokens: u64) -> u64 {
    tokens.saturating_mul(4)
}

pub(crate) fn of_entry(entry: &Entry) -> u64 {
    let text = match entry {
        Entry::User(user) => of_user(user),
        Entry::Assistant { text, calls, reasoning } => {
            let calls: u64 = calls.iter().map(|call| ENTRY + of_text(&call.name) + of_text(&call.input.to_string())).sum();
            // Sent in the place of both, text and calls included.
            let replay = reasoning.as_ref().and_then(|reasoning| reasoning.replay.as_ref());
            replay.map_or(0, |replay| of_text(&replay.to_string())).max(of_text(text) + calls)
        }
        Entry::Tool { output, .. } => of_text(output),
    };
    ENTRY + text
}

fn of_user(user: &UserEntry) -> u64 {
    let attachments: u64 = user.attachments.iter().map(of_attachment).sum();
    of_text(&user.text) + attachments + if user.untrusted { MARKS } else { 0 }
}

fn of_attachment(attachment: &Attachment) -> u64 {
    let mention = MENTION + attachment.name.as_deref().map_or(0, of_text);
    let base64 = match &attachment.source {
        ContentSource::Url(url) => url.strip_prefix("data:").map_or(0, str::len),
        ContentSource::Blob(_) | ContentSource::Reference(_) => 0,
    };
    let bytes = u64::try_from(base64 / 4 * 3).unwrap_or(u64::MAX);
    let kind = attachment.media_type.to_ascii_lowercase();
    if kind.starts_with("image/") {
        IMAGE
    } else if kind == "application/pdf" {
        mention + (bytes / BYTES_OF_A_PDF).min(MOST_OF_A_FILE)
    } else if kind.starts_with("audio/") {
        mention + (bytes / BYTES_OF_SOUND).min(MOST_OF_A_FILE)
    } else if attachment::is_text(&kind) {
        mention + bytes.min(attachment::MAX_TEXT as u64).div_ceil(3)
    } else {
        mention
    }
}

pub(crate) fn of_tool(tool: &ToolSpec) -> u64 {
    ENTRY + of_text(&tool.name) + of_text(&tool.description) + of_text(&tool.input_schema.to_string())
}

/// Whether a provider's refusal says that a conversation is too long. Providers have no common code for it.
pub(crate) fn say_too_long(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    (says("context") && (says("length") || says("window") || says("exceed") || says("too long") || says("size")))
        || (says("token") && (says("too many") || says("too long") || says("exceed") || says("maximum")))
        || says("prompt is too long")
}

/// In thousandths: estimates are taken as they are, no lower than half, no higher than four times.
const ONE: u32 = 1_000;
const LEAST: u32 = 500;
const MOST: u32 = 4_000;
/// A request that is shorter says little: what providers add to each one weighs too much in it.
const TOO_SHORT: u64 = 500;

/// How many tokens a provider counts where one is estimated.
#[derive(Debug)]
pub(crate) struct Calibration(AtomicU32);

impl Default for Calibration {
    fn default() -> Self {
        Self(AtomicU32::new(ONE))
    }
}

impl Calibration {
    /// Takes in that the provider counted `counted` where `estimate` was expected. A higher count is believed at once, a lower one
    /// little by little: too high an estimate only costs room.
    pub(crate) fn learn(&self, estimate: u64, counted: u64) {
        if estimate < TOO_SHORT || counted == 0 {
            return;
        }
        let seen = counted.saturating_mul(ONE.into()) / estimate;
        let seen = u32::try_from(seen).unwrap_or(MOST).clamp(LEAST, MOST);
        self.change(|now| if seen > now { seen } else { (3 * now + seen) / 4 });
    }

    /// The provider refused what was taken to fit.
    pub(crate) fn raise(&self) {
        self.change(|now| (now + now / 4).min(MOST));
    }

    /// The provider's count for an estimate.
    pub(crate) fn scaled(&self, estimate: u64) -> u64 {
        estimate.saturating_mul(self.now()) / u64::from(ONE)
    }

    /// The estimate for a provider's count.
    pub(crate) fn unscaled(&self, counted: u64) -> u64 {
        counted.saturating_mul(ONE.into()) / self.now()
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed).into()
    }

    fn change(&self, change: impl Fn(u32) -> u32) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(change(now)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_not_counted_by_the_letters_of_its_encoding() {
        let image = Attachment {
            name: None,
            media_type: "image/png".into(),
            size: None,
            source: ContentSource::Url(format!("data:image/png;base64,{}", "A".repeat(1_000_000))),
        };
        let user = UserEntry { text: "Look".into(), attachments: vec![image], untrusted: false };
        assert!(of_entry(&Entry::User(user)) < 2 * IMAGE);
    }

    #[test]
    fn a_text_file_is_counted_as_the_text_that_is_shown() {
        let file = |bytes: usize| {
            let source = ContentSource::Url(format!("data:text/csv;base64,{}", "A".repeat(bytes / 3 * 4)));
            let csv = Attachment { name: None, media_type: "text/csv".into(), size: None, source };
            of_entry(&Entry::User(UserEntry { text: "Look".into(), attachments: vec![csv], untrusted: false }))
        };
        assert!((10_000..10_200).contains(&file(30_000)), "{}", file(30_000));
        assert_eq!(file(10_000_000), file(20_000_000), "no more of it is shown");
    }

    #[test]
    fn a_higher_count_is_believed_at_once_and_a_lower_one_slowly() {
        let calibration = Calibration::default();
        calibration.learn(1_000, 1_500);
        assert_eq!(calibration.scaled(1_000), 1_500);
        calibration.learn(1_000, 700);
        assert_eq!(calibration.scaled(1_000), 1_300);
        for _ in 0..50 {
            calibration.learn(1_000, 10);
        }
        assert!((500..520).contains(&calibration.scaled(1_000)), "{}", calibration.scaled(1_000));
        calibration.learn(100, 100_000);
        calibration.learn(1_000, 0);
        assert!(calibration.scaled(1_000) < 520, "what says little is not believed");
        for _ in 0..50 {
            calibration.raise();
        }
        assert_eq!(calibration.scaled(1_000), 4_000);
    }

    #[test]
    fn refusals_for_length_are_told_from_others() {
        for long in [
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
            "prompt is too long: 210000 tokens > 200000 maximum",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            "the request exceeds the available context size",
        ] {
            assert!(say_too_long(long), "{long}");
        }
        for other in ["Incorrect API key provided", "the model `x` does not exist", "invalid token in JSON at 3"] {
            assert!(!say_too_long(other), "{other}");
        }
    }
}
