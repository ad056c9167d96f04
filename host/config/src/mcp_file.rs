//! The section `mcp` as it is written: MCP servers whose tools agents may call.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::Deserialize;

use crate::plugin_file::SecretText;
use crate::text::{EnvName, PathText, ServerUrl};

/// MCP servers whose tools agents may call.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct McpSection {
    /// The servers by name: 1 to 32 lower-case letters, digits or `-`. The names of a server's tools begin with it.
    pub(crate) servers: BTreeMap<String, McpServerEntry>,
}

/// One MCP server: a program (`command`) or an address (`url`).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct McpServerEntry {
    /// Whether the server is used. Default true.
    pub(crate) enabled: bool,
    /// The program to start: a name that is looked for in PATH, or a path. No shell reads it.
    #[schemars(length(min = 1))]
    pub(crate) command: Option<String>,
    /// The program's arguments.
    pub(crate) args: Vec<String>,
    /// Variables for the program. Of the gateway's own it gets PATH, HOME, LANG and TMPDIR only.
    pub(crate) env: BTreeMap<String, SecretText>,
    /// The folder the program runs in. Default: that of the gateway's process.
    pub(crate) cwd: Option<PathText>,
    /// Address of a server that speaks streamable HTTP, for example `https://mcp.example.com/mcp`.
    pub(crate) url: Option<ServerUrl>,
    /// Headers of each request, written out.
    pub(crate) headers: BTreeMap<String, HeaderText>,
    /// Headers of each request whose whole values are in environment variables: { "Authorization": "MY_VARIABLE" }.
    pub(crate) header_env: BTreeMap<String, EnvName>,
    /// Longest call of one of its tools, in seconds. Default: `limits.toolSeconds`, which is above it in any case.
    #[schemars(range(min = 1, max = 86_400))]
    pub(crate) tool_seconds: Option<u32>,
}

impl Default for McpServerEntry {
    fn default() -> Self {
        Self {
            enabled: true,
            command: None,
            args: Vec::new(),
            env: BTreeMap::new(),
            cwd: None,
            url: None,
            headers: BTreeMap::new(),
            header_env: BTreeMap::new(),
            tool_seconds: None,
        }
    }
}

/// The value of a header. It may be a secret.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct HeaderText(pub(crate) SecretString);

impl JsonSchema for HeaderText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HeaderText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "writeOnly": true })
    }
}
