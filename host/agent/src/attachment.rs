//! Files beside a message, as a model is shown them: as they are where it takes them, their text where they are text, and a
//! line that says what was left out, and why, where they are neither. What one request holds of them is bounded.

use crate::provider::Api;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rig_core::message::{AudioMediaType, DocumentMediaType, ImageMediaType, MimeType, UserContent};
use wingman_message::{Attachment, ContentSource, Entry};

/// The most of files that one request holds, in bytes as sent (base64).
const MAX_MEDIA: usize = 20 * 1024 * 1024;
/// The most files that one request holds.
const MAX_FILES: usize = 20;
/// The most of one text file that a model reads, in bytes.
pub(crate) const MAX_TEXT: usize = 128 * 1024;
/// The most of all text files of one request, in bytes.
const MAX_TEXTS: usize = 512 * 1024;

/// What a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Takes {
    gif: bool,
    pdf: bool,
    audio: Audio,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audio {
    None,
    WavMp3,
    Any,
}

impl Takes {
    /// What `model` of a provider takes. Pictures go to all: rig knows the models that take none, and tells them.
    pub(crate) fn of(api: Api, model: &str) -> Self {
        let (gif, pdf, audio) = match api {
            Api::OpenAi => (true, true, if model.contains("audio") { Audio::WavMp3 } else { Audio::None }),
            Api::Anthropic => (true, true, Audio::None),
            Api::Gemini => (false, true, Audio::Any),
            // It reads PDFs for models that do not.
            Api::OpenRouter => {
                let hears = model.starts_with("google/gemini") || model.contains("audio");
                (true, true, if hears { Audio::WavMp3 } else { Audio::None })
            }
            Api::Xai => (false, false, Audio::None),
            Api::Ollama | Api::Compatible | Api::Demo => (true, false, Audio::None),
        };
        Self { gif, pdf, audio }
    }

    fn media(self, kind: &str, data: &str) -> Option<UserContent> {
        if let Some(image) = ImageMediaType::from_mime_type(kind) {
            let taken = match image {
                ImageMediaType::PNG | ImageMediaType::JPEG | ImageMediaType::WEBP => true,
                ImageMediaType::GIF => self.gif,
                _ => false,
            };
            return taken.then(|| UserContent::image_base64(data, Some(image), None));
        }
        if kind == "application/pdf" {
            return self.pdf.then(|| UserContent::document_base64(data, Some(DocumentMediaType::PDF)));
        }
        let audio = audio_kind(kind)?;
        let taken = match self.audio {
            Audio::None => false,
            Audio::WavMp3 => matches!(audio, AudioMediaType::WAV | AudioMediaType::MP3),
            Audio::Any => true,
        };
        taken.then(|| UserContent::audio_base64(data, Some(audio)))
    }
}

fn audio_kind(kind: &str) -> Option<AudioMediaType> {
    match kind {
        "audio/mpeg" => Some(AudioMediaType::MP3),
        "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => Some(AudioMediaType::WAV),
        "audio/mp4" | "audio/x-m4a" => Some(AudioMediaType::M4A),
        other => AudioMediaType::from_mime_type(other),
    }
}

/// A user's files, as shown.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// A line or a text for each file that is not sent as it is.
    pub(crate) lines: Vec<String>,
    /// Those that are.
    pub(crate) media: Vec<UserContent>,
}

/// The files of each user's entry of `history`, in order. Where there are too many, the newest are shown.
pub(crate) fn shown(history: &[Entry], takes: Takes) -> Vec<Shown> {
    let mut left = Left { files: MAX_FILES, media: MAX_MEDIA, texts: MAX_TEXTS };
    let mut all: Vec<Shown> = history
        .iter()
        .rev()
        .filter_map(|entry| match entry {
            Entry::User(user) => Some(user),
            _ => None,
        })
        .map(|user| {
            let mut shown = Shown::default();
            for attachment in &user.attachments {
                left.show(attachment, takes, &mut shown);
            }
            shown
        })
        .collect();
    all.reverse();
    all
}

/// What a request still has room for.
struct Left {
    files: usize,
    media: usize,
    texts: usize,
}

impl Left {
    fn show(&mut self, attachment: &Attachment, takes: Takes, shown: &mut Shown) {
        let left_out = |why: &str| format!("[attachment: {}; left out: {why}]", label(attachment));
        let Some((kind, data)) = bytes(attachment) else {
            shown.lines.push(left_out("its content is not at hand"));
            return;
        };
        if is_text(&kind) {
            let line = match self.text(data) {
                Some(text) => format!("[attachment: {}]\n{text}\n[end of attachment]", label(attachment)),
                None => left_out("it is no readable text, or all texts together are too long"),
            };
            shown.lines.push(line);
            return;
        }
        let Some(media) = takes.media(&kind, data) else {
            shown.lines.push(left_out("this model takes no files of this kind"));
            return;
        };
        if self.files == 0 || data.len() > self.media {
            shown.lines.push(left_out("the files of this conversation are too large together"));
            return;
        }
        self.files -= 1;
        self.media -= data.len();
        shown.media.push(media);
        if !kind.starts_with("image/") {
            shown.lines.push(format!("[attachment: {}]", label(attachment)));
        }
    }

    /// The text of a text file, cut where it is too long.
    fn text(&mut self, data: &str) -> Option<String> {
        let most = MAX_TEXT.min(self.texts);
        if most == 0 {
            return None;
        }
        // No more is decoded than is shown, and one byte to see that it is more.
        let needed = (most / 3 + 2) * 4;
        let (data, is_cut) = match data.get(..needed) {
            Some(begin) if begin.len() < data.len() => (begin, true),
            _ => (data, false),
        };
        let bytes = STANDARD.decode(data).ok()?;
        let mut text = match String::from_utf8(bytes) {
            Ok(text) => text,
            // A cut may go through a character.
            Err(error) if is_cut => {
                let valid = error.utf8_error().valid_up_to();
                String::from_utf8(error.into_bytes().get(..valid)?.to_vec()).ok()?
            }
            Err(_) => return None,
        };
        if is_cut || text.len() > most {
            text.truncate(text.floor_char_boundary(most));
            text.push_str("\n[cut here: the file is longer]");
        }
        self.texts = self.texts.saturating_sub(text.len());
        Some(text)
    }
}

/// The media type, in lower case and without its parameters, and the base64 of an attachment that came along.
fn bytes(attachment: &Attachment) -> Option<(String, &str)> {
    let ContentSource::Url(url) = &attachment.source else { return None };
    let (kind, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = if kind.is_empty() { &attachment.media_type } else { kind };
    Some((kind.to_ascii_lowercase(), data))
}

pub(crate) fn is_text(kind: &str) -> bool {
    kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(
            kind,
            "application/json"
                | "application/xml"
                | "application/yaml"
                | "application/x-yaml"
                | "application/toml"
                | "application/javascript"
                | "application/sql"
                | "application/x-sh"
                | "application/x-ndjson"
        )
}

fn label(attachment: &Attachment) -> String {
    let name = attachment.name.as_deref().unwrap_or("without a name");
    match attachment.size {
        Some(size) => format!("{name}, {}, {size} bytes", attachment.media_type),
        None => format!("{name}, {}", attachment.media_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wingman_message::UserEntry;

    fn file(name: &str, kind: &str, bytes: &[u8]) -> Attachment {
        let url = format!("data:{kind};base64,{}", STANDARD.encode(bytes));
        Attachment { name: Some(name.into()), media_type: kind.into(), size: None, source: ContentSource::Url(url) }
    }

    fn said(attachments: Vec<Attachment>) -> Entry {
        Entry::User(UserEntry { text: "see".into(), attachments, untrusted: false })
    }

    #[test]
    fn the_newest_files_are_shown_where_there_are_too_many() {
        let one = || file("a.png", "image/png", &[1; 6 * 1024 * 1024]);
        let all = shown(&[said(vec![one()]), said(vec![one()]), said(vec![one()])], Takes::of(Api::Anthropic, "m"));
        assert_eq!(all.iter().map(|shown| shown.media.len()).collect::<Vec<_>>(), [0, 1, 1]);
        assert!(all[0].lines[0].contains("left out: the files of this conversation are too large"), "{:?}", all[0].lines);
    }

    #[test]
    fn what_a_model_does_not_take_is_named() {
        let files = || {
            vec![
                file("a.pdf", "application/pdf", b"%PDF"),
                file("b.mp3", "audio/mpeg", b"ID3"),
                file("c.zip", "application/zip", b"PK"),
                file("d.gif", "image/gif", b"GIF89a"),
            ]
        };
        let taken = |api, model| {
            let all = shown(&[said(files())], Takes::of(api, model));
            let names: Vec<String> = all[0].lines.iter().filter(|line| line.contains("left out")).cloned().collect();
            names.iter().map(|line| line[13..18].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(taken(Api::Gemini, "gemini-x"), ["c.zip", "d.gif"]);
        assert_eq!(taken(Api::Anthropic, "claude-x"), ["b.mp3", "c.zip"]);
        assert_eq!(taken(Api::OpenAi, "gpt-audio"), ["c.zip"]);
        assert_eq!(taken(Api::Compatible, "any"), ["a.pdf", "b.mp3", "c.zip"]);
    }

    proptest! {
        #[test]
        fn a_text_file_is_shown_to_the_letter_or_cut_between_characters(text in "\\PC{0,60}", times in 1..6_000_usize) {
            let whole = text.repeat(times);
            let all = shown(&[said(vec![file("a.txt", "text/plain", whole.as_bytes())])], Takes::of(Api::OpenAi, "m"));
            let line = &all[0].lines[0];
            let body = line.strip_prefix("[attachment: a.txt, text/plain]\n").unwrap();
            let body = body.strip_suffix("\n[end of attachment]").unwrap();
            match body.strip_suffix("\n[cut here: the file is longer]") {
                Some(begin) => prop_assert!(whole.starts_with(begin) && whole.len() > MAX_TEXT && begin.len() > MAX_TEXT - 4),
                None => prop_assert_eq!(body, whole),
            }
        }
    }
}
