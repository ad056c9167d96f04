//! `wingman plugin grant` and `revoke`: what plugins may reach, written into the configuration.

use super::{inspect, next};
use crate::{settings, show};
use anyhow::{Result, bail};
use std::path::Path;
use wingman_config::{Document, Grants, HttpGrant, IpRange, Overrides};
use wingman_manifest::{ANY_HOST, Manifest};
use wingman_message::PluginName;

/// Grants are added to those that are there. Without options the plugin gets what it asks for by name.
#[derive(clap::Args)]
pub(crate) struct GrantArgs {
    /// The plugin
    name: PluginName,
    /// Hosts that it may call, of those that it asks for; any, where it asks for any
    #[arg(long, value_name = "HOST", num_args = 1..)]
    http: Vec<String>,
    /// All hosts that it asks for by name
    #[arg(long, conflicts_with = "http")]
    http_all: bool,
    /// The WebSockets that it asks for
    #[arg(long)]
    sockets: bool,
    /// Networks beside the public internet, such as 192.168.1.0/24
    #[arg(long, value_name = "CIDR", value_parser = parse_network, num_args = 1..)]
    network: Vec<IpRange>,
}

#[derive(clap::Args)]
pub(crate) struct RevokeArgs {
    /// The plugin
    name: PluginName,
}

fn parse_network(text: &str) -> Result<IpRange, String> {
    IpRange::parse(text).map_err(|error| error.to_string())
}

impl GrantArgs {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        let file = settings::locate(config)?;
        let config = settings::load(Some(&file), &Overrides::default())?;
        let manifest = inspect::manifest(self.name.as_str(), &config)?;
        let before = config.plugins.uses.get(self.name.as_str()).map(|used| used.grants.clone()).unwrap_or_default();
        let grants = self.added_to(before, &manifest)?;
        save(&file, |document| document.grant_plugin(self.name.as_str(), &grants))?;
        anstream::println!("{}  {}: {}", show::good("granted"), self.name, in_words(&grants));
        anstream::println!("{}", show::faint(&format!("in {}, under plugins.use", file.display())));
        next("wingman plugin list");
        Ok(())
    }

    fn added_to(&self, before: Grants, manifest: &Manifest) -> Result<Grants> {
        let Grants { mut http, mut sockets, mut private_networks } = before;
        let says_nothing = self.http.is_empty() && !self.http_all && !self.sockets && self.network.is_empty();
        let asks_for_any = manifest.http.iter().any(|ask| ask.host == ANY_HOST);
        if let Some(unasked) = self.http.iter().find(|host| !asks_for_any && manifest.http.iter().all(|ask| ask.host != **host)) {
            bail!(
                "`{}` does not ask to call {unasked}; `wingman plugin inspect {}` shows what it asks for",
                self.name,
                self.name
            );
        }
        if says_nothing && manifest.http.is_empty() && manifest.sockets.is_empty() {
            bail!("`{}` asks for nothing, so there is nothing to grant", self.name);
        }
        let by_name: Vec<&str> = manifest.http.iter().map(|ask| ask.host.as_str()).filter(|host| *host != ANY_HOST).collect();
        if asks_for_any && by_name.is_empty() && (self.http_all || (says_nothing && manifest.sockets.is_empty())) {
            bail!("`{}` asks for any host: say which, with `--http HOST`", self.name);
        }
        if self.sockets && manifest.sockets.is_empty() {
            bail!("`{}` asks for no WebSocket", self.name);
        }
        if !self.network.is_empty() && manifest.http.is_empty() && manifest.sockets.is_empty() {
            bail!("`{}` asks to reach nothing, so no network is of use to it", self.name);
        }
        // "All" is what is asked for by name: a host of one's choice can only stand in a list.
        if matches!(http, HttpGrant::All) && !self.http.is_empty() {
            http = HttpGrant::Only(by_name.iter().map(|host| (*host).to_owned()).collect());
        }
        let everything = self.http_all || (says_nothing && !by_name.is_empty());
        match &mut http {
            HttpGrant::All => {}
            _ if everything => http = HttpGrant::All,
            HttpGrant::Only(hosts) => {
                hosts.extend(self.http.iter().cloned());
                hosts.sort();
                hosts.dedup();
            }
        }
        sockets |= self.sockets || (says_nothing && !manifest.sockets.is_empty());
        for network in &self.network {
            if !private_networks.contains(network) {
                private_networks.push(network.clone());
            }
        }
        Ok(Grants { http, sockets, private_networks })
    }
}

impl RevokeArgs {
    pub(super) fn run(self, config: Option<&Path>) -> Result<()> {
        let file = settings::locate(config)?;
        let config = settings::load(Some(&file), &Overrides::default())?;
        if !config.plugins.uses.contains_key(self.name.as_str()) {
            bail!("`{}` has no grants; `wingman plugin list` shows the plugins", self.name);
        }
        save(&file, |document| document.grant_plugin(self.name.as_str(), &Grants::default()))?;
        anstream::println!("{}  {} may reach nothing; its settings and secrets stay", show::good("revoked"), self.name);
        next("wingman plugin list");
        Ok(())
    }
}

fn save(file: &Path, change: impl FnOnce(&mut Document) -> Result<(), wingman_config::EditError>) -> Result<()> {
    let mut document = Document::open(file)?;
    change(&mut document)?;
    Ok(document.save(&settings::environment()?)?)
}

fn in_words(Grants { http, sockets, private_networks }: &Grants) -> String {
    let mut words = match http {
        HttpGrant::All => vec!["calls to all hosts that it asks for by name".to_owned()],
        HttpGrant::Only(hosts) => hosts.iter().map(|host| format!("calls to {host}")).collect(),
    };
    words.extend(sockets.then(|| "WebSockets".to_owned()));
    words.extend(private_networks.iter().map(|network| format!("the network {}", network.as_str())));
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
