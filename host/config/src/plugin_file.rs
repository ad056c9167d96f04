//! The section `plugins` as it is written: where plugins are found, and what the operator gives each of them.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::text::{EnvName, IpRange, PathText};

/// Where plugins are found, and what each of them gets.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct PluginsSection {
    /// Folder with one folder per plugin. Default: "plugins" in the state folder.
    pub(crate) dir: Option<PathText>,
    /// Folder of compiled plugins; safe to delete. Default: "cache/plugins" in the state folder.
    pub(crate) cache_dir: Option<PathText>,
    /// Whether packages without a signature may be installed. Default false.
    pub(crate) allow_unsigned: bool,
    /// What each plugin gets, by the plugin's name. One that is not named here runs without grants, settings and secrets.
    #[serde(rename = "use")]
    pub(crate) uses: BTreeMap<String, PluginEntry>,
}

/// What one plugin gets.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct PluginEntry {
    /// Whether the plugin is loaded. Default true.
    pub(crate) enabled: bool,
    /// What it may do, of what its manifest asks for.
    pub(crate) grants: Grants,
    /// Settings of its single, unnamed account, as its manifest describes them.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub(crate) settings: serde_json::Map<String, Value>,
    /// Secrets of its single, unnamed account, by the names in its manifest.
    pub(crate) secrets: BTreeMap<String, SecretText>,
    /// Its accounts by name, where it has several.
    pub(crate) accounts: BTreeMap<String, AccountEntry>,
}

impl Default for PluginEntry {
    fn default() -> Self {
        Self {
            enabled: true,
            grants: Grants::default(),
            settings: serde_json::Map::new(),
            secrets: BTreeMap::new(),
            accounts: BTreeMap::new(),
        }
    }
}

/// One account of a plugin.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct AccountEntry {
    /// The account's settings, as the plugin's manifest describes them.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub(crate) settings: serde_json::Map<String, Value>,
    /// The account's secrets, by the names in the plugin's manifest.
    pub(crate) secrets: BTreeMap<String, SecretText>,
}

/// What a plugin may do, of what its manifest asks for. Nothing is granted that is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Grants {
    /// Hosts that it may send requests to: a list, or true for all that it asks for. Default: none.
    pub http: HttpGrant,
    /// Whether it may keep WebSockets to these hosts open. Default false.
    pub sockets: bool,
    /// Private networks that it may reach, in CIDR notation. Default: none.
    pub private_networks: Vec<IpRange>,
}

/// Hosts that a plugin may send requests to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpGrant {
    /// All that the manifest asks for.
    All,
    /// These, of what the manifest asks for.
    Only(Vec<String>),
}

impl Default for HttpGrant {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

impl<'de> Deserialize<'de> for HttpGrant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            All(bool),
            Only(Vec<String>),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::All(true) => Self::All,
            Written::All(false) => Self::default(),
            Written::Only(hosts) => Self::Only(hosts),
        })
    }
}

impl JsonSchema for HttpGrant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HttpGrant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Hosts, or true for all that the plugin asks for.",
            "anyOf": [{ "type": "boolean" }, { "type": "array", "items": { "type": "string", "minLength": 1 } }]
        })
    }
}

/// Where a secret is: written out, in a variable, or in a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum SecretText {
    /// The secret itself.
    Literal(SecretString),
    /// Exactly one of the two is set; `check` sees to it.
    Elsewhere { env: Option<EnvName>, file: Option<PathText> },
}

impl JsonSchema for SecretText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (env, file) = (generator.subschema_for::<EnvName>(), generator.subschema_for::<PathText>());
        json_schema!({
            "description": "The secret itself, or where it is: { \"env\": \"VARIABLE\" } or { \"file\": \"/run/secrets/name\" }.",
            "anyOf": [
                { "type": "string", "minLength": 1, "writeOnly": true },
                { "type": "object", "properties": { "env": env, "file": file }, "additionalProperties": false }
            ]
        })
    }
}
