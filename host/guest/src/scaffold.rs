//! New plugin projects, from the templates of this crate.

use crate::{GuestError, Kind, Language, Result, system, templates};
use std::path::{Path, PathBuf};

/// Where a new Rust project gets `wingman-sdk` from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SdkSource {
    /// A folder on this machine.
    Path(PathBuf),
    /// A released version, as cargo writes it, such as `0.1`.
    Version(String),
    /// A git repository.
    Git(String),
}

impl SdkSource {
    /// The right side of the line in `[dependencies]`.
    fn dependency(&self) -> String {
        let (key, value) = match self {
            Self::Path(path) => ("path", path.to_string_lossy().into_owned()),
            Self::Version(version) => ("version", version.clone()),
            Self::Git(url) => ("git", url.clone()),
        };
        format!("{{ {key} = {} }}", toml::Value::String(value))
    }
}

/// Writes a new project into `dest`, a folder that is empty or not there. Returns the files in the order in which they were
/// written, relative to `dest`. `sdk` matters to Rust projects alone.
///
/// # Errors
/// [`GuestError::Name`] and [`GuestError::NotEmpty`] before anything is written, [`GuestError::File`] after.
pub fn scaffold(name: &str, kind: Kind, language: Language, sdk: &SdkSource, dest: &Path) -> Result<Vec<PathBuf>> {
    if !is_name(name) {
        return Err(GuestError::Name { name: name.to_owned() });
    }
    if std::fs::read_dir(dest).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(GuestError::NotEmpty { dir: dest.to_path_buf() });
    }
    let imports = if kind == Kind::Channel { "\"http\"" } else { "" };
    let blanks = [("{{name}}", name), ("{{type}}", &type_name(name)), ("{{sdk}}", &sdk.dependency()), ("{{imports}}", imports)];
    let mut written = Vec::new();
    for (path, template) in templates::files(kind, language) {
        let text = blanks.iter().fold(template.to_owned(), |text, (blank, value)| text.replace(blank, value));
        system::write(&dest.join(path), text.as_bytes())?;
        written.push(PathBuf::from(path));
    }
    Ok(written)
}

/// Names that are good for a plugin and for a package of every language.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// `my-channel` as a type is `MyChannel`.
fn type_name(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('-').map(capital).collect()
}
