//! What one plugin may reach in one account: the operator's grants held against what the manifest asks for.

use crate::operator::{Account, Grants, HttpGrant, PluginSettings};
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::sync::Arc;
use wingman_egress::{Grant, GrantSpec, HostPattern, Injection, Place, Policy};
use wingman_manifest::{ANY_HOST, HttpAsk, Manifest};
use wingman_message::{AccountName, PluginName, PluginScope};

/// A plugin's accounts.
pub(crate) type Accounts = BTreeMap<Option<AccountName>, Arc<Access>>;

/// What a plugin may reach in one account. Shared by all its calls.
pub(crate) struct Access {
    pub(crate) scope: PluginScope,
    /// A JSON object.
    pub(crate) settings: String,
    pub(crate) http: Policy,
    pub(crate) sockets: Policy,
    secrets: BTreeMap<String, Held>,
    /// Why the account cannot be used, if it cannot.
    pub(crate) broken: Option<String>,
}

struct Held {
    value: SecretString,
    hosts: Vec<HostPattern>,
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSecret {
    #[error("the manifest declares no secret `{0}`")]
    Undeclared(String),
    #[error("the secret `{0}` is not set: put it under plugins.use in the configuration")]
    Unset(String),
}

impl Access {
    /// No reach at all, for a plugin that is only to be started.
    pub(crate) fn nothing(plugin: &PluginName) -> Self {
        let none = Policy::new(Vec::new(), Vec::new());
        Self {
            scope: PluginScope { plugin: plugin.clone(), account: None },
            settings: "{}".to_owned(),
            http: none.clone(),
            sockets: none,
            secrets: BTreeMap::new(),
            broken: None,
        }
    }

    /// An injection of the secret, wherever its hosts allow it.
    pub(crate) fn injection(&self, manifest: &Manifest, name: &str, place: Place, prefix: String) -> Result<Injection, NoSecret> {
        if !manifest.secrets.contains_key(name) {
            return Err(NoSecret::Undeclared(name.to_owned()));
        }
        let held = self.secrets.get(name).ok_or_else(|| NoSecret::Unset(name.to_owned()))?;
        Ok(Injection { name: name.to_owned(), value: held.value.clone(), hosts: held.hosts.clone(), place, prefix })
    }

    /// The secret's value, for verification.
    pub(crate) fn secret(&self, name: &str) -> Option<SecretString> {
        self.secrets.get(name).map(|held| held.value.clone())
    }
}

/// The accounts of a plugin, and what the operator should know about them.
pub(crate) fn accounts(manifest: &Manifest, settings: &PluginSettings, built_in: bool) -> (Accounts, Vec<String>) {
    let mut notes = Vec::new();
    let http = http_grants(manifest, &settings.grants, built_in, &mut notes);
    let sockets = if settings.grants.sockets || built_in { specs(&manifest.sockets) } else { Vec::new() };
    if sockets.is_empty() && !manifest.sockets.is_empty() {
        let name = &manifest.name;
        notes.push(format!("it asks for a WebSocket, which is not granted: `wingman plugin grant {name} --sockets` grants it"));
    }
    let networks = &settings.grants.private_networks;
    let (http, sockets) = (Policy::new(http, networks.clone()), Policy::new(sockets, networks.clone()));
    let only = BTreeMap::from([(None, Account::default())]);
    let configured = if settings.accounts.is_empty() { &only } else { &settings.accounts };
    let mut accounts = Accounts::new();
    for (name, account) in configured {
        let broken = broken(manifest, account);
        if let Some(why) = &broken {
            notes.push(name.as_ref().map_or_else(|| why.clone(), |name| format!("account `{name}`: {why}")));
        }
        let access = Access {
            scope: PluginScope { plugin: manifest.name.clone(), account: name.clone() },
            settings: account.settings.to_string(),
            http: http.clone(),
            sockets: sockets.clone(),
            secrets: held(manifest, account),
            broken,
        };
        accounts.insert(name.clone(), Arc::new(access));
    }
    (accounts, notes)
}

/// What is granted, in words for the list of plugins.
pub(crate) fn in_words(manifest: &Manifest, settings: &PluginSettings, built_in: bool) -> Vec<String> {
    let granted = http_specs(manifest, &settings.grants, built_in, &mut Vec::new());
    let mut words: Vec<String> = granted.iter().map(spec_in_words).collect();
    if settings.grants.sockets || built_in {
        words.extend(manifest.sockets.iter().map(spec_in_words));
    }
    words.extend(settings.grants.private_networks.iter().map(|network| format!("network {network}")));
    words
}

/// `GET POST https://api.example.com/v1`.
fn spec_in_words(spec: &GrantSpec) -> String {
    let GrantSpec { scheme, host, port, paths, methods, .. } = spec;
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{} {scheme}://{host}{port}{}", methods.join(" "), paths.join(" ")).trim_start().to_owned()
}

fn http_grants(manifest: &Manifest, grants: &Grants, built_in: bool, notes: &mut Vec<String>) -> Vec<Grant> {
    let mut granted = Vec::new();
    for spec in http_specs(manifest, grants, built_in, notes) {
        match Grant::new(&spec) {
            Ok(grant) => granted.push(grant),
            Err(error) => notes.push(format!("the grant of {} is of no use: {error}", spec.host)),
        }
    }
    granted
}

fn http_specs(manifest: &Manifest, grants: &Grants, built_in: bool, notes: &mut Vec<String>) -> Vec<GrantSpec> {
    let mut granted = Vec::new();
    for ask in &manifest.http {
        let covered = match &grants.http {
            HttpGrant::Hosts(hosts) if ask.host == ANY_HOST => hosts.iter().map(|host| with_host(ask, host)).collect(),
            HttpGrant::Hosts(hosts) if hosts.contains(&ask.host) => vec![ask.clone()],
            HttpGrant::AsAsked if ask.host != ANY_HOST => vec![ask.clone()],
            _ if built_in && ask.host != ANY_HOST => vec![ask.clone()],
            _ => Vec::new(),
        };
        if covered.is_empty() {
            let name = &manifest.name;
            let note = if ask.host == ANY_HOST {
                format!("it asks to call hosts of your choice; `wingman plugin grant {name} --http HOST` grants one")
            } else {
                format!("it asks to call {}, which is not granted: `wingman plugin grant {name}` grants it", ask.host)
            };
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        granted.extend(covered);
    }
    granted
}

fn with_host(ask: &HttpAsk, host: &str) -> GrantSpec {
    GrantSpec { host: host.to_owned(), ..ask.clone() }
}

/// The manifest was checked, so each of them is a grant.
fn specs(asked: &[GrantSpec]) -> Vec<Grant> {
    asked.iter().filter_map(|spec| Grant::new(spec).ok()).collect()
}

fn held(manifest: &Manifest, account: &Account) -> BTreeMap<String, Held> {
    let held = |(name, value): (&String, &SecretString)| {
        let declared = manifest.secrets.get(name)?;
        // The manifest was checked, so each of them is a pattern.
        let hosts = declared.hosts.iter().filter_map(|host| host.parse().ok()).collect();
        Some((name.clone(), Held { value: value.clone(), hosts }))
    };
    account.secrets.iter().filter_map(held).collect()
}

/// Why an account cannot be used: a secret is missing, or its settings do not have the manifest's shape.
fn broken(manifest: &Manifest, account: &Account) -> Option<String> {
    let is_missing = |name: &String| account.secrets.get(name).is_none_or(|value| value.expose_secret().is_empty());
    let missing = manifest.secrets.iter().find(|(name, secret)| !secret.optional && is_missing(name));
    if let Some((name, secret)) = missing {
        return Some(format!("the secret `{name}` is not set ({})", secret.prompt));
    }
    if let Some(unknown) = account.secrets.keys().find(|name| !manifest.secrets.contains_key(*name)) {
        return Some(format!("a secret `{unknown}` is set that the plugin does not know"));
    }
    let Some(schema) = &manifest.settings else {
        let empty = account.settings.as_object().is_none_or(serde_json::Map::is_empty);
        return (!empty).then(|| "it has settings, and the plugin knows none".to_owned());
    };
    match jsonschema::validator_for(schema.json()) {
        Err(error) => Some(format!("[settings] of its manifest is no JSON Schema: {error}")),
        Ok(validator) => {
            let error = validator.iter_errors(&account.settings).next()?;
            Some(format!("settings{}: {error}", error.instance_path()))
        }
    }
}
