//! The section `plugins` as the gateway uses it: paths absolute, and secrets looked up only when somebody needs them.

use std::{collections::BTreeMap, fs, io, io::Read as _, path::PathBuf};

use secrecy::{SecretString, zeroize::Zeroize as _};
use serde_json::{Map, Value};

use crate::{plugin_file::Grants, text::EnvName};

/// The longest secret that a file may hold, in bytes. Keys have a few KiB; this stops `/dev/zero`.
const MAX_SECRET: u64 = 64 << 10;

/// Where plugins are found, and what each of them gets. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Plugins {
    /// Folder with one folder per plugin.
    pub dir: PathBuf,
    /// Folder of compiled plugins.
    pub cache_dir: PathBuf,
    /// Packages without a signature may be installed.
    pub allow_unsigned: bool,
    /// What each plugin gets, by its name. One that is not named gets nothing and is enabled.
    pub uses: BTreeMap<String, PluginUse>,
}

/// What one plugin gets.
#[derive(Debug, Clone)]
pub struct PluginUse {
    /// It is loaded.
    pub enabled: bool,
    /// What it may do, of what its manifest asks for.
    pub grants: Grants,
    /// Its single, unnamed account.
    pub account: PluginAccount,
    /// Its named accounts. Names are letters, digits, `.`, `_` and `-`.
    pub accounts: BTreeMap<String, PluginAccount>,
}

impl Default for PluginUse {
    /// A plugin that the file does not name.
    fn default() -> Self {
        Self { enabled: true, grants: Grants::default(), account: PluginAccount::default(), accounts: BTreeMap::new() }
    }
}

/// One account of a plugin.
#[derive(Debug, Clone, Default)]
pub struct PluginAccount {
    /// Its settings, as the plugin's manifest describes them.
    pub settings: Map<String, Value>,
    /// Its secrets, by the names in the plugin's manifest.
    pub secrets: BTreeMap<String, SecretSource>,
}

/// Where a secret is.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// In the configuration.
    Literal(SecretString),
    /// In this environment variable.
    Env(EnvName),
    /// In this file, with or without a line break at its end.
    File(PathBuf),
}

/// Why a secret cannot be had. The account that needs it cannot work; nothing else is touched.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or empty.
    #[error("the environment variable {0} is not set; set it where the gateway is started")]
    NoVariable(EnvName),
    /// The file holds nothing.
    #[error("{} is empty; put the secret into it", .0.display())]
    Empty(PathBuf),
    /// The file holds more than a secret, or no text.
    #[error("{} holds no secret: it must be text of at most 64 KiB", .0.display())]
    NoSecret(PathBuf),
    /// The file cannot be read.
    #[error("cannot read the secret in {}: {source}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SecretSource {
    /// Looks the secret up; `variable` reads the environment. Blocks while a file is read. To be called when the secret is needed,
    /// and again when it may have changed.
    ///
    /// # Errors
    /// [`SecretError`]
    pub fn read(&self, variable: impl Fn(&str) -> Option<String>) -> Result<SecretString, SecretError> {
        match self {
            Self::Literal(secret) => Ok(secret.clone()),
            Self::Env(name) => {
                let value = variable(name.as_str()).filter(|value| !value.is_empty());
                value.map(SecretString::from).ok_or_else(|| SecretError::NoVariable(name.clone()))
            }
            Self::File(file) => read_file(file.clone()),
        }
    }
}

fn read_file(file: PathBuf) -> Result<SecretString, SecretError> {
    let mut bytes = Vec::new();
    let read = fs::File::open(&file).and_then(|opened| opened.take(MAX_SECRET + 1).read_to_end(&mut bytes));
    if let Err(source) = read {
        return Err(SecretError::Read { file, source });
    }
    let text = str::from_utf8(&bytes).ok().filter(|_| bytes.len() as u64 <= MAX_SECRET);
    let secret = match text.map(|text| text.trim_end_matches(['\r', '\n'])) {
        None => Err(SecretError::NoSecret(file)),
        Some("") => Err(SecretError::Empty(file)),
        Some(secret) => Ok(SecretString::from(secret)),
    };
    bytes.zeroize();
    secret
}
