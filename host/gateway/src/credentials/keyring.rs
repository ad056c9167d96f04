//! API keys in the operating system's keyring, where the gateway was built with the feature `keyring`.

#[cfg(not(feature = "keyring"))]
pub(crate) use absent::{get, remove, set};
#[cfg(feature = "keyring")]
pub(crate) use present::{get, remove, set};

#[cfg(feature = "keyring")]
mod present {
    use anyhow::{Context, Result, bail};
    use keyring::{Entry, Error};
    use secrecy::{ExposeSecret, SecretString};

    /// What the keyring's own program shows the keys under.
    const SERVICE: &str = "wingman-gateway";

    /// The key of `provider`, if there is one and the keyring can be reached.
    pub(crate) fn get(provider: &str) -> Result<Option<SecretString>> {
        let name = provider.to_owned();
        let found = apart(move || Entry::new(SERVICE, &name)?.get_password())?;
        match found {
            Ok(key) => Ok(Some(key.into())),
            Err(Error::NoEntry) => Ok(None),
            // A machine without a desktop has none; the environment and the file are there for it.
            Err(error) => {
                tracing::debug!(provider, %error, "the system's keyring cannot be read");
                Ok(None)
            }
        }
    }

    /// Keeps the key of `provider`.
    pub(crate) fn set(provider: &str, key: &SecretString) -> Result<()> {
        let (name, key) = (provider.to_owned(), key.clone());
        apart(move || Entry::new(SERVICE, &name)?.set_password(key.expose_secret()))?
            .context("the system's keyring does not take the key; leave out `--keyring` to keep it in a file")
    }

    /// Forgets the key of `provider`; false where there was none, or no keyring to look in.
    pub(crate) fn remove(provider: &str) -> Result<bool> {
        let name = provider.to_owned();
        match apart(move || Entry::new(SERVICE, &name)?.delete_credential())? {
            Ok(()) => Ok(true),
            Err(Error::NoEntry | Error::NoDefaultStore) => Ok(false),
            Err(error) => Err(error).context("the system's keyring does not let go of the key"),
        }
    }

    /// Does `work` on a thread of its own: the keyring's client waits for D-Bus, which a runtime's threads must not do.
    fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        match std::thread::spawn(work).join() {
            Ok(done) => Ok(done),
            Err(_) => bail!("the client of the system's keyring crashed"),
        }
    }
}

#[cfg(not(feature = "keyring"))]
mod absent {
    use anyhow::{Result, bail};
    use secrecy::SecretString;

    #[expect(clippy::unnecessary_wraps, reason = "the same signature as where there is a keyring")]
    pub(crate) fn get(_: &str) -> Result<Option<SecretString>> {
        Ok(None)
    }

    pub(crate) fn set(_: &str, _: &SecretString) -> Result<()> {
        bail!("this gateway was built without the system's keyring: leave out `--keyring`, or build it with `--features keyring`")
    }

    #[expect(clippy::unnecessary_wraps, reason = "the same signature as where there is a keyring")]
    pub(crate) fn remove(_: &str) -> Result<bool> {
        Ok(false)
    }
}
