//! `wingman plugin trust`: whose signatures count.

use super::next;
use crate::{settings, show};
use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};
use wingman_config::Overrides;
use wingman_package::TrustedKeys;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Trust an author's public key from now on
    Add {
        /// The file with the public key
        key: PathBuf,
        /// What you call it [default: the file's name without `.pub`]
        #[arg(long)]
        name: Option<String>,
    },
    /// List the trusted keys
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Trust a key no longer; what it signed and is installed stays
    Remove {
        /// What you call it
        name: String,
    },
}

impl Command {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        let config = settings::load(config, &Overrides::default())?;
        let mut keys = TrustedKeys::open(&config.gateway.state_dir)?;
        match self {
            Self::Add { key, name } => {
                let name =
                    name.or_else(|| Some(key.file_stem()?.to_str()?.to_owned())).context("`--name` says what you call it")?;
                let id = keys.add(&name, &key)?;
                anstream::println!(
                    "{}  {name}: {id}. Ask its owner by another way whether that is the key.",
                    show::good("trusted")
                );
                next("wingman plugin install PACKAGE");
            }
            Self::List { json: true } => {
                let all = keys.list().iter().map(|key| json!({ "name": key.name, "id": key.id.to_string() }));
                show::json(&all.collect::<Vec<_>>())?;
            }
            Self::List { json: false } if keys.list().is_empty() => {
                anstream::println!("No key is trusted: nothing signed can be installed.");
                next("wingman plugin trust add KEY.pub");
            }
            Self::List { json: false } => {
                show::table(["NAME", "KEY"], keys.list().iter().map(|key| [key.name.clone(), key.id.to_string()]));
            }
            Self::Remove { name } => {
                keys.remove(&name)?;
                anstream::println!("{}  {name}", show::good("no longer trusted"));
                next("wingman plugin list");
            }
        }
        Ok(())
    }
}
