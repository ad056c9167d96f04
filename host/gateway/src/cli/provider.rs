//! `wingman provider`: the model providers, and the keys that they are asked with. No key is ever shown.

use crate::credentials::{CredentialsFile, KeySource, find, key_variable, keyring, provider_settings};
use crate::exit::Failure;
use crate::{settings, show};
use anyhow::{Context, Result, bail, ensure};
use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{IsTerminal, Read};
use std::path::Path;
use wingman_agent::{KeyError, ModelFactory};
use wingman_config::{Config, Document, EnvName, Overrides};

/// The longest key that is taken from standard input, in bytes.
const MAX_KEY: u64 = 16 * 1024;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Keep a provider's API key; asks for it on a terminal, and reads standard input otherwise
    Login(Login),
    /// List the providers, and where the key of each one is
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget a provider's key
    Remove {
        /// The provider
        name: String,
    },
}

#[derive(clap::Args)]
pub(crate) struct Login {
    /// The provider
    name: String,
    /// Read the key from standard input, also on a terminal
    #[arg(long, conflicts_with = "api_key_env")]
    token_stdin: bool,
    /// Keep no key: the gateway takes it from this environment variable when it starts
    #[arg(long, value_name = "VARIABLE", conflicts_with = "keyring")]
    api_key_env: Option<String>,
    /// Keep the key in the system's keyring, not in a file
    #[arg(long)]
    keyring: bool,
    /// Do not ask the provider whether the key is right
    #[arg(long)]
    no_check: bool,
}

impl Command {
    pub(crate) fn run(self, config: Option<&Path>) -> Result<()> {
        let file = config;
        let config = settings::load(file, &Overrides::default())?;
        match self {
            Self::Login(login) => login.run(file, &config),
            Self::List { json } => list(&config, json),
            Self::Remove { name } => remove(&config, &name),
        }
    }
}

impl Login {
    fn run(self, file: Option<&Path>, config: &Config) -> Result<()> {
        let name = self.name.as_str();
        require_known(config, name)?;
        ensure!(name != "demo", "the demo needs no key");
        if let Some(variable) = &self.api_key_env {
            return self.use_variable(file, config, variable);
        }
        let key = self.key()?;
        self.check(config, key.clone())?;
        if self.keyring {
            keyring::set(name, &key)?;
            anstream::println!("{}  the key for {name}, in the system's keyring", show::good("kept"));
        } else {
            let credentials = CredentialsFile::in_state_dir(&config.gateway.state_dir);
            credentials.set(name, &key)?;
            anstream::println!("{}  the key for {name}, in {}", show::good("kept"), credentials.path().display());
        }
        warn_if_shadowed(config, name, self.keyring)?;
        anstream::println!("Now: {}", show::good("wingman gateway restart"));
        Ok(())
    }

    /// Names the variable in the configuration.
    fn use_variable(&self, file: Option<&Path>, config: &Config, variable: &str) -> Result<()> {
        let name = self.name.as_str();
        let parsed = EnvName::parse(variable).map_err(|bad| anyhow::anyhow!("`--api-key-env`: {bad}"))?;
        match std::env::var(variable).ok().filter(|key| !key.trim().is_empty()) {
            Some(key) => self.check(config, key.into())?,
            None => anstream::eprintln!("{variable} is not set here; it must be where the gateway starts"),
        }
        let mut provider = config.providers.get(name).cloned().unwrap_or_default();
        provider.api_key_env = Some(parsed);
        let mut document = Document::open(&settings::locate(file)?)?;
        document.put_provider(name, &provider)?;
        document.save(&settings::environment()?)?;
        anstream::println!("{}  the key for {name} is taken from {variable}", show::good("written"));
        anstream::println!("Now: {}", show::good("wingman gateway restart"));
        Ok(())
    }

    fn key(&self) -> Result<SecretString> {
        let is_asked = !self.token_stdin && std::io::stdin().is_terminal();
        let key: SecretString = if is_asked {
            cliclack::password(format!("The API key for {}?", self.name)).interact()?.into()
        } else {
            let mut text = String::new();
            std::io::stdin().take(MAX_KEY + 1).read_to_string(&mut text).context("cannot read the key from standard input")?;
            ensure!(text.len() as u64 <= MAX_KEY, "what came on standard input is too long for a key");
            text.into()
        };
        let key = key.expose_secret().trim();
        ensure!(!key.is_empty(), "no key was given: write it to standard input, or run this on a terminal");
        Ok(key.into())
    }

    fn check(&self, config: &Config, key: SecretString) -> Result<()> {
        if self.no_check {
            return Ok(());
        }
        let mut settings = provider_settings(config, &self.name)?;
        settings.api_key = Some(key);
        let spinner = show::spinner(&format!("asking {}", self.name));
        let models = ModelFactory::new(crate::translate::model_limits(config))?;
        let checked = super::runtime()?.block_on(models.check_key(&self.name, &settings));
        spinner.finish_and_clear();
        match checked {
            Ok(()) => Ok(()),
            Err(refused @ KeyError::Refused { .. }) => Err(Failure::Refused(refused.to_string()).into()),
            Err(KeyError::NotAsked { provider, reason }) => {
                bail!("{provider} could not be asked whether the key is right ({reason}); `--no-check` keeps it unasked")
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A key that is never looked at helps nobody.
fn warn_if_shadowed(config: &Config, name: &str, in_keyring: bool) -> Result<()> {
    let kept = if in_keyring { KeySource::Keyring } else { KeySource::File };
    match find(config, name)? {
        Some((_, found)) if found != kept => {
            let place = match found {
                KeySource::Environment => key_variable(config, name).unwrap_or("the environment"),
                KeySource::Keyring => "the system's keyring",
                KeySource::File => "the file",
            };
            anstream::eprintln!("{}", show::faint(&format!("the key in {place} comes before it, and is the one that is used")));
        }
        _ => {}
    }
    Ok(())
}

fn list(config: &Config, json: bool) -> Result<()> {
    let known = wingman_agent::providers();
    let own = config.providers.keys().map(String::as_str).filter(|name| known.iter().all(|known| known.name != *name));
    let names: Vec<&str> = known.iter().map(|provider| provider.name).chain(own.collect::<BTreeSet<_>>()).collect();
    let mut rows = Vec::with_capacity(names.len());
    for name in names {
        let provider = known.iter().find(|known| known.name == name);
        let configured = config.providers.get(name).and_then(|provider| provider.base_url.as_ref());
        let base_url = configured.map(|url| url.as_str()).or_else(|| provider.and_then(|provider| provider.base_url));
        let source = find(config, name)?.map(|(_, source)| source);
        let variable = key_variable(config, name);
        rows.push((name, provider.map(|provider| provider.title), source, variable, base_url));
    }
    if json {
        let rows = rows.iter().map(|(name, title, source, variable, base_url)| {
            let source = source.map_or("none", KeySource::name);
            json!({ "name": name, "title": title, "keySource": source, "keyVariable": variable, "baseUrl": base_url })
        });
        return show::json(&rows.collect::<Vec<_>>());
    }
    show::table(
        ["PROVIDER", "KEY", "ADDRESS"],
        rows.into_iter().map(|(name, title, source, variable, base_url)| {
            let key = match (source, variable) {
                (Some(KeySource::Environment), Some(variable)) => format!("environment ({variable})"),
                (Some(source), _) => source.name().to_owned(),
                (None, None) if title.is_some() => "none needed".to_owned(),
                (None, _) => "none".to_owned(),
            };
            [name.to_owned(), key, base_url.unwrap_or_default().to_owned()]
        }),
    );
    Ok(())
}

fn remove(config: &Config, name: &str) -> Result<()> {
    let credentials = CredentialsFile::in_state_dir(&config.gateway.state_dir);
    let from_file = credentials.remove(name)?;
    let from_keyring = keyring::remove(name)?;
    if from_file || from_keyring {
        anstream::println!("{}  the key for {name}", show::good("forgotten"));
    }
    match find(config, name)? {
        Some((_, KeySource::Environment)) => {
            let variable = key_variable(config, name).unwrap_or_default();
            anstream::eprintln!("{variable} still holds a key for {name}: unset it where the gateway starts");
        }
        _ if !from_file && !from_keyring => bail!("no key is kept for `{name}`; `wingman provider list` shows those that are"),
        _ => {}
    }
    Ok(())
}

fn require_known(config: &Config, name: &str) -> Result<()> {
    let known = wingman_agent::providers();
    if config.providers.contains_key(name) || known.iter().any(|provider| provider.name == name) {
        return Ok(());
    }
    let names: Vec<&str> = known.iter().map(|provider| provider.name).collect();
    bail!(
        "there is no provider `{name}`; there are: {}. For another server, set `providers.{name}.baseUrl` in the configuration first",
        names.join(", ")
    )
}
