//! API keys of model providers: from the environment, from the system's keyring, or from a file that only its owner can read.

pub(crate) mod keyring;

use anyhow::{Context, Result, bail};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use wingman_agent::ProviderSettings;
use wingman_config::Config;

/// The file's name, under the state folder.
const FILE: &str = "credentials.json";

/// Where a key was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeySource {
    Environment,
    Keyring,
    File,
}

impl KeySource {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Keyring => "keyring",
            Self::File => "file",
        }
    }
}

/// The variable that holds the key of `provider`: the configured one, or the one that is usual.
pub(crate) fn key_variable<'a>(config: &'a Config, provider: &str) -> Option<&'a str> {
    let configured = config.providers.get(provider).and_then(|provider| provider.api_key_env.as_ref());
    let known = wingman_agent::providers().iter().find(|known| known.name == provider);
    configured.map(|variable| variable.as_str()).or_else(|| known.and_then(|known| known.key_variable))
}

/// The key of `provider`, and where it is: the environment wins, then the keyring, then the file.
pub(crate) fn find(config: &Config, provider: &str) -> Result<Option<(SecretString, KeySource)>> {
    let variable = key_variable(config, provider);
    if let Some(key) = variable.and_then(|variable| std::env::var(variable).ok()).filter(|key| !key.trim().is_empty()) {
        return Ok(Some((key.into(), KeySource::Environment)));
    }
    if let Some(key) = keyring::get(provider)? {
        return Ok(Some((key, KeySource::Keyring)));
    }
    let key = CredentialsFile::in_state_dir(&config.gateway.state_dir).get(provider)?;
    Ok(key.map(|key| (key, KeySource::File)))
}

/// What a model of `provider` is made with: its address, its key, its prices.
pub(crate) fn provider_settings(config: &Config, provider: &str) -> Result<ProviderSettings> {
    let configured = config.providers.get(provider);
    let base_url = configured.and_then(|provider| provider.base_url.as_ref()).map(|url| url.as_str().to_owned());
    let price = |price: &wingman_config::ModelPrice| wingman_agent::Price {
        input: price.input.micros(),
        cached_input: price.cached_input.map(wingman_config::Usd::micros),
        output: price.output.micros(),
    };
    let prices = configured.into_iter().flat_map(|provider| &provider.prices);
    let prices = prices.map(|(model, one)| (model.clone(), price(one))).collect();
    Ok(ProviderSettings { base_url, api_key: find(config, provider)?.map(|(key, _)| key), prices })
}

/// The keys that were given to `wingman init` and `wingman provider login`.
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
        self.write(&keys)
    }

    /// Forgets the key of `provider`; false where there was none.
    pub(crate) fn remove(&self, provider: &str) -> Result<bool> {
        let mut keys = self.read()?;
        if keys.remove(provider).is_none() {
            return Ok(false);
        }
        self.write(&keys)?;
        Ok(true)
    }

    fn write(&self, keys: &Map<String, Value>) -> Result<()> {
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let fresh = self.0.with_extension("json.new");
        let failed = || format!("cannot write {}", self.0.display());
        // What an earlier write left behind might be open to others: the file is always a new one, and nobody else's.
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_context(failed),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).with_context(failed)?;
        file.write_all(serde_json::to_string_pretty(keys)?.as_bytes()).with_context(failed)?;
        file.sync_all().with_context(failed)?;
        fs::rename(&fresh, &self.0).with_context(failed)
    }

    fn read(&self) -> Result<Map<String, Value>> {
        let path = self.0.display();
        let metadata = match fs::metadata(&self.0) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Map::new()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
        };
        if metadata.permissions().mode() & 0o077 != 0 {
            bail!("{path} holds API keys, but others can read it: run `chmod 600 {path}`, and think of new keys");
        }
        let text = fs::read_to_string(&self.0).with_context(|| format!("cannot read {path}"))?;
        serde_json::from_str(&text).with_context(|| format!("{path} is not a JSON object of provider names and keys"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, CredentialsFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = CredentialsFile::in_state_dir(&folder.path().join("state"));
        (folder, file)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn keys_are_kept_for_their_owner_alone_and_forgotten_when_told() {
        let (_folder, file) = file();
        assert!(file.get("one").unwrap().is_none());
        file.set("one", &"sk-1".into()).unwrap();
        file.set("two", &"sk-2".into()).unwrap();
        assert_eq!(mode(file.path()), 0o600);
        assert_eq!(file.get("one").unwrap().unwrap().expose_secret(), "sk-1");
        assert!(file.remove("one").unwrap());
        assert!(!file.remove("one").unwrap());
        assert_eq!(file.get("two").unwrap().unwrap().expose_secret(), "sk-2");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_what_to_do_and_left_as_it_is() {
        let (_folder, file) = file();
        file.set("one", &"sk-1".into()).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        let told = file.get("one").unwrap_err().to_string();
        assert!(told.contains("chmod 600") && !told.contains("sk-1"), "{told}");
        assert!(file.set("two", &"sk-2".into()).is_err());
        assert_eq!(mode(file.path()), 0o640);
    }

    #[test]
    fn what_an_interrupted_write_left_open_to_others_is_not_written_into() {
        let (_folder, file) = file();
        fs::create_dir_all(file.path().parent().unwrap()).unwrap();
        let leftover = file.path().with_extension("json.new");
        fs::write(&leftover, "{}").unwrap();
        fs::set_permissions(&leftover, fs::Permissions::from_mode(0o644)).unwrap();
        file.set("one", &"sk-1".into()).unwrap();
        assert_eq!(mode(file.path()), 0o600);
    }
}
