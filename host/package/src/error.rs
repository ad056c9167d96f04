//! Everything that can go wrong with packages. Each message says what to do, where something can be done.
//!
//! What the command line prints around a message, and exit codes, are not here.

use crate::signature::KeyId;
use semver::Version;
use std::path::{Path, PathBuf};
use wingman_manifest::ManifestError;
use wingman_message::PluginName;

/// Why a package, a key or an installation is refused.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The operating system refused something.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },

    /// There is more of it than a package may have.
    #[error("the package is larger than {most} bytes, the most that a package may have")]
    PackageTooLarge {
        /// The limit in bytes.
        most: usize,
    },
    /// It ends too early.
    #[error("the package ends too early: fetch or pack it again")]
    Truncated,
    /// Something comes after its end.
    #[error("there is data behind the package's end: pack it with `wingman plugin pack`")]
    TrailingData,
    /// A member that packages do not have.
    #[error("{name:?} has no place in a package: there are LICENSE, README.md, plugin.minisig, plugin.toml and plugin.wasm")]
    UnknownMember {
        /// Its name, escaped.
        name: String,
    },
    /// A link, folder, device or extension header.
    #[error("{name:?} is not a regular file, and a package holds nothing else")]
    NotAFile {
        /// Its name, escaped.
        name: String,
    },
    /// A member is there twice.
    #[error("the package has more than one {name}")]
    Repeated {
        /// Its name.
        name: &'static str,
    },
    /// It is not written the one way that packages are.
    #[error("the entry of {name} is not as `wingman plugin pack` writes it: pack it with that")]
    NotCanonical {
        /// The member.
        name: &'static str,
    },
    /// A member is too large.
    #[error("{name} is larger than {most} bytes, the most that it may have")]
    MemberTooLarge {
        /// The member.
        name: &'static str,
        /// The limit in bytes.
        most: usize,
    },
    /// A required member is not there.
    #[error("the package has no {name}")]
    Missing {
        /// The member.
        name: &'static str,
    },
    /// A member that people read is not text.
    #[error("{name} is not UTF-8 text")]
    NotText {
        /// The member.
        name: &'static str,
    },
    /// The component is a core module, native code or something else.
    #[error("plugin.wasm is not a WebAssembly component: make it with `wingman plugin build`")]
    NotAComponent,
    /// The manifest has a mistake.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The version makes no file name.
    #[error("the version in plugin.toml is longer than {most} characters")]
    VersionTooLong {
        /// The limit in bytes.
        most: usize,
    },
    /// The signature does not have the shape of one.
    #[error("plugin.minisig is not a package's signature: {why}")]
    SignatureMalformed {
        /// What is wrong.
        why: &'static str,
    },

    /// A signature is required, and there is none.
    #[error("the package is not signed: ask its author for a signed one, or allow it with --allow-unsigned")]
    Unsigned,
    /// Nobody here can check the signature.
    #[error(
        "the package is signed with key {key}, which is not trusted here: add the author's public key with `wingman plugin trust`"
    )]
    UnknownSigner {
        /// The key that the signature names.
        key: KeyId,
    },
    /// The signature is wrong.
    #[error("the signature of key {key} does not fit: the package was changed after it was signed; do not use it")]
    WrongSignature {
        /// The key that the signature names.
        key: KeyId,
    },

    /// A key file is unusable.
    #[error("the key {}: {why}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The secret key is encrypted.
    #[error("the secret key {} needs its password", path.display())]
    PasswordNeeded {
        /// The file.
        path: PathBuf,
    },
    /// The password does not open the secret key.
    #[error("the password does not open the secret key {}", path.display())]
    WrongPassword {
        /// The file.
        path: PathBuf,
    },
    /// A key would overwrite another one.
    #[error("{} exists, and a key is never overwritten: choose another name, or remove it first", path.display())]
    KeyExists {
        /// The file.
        path: PathBuf,
    },
    /// A key cannot be called this.
    #[error("{name:?} is no name for a key: use 1 to 64 letters, digits, `.`, `_`, `-` or `@`, and do not begin with `.`")]
    KeyName {
        /// The name, shortened.
        name: String,
    },
    /// No trusted key is called this.
    #[error("no trusted key is called {name:?}")]
    NoSuchKey {
        /// The name, shortened.
        name: String,
    },
    /// Signing failed.
    #[error("the package could not be signed: {why}")]
    Signing {
        /// What the signer says.
        why: String,
    },

    /// Not an address of a package.
    #[error("{text:?} is no place of a package: {why}")]
    BadSource {
        /// The text, shortened.
        text: String,
        /// What is wrong and what would be right.
        why: &'static str,
    },
    /// A package could not be fetched.
    #[error("{from} could not be fetched: {why}")]
    Fetch {
        /// From where.
        from: String,
        /// What happened.
        why: String,
    },
    /// A package could not be pushed.
    #[error("{to} did not take the package: {why}")]
    Push {
        /// Where to.
        to: String,
        /// What happened.
        why: String,
    },

    /// Another plugin came than the one that was asked for.
    #[error("the package is plugin {found}, and {expected} was asked for")]
    OtherPlugin {
        /// What was asked for.
        expected: PluginName,
        /// What came.
        found: PluginName,
    },
    /// The same version had another content.
    #[error(
        "{name} {version} was installed before with another content: a released version does not change; if you know why it did, \
         install it with --accept-changed"
    )]
    ContentChanged {
        /// The plugin.
        name: PluginName,
        /// Its version.
        version: Version,
    },
    /// Somebody else signed this version, or nobody.
    #[error(
        "{name} was signed by key {before} so far, and this package is not: if the author has a new key, install it with \
         --accept-changed"
    )]
    SignerChanged {
        /// The plugin.
        name: PluginName,
        /// Who signed what is installed.
        before: KeyId,
    },
    /// The version is older than what is installed.
    #[error("{name} {installed} is installed, and {offered} is older: use --allow-downgrade, or `wingman plugin rollback`")]
    Downgrade {
        /// The plugin.
        name: PluginName,
        /// What is installed.
        installed: Version,
        /// What was offered.
        offered: Version,
    },
    /// Something of the operator's is in the way.
    #[error(
        "{} was not put there by an installation, or was changed since: move it away, or replace it with --force",
        path.display()
    )]
    InTheWay {
        /// The folder.
        path: PathBuf,
    },
    /// There is no such installed plugin.
    #[error("no plugin {name} was installed: `wingman plugin list` shows what is")]
    NotInstalled {
        /// The plugin.
        name: PluginName,
    },
    /// No earlier version is kept.
    #[error("no earlier version of {name} is kept: install the one that you want")]
    NothingToRollBackTo {
        /// The plugin.
        name: PluginName,
    },
    /// A kept version is not what was put away.
    #[error("the kept {name} {version} is not what was put away: install that version again")]
    KeptChanged {
        /// The plugin.
        name: PluginName,
        /// Its version.
        version: Version,
    },
    /// The lock file cannot be understood.
    #[error(
        "{}: {why}; bring it back from a copy, or remove it and install the plugins again",
        path.display()
    )]
    LockFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl PackageError {
    pub(crate) fn key(path: &Path, why: impl Into<String>) -> Self {
        Self::Key { path: path.to_owned(), why: why.into() }
    }
}
