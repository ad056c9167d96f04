//! The first configuration: commented, private, and working without key or network.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::text::{AgentId, BaseUrl, EnvName, ModelName};

/// What the starter configuration is made for.
#[derive(Debug, Clone)]
pub struct StarterOptions {
    /// Id of the one agent.
    pub agent: AgentId,
    /// Its model.
    pub model: ModelName,
    /// The gateway's token, made by the caller.
    pub token: SecretString,
    /// `gateway.stateDir`; `None` for `~/.wingman`.
    pub state_dir: Option<String>,
    /// Model providers to configure.
    pub providers: Vec<StarterProvider>,
}

impl StarterOptions {
    /// The agent `main` with the demo model.
    #[must_use]
    pub fn new(token: SecretString) -> Self {
        Self { agent: AgentId::main(), model: ModelName::demo(), token, state_dir: None, providers: vec![] }
    }
}

/// An entry of `providers`.
#[derive(Debug, Clone)]
pub struct StarterProvider {
    /// Name that stands before the colon of a model.
    pub name: String,
    /// Base URL, if it is not the built-in one.
    pub base_url: Option<BaseUrl>,
    /// Variable that holds the key.
    pub api_key_env: Option<EnvName>,
}

/// The text of a starter configuration; [`write_new`](crate::write_new) writes it. The only place where the token is
/// put into text.
#[must_use]
pub fn starter(options: &StarterOptions) -> String {
    let StarterOptions { agent, model, token, state_dir, providers } = options;
    // Through the JSON encoder, so that no value can break out of its quotes.
    let agent = json!(agent.as_str());
    let model_line = model_line(model);
    let token = json!(token.expose_secret());
    let state_dir = state_dir.as_deref().unwrap_or("~/.wingman");
    let outputs = json!(format!("{}/outputs", state_dir.trim_end_matches('/')));
    let state_dir = json!(state_dir);
    let providers = providers_block(providers);
    format!(
        r#"// Wingman Gateway. Comments and trailing commas are welcome.
// A mistake is shown with its line and what would be right as soon as the gateway starts.
{{
  "gateway": {{
    // This machine only. To be reached from others, read "Security" in the README first.
    "host": "127.0.0.1",
    "port": 18789,
    // Sessions, plugins, logs: everything the gateway remembers.
    "stateDir": {state_dir},
    // Folders that a session may choose its working folder in.
    "fsRoots": [{outputs}],
    "auth": {{
      "mode": "token",
      // Whoever has it can use the gateway. The variable WINGMAN_GATEWAY_TOKEN overrides it.
      "token": {token}
    }},
    // The web page for people.
    "controlUi": {{
      "enabled": true,
      "port": 18790
    }}
  }},

  "agents": {{
    "list": [
      {{
        "id": {agent},
        "default": true,
{model_line}
      }}
    ],
    // Which agent answers where. The most specific match wins; the default agent takes the rest.
    "bindings": []
  }},

  // Model providers by the name that stands before the colon of a model. Keys stay in the environment:
  // "name": {{ "baseUrl": "http://127.0.0.1:9999/v1", "apiKeyEnv": "NAME_OF_THE_VARIABLE" }}
  "providers": {providers}
}}
"#
    )
}

fn model_line(model: &ModelName) -> String {
    let comment = if *model == ModelName::demo() {
        "// provider:model-name. This one needs no key and no network: it repeats what it is told."
    } else {
        "// provider:model-name."
    };
    format!("        {comment}\n        \"model\": {}", json!(model.as_str()))
}

fn providers_block(providers: &[StarterProvider]) -> String {
    if providers.is_empty() {
        return "{}".to_owned();
    }
    let lines: Vec<_> = providers
        .iter()
        .map(|StarterProvider { name, base_url, api_key_env }| {
            let base_url = base_url.as_ref().map(|url| format!("\"baseUrl\": {}", json!(url.as_str())));
            let key = api_key_env.as_ref().map(|key| format!("\"apiKeyEnv\": {}", json!(key.as_str())));
            let settings: Vec<_> = base_url.into_iter().chain(key).collect();
            format!("    {}: {{ {} }}", json!(name), settings.join(", "))
        })
        .collect();
    format!("{{\n{}\n  }}", lines.join(",\n"))
}
