//! Files beside a message: as a client sends them, and as the gateway shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::ContentSource;

/// How an attachment is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum AttachmentKind {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Anything else.
    File,
}

impl AttachmentKind {
    /// The kind for a media type.
    #[must_use]
    pub fn of_media_type(media_type: &str) -> Self {
        match media_type.split('/').next() {
            Some("image") => Self::Image,
            Some("audio") => Self::Audio,
            _ => Self::File,
        }
    }
}

/// A file that a client sends with a request; its bytes are in `dataUrl`, its text, where it is text, in `textContent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct NewAttachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// A `data:` URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_url: Option<String>,
    /// The text of a text file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_content: Option<String>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// A file beside a stored message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Attachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// Its media type.
    pub mime_type: String,
    /// The file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its size in bytes, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its bytes as a `data:` URL, where the sender gave them so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_url: Option<String>,
    /// Where it can be fetched, where it lives elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl From<&wingman_message::Attachment> for Attachment {
    fn from(from: &wingman_message::Attachment) -> Self {
        let (data_url, url) = match &from.source {
            ContentSource::Url(url) if url.starts_with("data:") => (Some(url.clone()), None),
            ContentSource::Url(url) => (None, Some(url.clone())),
            // A blob is the host's own, a reference the network's; no client can fetch either by its name.
            ContentSource::Blob(_) | ContentSource::Reference(_) => (None, None),
        };
        Self {
            kind: AttachmentKind::of_media_type(&from.media_type),
            mime_type: from.media_type.clone(),
            name: from.name.clone(),
            size: from.size,
            data_url,
            url,
        }
    }
}
