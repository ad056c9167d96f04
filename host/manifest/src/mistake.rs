//! What is wrong with a manifest, and where.

use std::ops::Range;

/// What is wrong with a manifest, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plugin.toml:{line}:{column}: {message}")]
pub struct ManifestError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Where a mistake is and what to say about it; becomes a [`ManifestError`] once the text is at hand.
pub(crate) type Mistake = (Range<usize>, String);

pub(crate) fn locate(text: &str, offset: usize, message: String) -> ManifestError {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    ManifestError { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1, message }
}

/// Adds the nearest known word to serde's list of them: "unknown field `nmae`, expected one of `name`, `version`".
pub(crate) fn suggest(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let (true, Some(unknown)) = (message.starts_with("unknown "), words.next()) else { return message.to_owned() };
    let near = words.map(|known| (strsim::damerau_levenshtein(unknown, known), known)).min();
    match near {
        Some((distance, known)) if distance <= 1 + known.len() / 3 => format!("{message}; did you mean `{known}`?"),
        _ => message.to_owned(),
    }
}
