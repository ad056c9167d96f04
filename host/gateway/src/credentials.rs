//! API keys of model providers: from the environment, or from a file that only its owner can read.

use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The file's name, under the state folder.
const FILE: &str = "credentials.json";

/// The keys that were given to `wingman init`.
pub(crate) struct CredentialsFile(PathBuf);

impl CredentialsFile {
    pub(crate) fn in_state_dir(state_dir: &Path) -> Self {
        Self(state_dir.join(FILE))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The key of `provider`, if there is one.
    pub(crate) fn get(&self, provider: &str) -> Result<Option<SecretString>> {
        Ok(self.read()?.get(provider).and_then(Value::as_str).map(SecretString::from))
    }

    /// Keeps the key of `provider`.
    pub(crate) fn set(&self, provider: &str, key: &SecretString) -> Result<()> {
        let mut keys = self.read()?;
        keys.insert(provider.to_owned(), Value::String(key.expose_secret().to_owned()));
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let fresh = self.0.with_extension("json.new");
        let failed = || format!("cannot write {}", self.0.display());
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh).with_context(failed)?;
        file.write_all(serde_json::to_string_pretty(&keys)?.as_bytes()).with_context(failed)?;
        file.sync_all().with_context(failed)?;
        fs::rename(&fresh, &self.0).with_context(failed)
    }

    fn read(&self) -> Result<Map<String, Value>> {
        let path = self.0.display();
        let metadata = match fs::metadata(&self.0) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Map::new()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
        };
        if metadata.permissions().mode() & 0o077 != 0 {
            bail!("{path} holds API keys, but others can read it: run `chmod 600 {path}`");
        }
        let text = fs::read_to_string(&self.0).with_context(|| format!("cannot read {path}"))?;
        serde_json::from_str(&text).with_context(|| format!("{path} is not a JSON object of provider names and keys"))
    }
}
