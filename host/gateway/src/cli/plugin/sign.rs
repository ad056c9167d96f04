//! `wingman plugin keygen` and `sign`: what authors do with keys.

use super::next;
use crate::show;
use anyhow::Result;
use secrecy::SecretString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use wingman_package::{PackageError, SecretKey};

#[derive(clap::Args)]
pub(crate) struct KeygenArgs {
    /// The file of the secret key; the public one gets the same name with `.pub` behind it
    #[arg(default_value = "wingman-plugins.key", value_name = "FILE")]
    path: PathBuf,
    #[command(flatten)]
    password: Password,
    /// Keep the secret key without a password
    #[arg(long, conflicts_with = "password")]
    no_password: bool,
}

#[derive(clap::Args)]
pub(crate) struct SignArgs {
    /// The package
    package: PathBuf,
    /// The secret key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    password: Password,
}

#[derive(clap::Args)]
struct Password {
    /// The secret key's password; asked for on a terminal
    #[arg(long, env = "WINGMAN_KEY_PASSWORD", hide_env_values = true)]
    password: Option<SecretString>,
}

impl KeygenArgs {
    pub(super) fn run(self) -> Result<()> {
        let password = match self.password.password {
            None if !self.no_password && std::io::stdin().is_terminal() => Some(ask("A password for the secret key")?),
            password => password,
        };
        let id = wingman_package::keygen(&self.path, password.as_ref())?;
        let public = format!("{}.pub", self.path.display());
        anstream::println!(
            "{}  key {id}: {} (keep it secret) and {public} (give it away)",
            show::good("made"),
            self.path.display()
        );
        if password.is_none() {
            anstream::println!("The secret key has no password: whoever can read the file can sign in your name.");
        }
        next(&format!("wingman plugin sign PACKAGE --key {}", self.path.display()));
        Ok(())
    }
}

impl SignArgs {
    pub(super) fn run(self) -> Result<()> {
        let key = load(&self.key, self.password.password.as_ref())?;
        let packed = wingman_package::sign_file(&self.package, &key)?;
        anstream::println!("{}  {}, sha256:{}", show::good("signed"), packed.path.display(), packed.digest);
        let public = format!("{}.pub", self.key.display());
        anstream::println!("Whoever installs it trusts the key once: `wingman plugin trust add {public}`.");
        next(&format!("wingman plugin install {}", self.package.display()));
        Ok(())
    }
}

fn load(path: &Path, password: Option<&SecretString>) -> Result<SecretKey> {
    match SecretKey::load(path, password) {
        Err(PackageError::PasswordNeeded { .. }) if std::io::stdin().is_terminal() => {
            Ok(SecretKey::load(path, Some(&ask("The secret key's password")?))?)
        }
        loaded => Ok(loaded?),
    }
}

fn ask(question: &str) -> Result<SecretString> {
    Ok(SecretString::from(cliclack::password(question).interact()?))
}
