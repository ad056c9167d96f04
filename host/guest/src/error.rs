//! Why no component came out, in words that say what to do.

use std::path::PathBuf;

/// A failure of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// No way to compile for `wasm32-unknown-unknown`.
    #[error(
        "cannot compile plugins: no compiler for wasm32-unknown-unknown was found.\n{}\nRun `rustup target add wasm32-unknown-unknown`, \
         or, on Debian as root, `apt-get install rustc-web rust-web-src`, and try again.",
        tried.iter().map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n")
    )]
    NoToolchain {
        /// Each way that was tried and why it did not work.
        tried: Vec<String>,
    },

    /// A program could not be started.
    #[error("cannot run `{program}`: {source}. Is it installed and in PATH?")]
    Spawn {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },

    /// A program that a language needs is not there.
    #[error(
        "cannot build {language} plugins: there is no `{program}` in PATH.\nOn Debian, `apt-get install {packages}` as root; elsewhere \
         see the language's own site. Then try again."
    )]
    NoProgram {
        /// The language.
        language: &'static str,
        /// The program.
        program: &'static str,
        /// Debian's packages with it.
        packages: String,
    },

    /// A program of another language's toolchain failed.
    #[error("`{what}` failed:\n{said}")]
    Tool {
        /// The program and what it was for.
        what: String,
        /// All that it said.
        said: String,
    },

    /// The folder is no plugin project.
    #[error("no plugin project at {}: {detail}", dir.display())]
    Project {
        /// The folder.
        dir: PathBuf,
        /// What is missing or wrong.
        detail: String,
    },

    /// A new project cannot have this name.
    #[error("{name:?} cannot be a plugin's name: use up to 64 small letters, digits and `-`, and begin with a letter")]
    Name {
        /// The name.
        name: String,
    },

    /// A new project would be mixed with what lies there.
    #[error("{} is not empty; choose a new folder", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },

    /// Cargo failed; its own messages went to standard error.
    #[error("cargo could not build {packages}; its messages are above")]
    Cargo {
        /// The packages, separated by commas.
        packages: String,
    },

    /// Cargo cannot tell where the workspace is.
    #[error("no cargo workspace at {}: {detail}", dir.display())]
    Workspace {
        /// The guest's folder.
        dir: PathBuf,
        /// What cargo said.
        detail: String,
    },

    /// A `Cargo.toml` that is not one.
    #[error("cannot read {}: {source}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },

    /// The crate was built and left no wasm file.
    #[error("{name} left no module at {}; does its Cargo.toml say `crate-type = [\"cdylib\", \"rlib\"]`?", path.display())]
    NoArtifact {
        /// The plugin.
        name: String,
        /// Where the module should be.
        path: PathBuf,
    },

    /// The WIT package does not parse or has no such world.
    #[error("the contract at {} cannot be used: {detail}", dir.display())]
    Wit {
        /// The folder with the WIT files.
        dir: PathBuf,
        /// What is wrong with it.
        detail: String,
    },

    /// The core module does not fit the contract.
    #[error("the module is no plugin: {detail}")]
    Component {
        /// What the encoder said.
        detail: String,
    },

    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::GuestError;

    #[test]
    fn who_has_no_compiler_is_told_what_was_tried_and_what_to_do() {
        let message = GuestError::NoToolchain { tried: vec!["there is no rustup".to_owned()] }.to_string();
        assert!(message.contains("\n  - there is no rustup\n"), "{message}");
        assert!(message.contains("`rustup target add wasm32-unknown-unknown`"), "{message}");
    }
}
