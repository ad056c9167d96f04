//! Files that a client sends along: bytes as data URLs, text as text.

use serde::Deserialize;
use wingman_sdk::{Attachment, ContentSource, PluginError, Result};

const MAX_NAME: usize = 255;

/// A file as a client writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct File {
    kind: Kind,
    data_url: Option<String>,
    text_content: Option<String>,
    mime_type: Option<String>,
    name: Option<String>,
    size: Option<u64>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Image,
    Audio,
    File,
}

impl File {
    /// Its name, or what it is.
    pub(crate) fn label(&self) -> String {
        self.base_name().unwrap_or_else(|| self.kind.word().to_owned())
    }

    /// The name without any folders in front.
    fn base_name(&self) -> Option<String> {
        let name = self.name.as_deref()?.rsplit(['/', '\\']).next()?.trim();
        let name: String = name.chars().filter(|character| !character.is_control()).take(MAX_NAME).collect();
        (!name.is_empty()).then_some(name)
    }

    fn media_type(&self, url: &str) -> String {
        let told = self.mime_type.as_deref().filter(|told| !told.is_empty());
        // `data:image/png;base64,...`: the media type ends at the first `;` or `,`.
        let written =
            url.strip_prefix("data:").and_then(|rest| rest.split([';', ',']).next()).filter(|written| !written.is_empty());
        told.or(written).unwrap_or("application/octet-stream").to_owned()
    }
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::File => "file",
        }
    }
}

/// Files, by what becomes of them.
#[derive(Default)]
pub(crate) struct Sorted {
    pub(crate) attachments: Vec<Attachment>,
    /// Name and content of text files.
    pub(crate) texts: Vec<(String, String)>,
}

/// Bytes become attachments; text becomes data, apart from the client's own words.
pub(crate) fn sort(files: Vec<File>) -> Result<Sorted> {
    let mut sorted = Sorted::default();
    for (index, file) in files.into_iter().enumerate() {
        let (label, name) = (file.label(), file.base_name());
        if let Some(url) = &file.data_url {
            if !(url.starts_with("data:") && url.contains(',')) {
                return Err(invalid(index, "`dataUrl` must be a data URL, such as `data:image/png;base64,iVBORw0...`"));
            }
            let media_type = file.media_type(url);
            sorted.attachments.push(Attachment { name, media_type, size: file.size, source: ContentSource::Url(url.clone()) });
        } else if file.text_content.is_none() {
            return Err(invalid(index, "send its bytes as `dataUrl` or its text as `textContent`"));
        }
        sorted.texts.extend(file.text_content.map(|text| (format!("file {label}"), text)));
    }
    Ok(sorted)
}

fn invalid(index: usize, reason: &str) -> PluginError {
    PluginError::invalid_input(format!("`attachments[{index}]`: {reason}"))
}
