//! Why the workbench cannot do its work. What a plugin does wrong is no error: it is an outcome.

use std::path::PathBuf;

/// Why the workbench cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum WorkbenchError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A fixture, a recording or an expectation is not written as it should be.
    #[error("{file}: {place}: {why}")]
    Written {
        /// The file, with a line where it has many.
        file: String,
        /// The field, such as `input.place.peer.kind`; `the file` for all of it.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// The manifest has a mistake.
    #[error(transparent)]
    Manifest(#[from] wingman_manifest::ManifestError),
    /// The plugin host cannot be started.
    #[error(transparent)]
    Host(#[from] wingman_plugin::OpenError),
    /// The host refuses the plugin.
    #[error("the gateway would refuse the plugin: {why}")]
    Refused {
        /// Why.
        why: String,
    },
    /// The fixture's call is none of this plugin's.
    #[error("{file}: call = \"{call}\" cannot be made: {why}")]
    Call {
        /// The fixture.
        file: String,
        /// The call.
        call: &'static str,
        /// Why not, and what to do.
        why: String,
    },
}

impl WorkbenchError {
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    pub(crate) fn written(file: &str, place: &str, why: impl Into<String>) -> Self {
        let place = if place.is_empty() || place == "." { "the file" } else { place };
        Self::Written { file: file.to_owned(), place: place.to_owned(), why: why.into() }
    }
}
