//! What the operator says about plugins: which are switched on, what they are granted, their accounts with settings and secrets.
//! Plain data; the gateway builds it from its configuration.

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use std::collections::BTreeMap;
use wingman_message::{AccountName, PluginName};

/// The operator's word on each plugin; a plugin that is not in it has no grants, no secrets and no settings.
pub type Operator = BTreeMap<PluginName, PluginSettings>;

/// The operator's word on one plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginSettings {
    /// False: it is not loaded.
    pub enabled: bool,
    /// What it may do of what it asks for.
    pub grants: Grants,
    /// Its accounts by name; the one without a name is the plugin's only one, where it needs no more.
    pub accounts: BTreeMap<Option<AccountName>, Account>,
}

/// Equal accounts make an equal plugin.
impl PartialEq for Account {
    fn eq(&self, other: &Self) -> bool {
        let same = |((name, value), (other, others)): ((&String, &SecretString), (&String, &SecretString))| {
            name == other && value.expose_secret() == others.expose_secret()
        };
        self.settings == other.settings
            && self.secrets.len() == other.secrets.len()
            && self.secrets.iter().zip(&other.secrets).all(same)
    }
}

impl Default for PluginSettings {
    fn default() -> Self {
        Self { enabled: true, grants: Grants::default(), accounts: BTreeMap::new() }
    }
}

/// What a plugin may do of what its manifest asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// Calls out.
    pub http: HttpGrant,
    /// The WebSockets that it asks for.
    pub sockets: bool,
    /// Networks beside the public internet that it may reach.
    pub private_networks: Vec<IpNet>,
}

/// Which of the calls out that a manifest asks for are granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum HttpGrant {
    /// None.
    #[default]
    Nothing,
    /// All, but for an ask of any host.
    AsAsked,
    /// Those to these hosts. An ask of any host means these.
    Hosts(Vec<String>),
}

/// One account of a plugin.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its settings: a JSON object.
    pub settings: Value,
    /// Its secrets by their names in the manifest.
    pub secrets: BTreeMap<String, SecretString>,
}

impl Default for Account {
    fn default() -> Self {
        Self { settings: Value::Object(serde_json::Map::new()), secrets: BTreeMap::new() }
    }
}
