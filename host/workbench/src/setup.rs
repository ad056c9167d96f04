//! The operator of the workbench: grants all that the manifest asks for (nothing leaves the machine), and makes up what a fixture
//! leaves out of settings and secrets.

use crate::fixture::{Scripted, World};
use ipnet::IpNet;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use url::Url;
use wingman_manifest::{ANY_HOST, Manifest};
use wingman_message::AccountName;
use wingman_plugin::{Account, Grants, HttpGrant, Operator, PluginSettings};

/// What stands in for a secret. Bot tokens and signing keys have about this length.
const DUMMY_SECRET: &str = "workbench-secret-0123456789abcdef";

/// What the host is told for one call. Equal setups make equal operators.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setup {
    account: Option<AccountName>,
    settings: Value,
    /// Made up by an author or by us: nothing that has to be hidden.
    secrets: BTreeMap<String, String>,
    hosts: Vec<String>,
}

impl Setup {
    pub(crate) fn of(manifest: &Manifest, world: &World, script: Option<&[Scripted]>) -> Self {
        let made_up = manifest.secrets.keys().map(|name| (name.clone(), DUMMY_SECRET.to_owned()));
        Self {
            account: world.account.clone(),
            settings: settings(manifest, world),
            secrets: made_up.chain(world.secrets.clone()).collect(),
            hosts: hosts(manifest, script),
        }
    }

    pub(crate) fn operator(&self, manifest: &Manifest) -> Operator {
        let secrets = self.secrets.iter().map(|(name, value)| (name.clone(), value.clone().into()));
        let account = Account { settings: self.settings.clone(), secrets: secrets.collect() };
        let grants = Grants {
            http: HttpGrant::Hosts(self.hosts.clone()),
            sockets: true,
            private_networks: ["0.0.0.0/0", "::/0"].iter().filter_map(|network| network.parse::<IpNet>().ok()).collect(),
        };
        let accounts = BTreeMap::from([(self.account.clone(), account)]);
        Operator::from([(manifest.name.clone(), PluginSettings { enabled: true, grants, accounts })])
    }
}

/// Those that are asked for by name, and for an ask of any host those that the script knows.
fn hosts(manifest: &Manifest, script: Option<&[Scripted]>) -> Vec<String> {
    let mut hosts: BTreeSet<String> = manifest.http.iter().map(|ask| ask.host.clone()).collect();
    if hosts.remove(ANY_HOST) {
        let urls = script.unwrap_or_default().iter().filter_map(|scripted| Url::parse(&scripted.request.url).ok());
        hosts.extend(urls.filter_map(|url| Some(url.host_str()?.trim_matches(['[', ']']).to_owned())));
    }
    hosts.into_iter().collect()
}

fn settings(manifest: &Manifest, world: &World) -> Value {
    if let Some(settings) = &world.settings {
        return settings.clone();
    }
    let empty = Value::Object(Map::new());
    manifest.settings.as_ref().map_or(empty, |schema| made_up(schema.json()))
}

/// A value that most likely fits a JSON Schema: defaults, and something for what is required.
pub(crate) fn made_up(schema: &Value) -> Value {
    if let Some(value) = schema.get("default").or(schema.get("const")).or(schema.pointer("/enum/0")) {
        return value.clone();
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => {
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            let property = |name: &str| schema.get("properties").and_then(|all| all.get(name)).map(made_up).unwrap_or_default();
            Value::Object(required.map(|name| (name.to_owned(), property(name))).collect())
        }
        Some("array") => Value::Array(Vec::new()),
        Some("boolean") => Value::Bool(false),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        Some("string") if schema.get("format").and_then(Value::as_str) == Some("uri") => "https://example.com".into(),
        Some("string") => "example".into(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_that_nobody_gave_have_what_is_required() {
        let schema = json!({"type": "object", "required": ["url", "kind", "n", "on"], "properties": {
            "url": {"type": "string", "format": "uri"}, "kind": {"enum": ["a", "b"]}, "n": {"type": "integer", "minimum": 3},
            "on": {"type": "boolean", "default": true}, "more": {"type": "string"}}});
        assert_eq!(made_up(&schema), json!({"url": "https://example.com", "kind": "a", "n": 3, "on": true}));
        assert!(jsonschema::is_valid(&schema, &made_up(&schema)));
    }
}
