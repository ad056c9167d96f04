//! The configuration as the gateway uses it: every default filled in, every path absolute. Plain data.

use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use secrecy::SecretString;

use crate::{
    agent_file::AgentFileError,
    file::{Approval, AuthMode, Binding, Context, ControlUi, Discovery, Limits, Nodes, Provider, QueueMode, Session},
    load::ConfigError,
    mcp::McpServer,
    plugins::Plugins,
    problem::{Code, Place, Problem, Report},
    source::Source,
    text::{AgentId, CommandText, Host, IpRange, ModelName, WebhookId},
};

/// The whole configuration, checked and resolved. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// The gateway itself.
    pub gateway: Gateway,
    /// The agents and their bindings.
    pub agents: Agents,
    /// Model providers by name.
    pub providers: BTreeMap<String, Provider>,
    /// Webhooks that the file keeps.
    pub webhooks: Vec<Webhook>,
    /// Where plugins are found, and what each of them gets.
    pub plugins: Plugins,
    /// The MCP servers that are enabled, in the order of their names.
    pub mcp: Vec<McpServer>,
    /// Caps.
    pub limits: Limits,
    /// Discovery, without effect in this version.
    pub discovery: Option<Discovery>,
    /// Tool nodes, without effect in this version.
    pub nodes: Option<Nodes>,
}

/// The gateway itself.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Address to listen on.
    pub host: Host,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// Name shown to clients, if it was given one.
    pub name: Option<String>,
    /// Folder of all state.
    pub state_dir: PathBuf,
    /// Folders that may hold a session's working folder. Symbolic links are not resolved yet.
    pub fs_roots: Vec<PathBuf>,
    /// Who may use it.
    pub auth: Auth,
    /// The web page for people.
    pub control_ui: ControlUi,
    /// How conversations are kept apart.
    pub session: Session,
}

impl Gateway {
    /// The address to bind, if the host is an address or `localhost`; other names are for the resolver.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        let ip = self.host.ip().or_else(|| self.host.is_loopback().then(|| std::net::Ipv4Addr::LOCALHOST.into()));
        ip.map(|ip| SocketAddr::new(ip, self.port))
    }
}

/// Who may use the gateway.
#[derive(Debug, Clone)]
pub struct Auth {
    /// What a client must show.
    pub mode: AuthMode,
    /// The token: option, else variable, else file.
    pub token: Option<SecretString>,
    /// The password: option, else file.
    pub password: Option<SecretString>,
    /// Without effect in this version.
    pub allow_tailscale: bool,
}

/// What the gateway compares with. There is no mode without its secret.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Clients show this token.
    Token(SecretString),
    /// Clients show this password.
    Password(SecretString),
    /// Clients show nothing.
    None,
}

/// The agents and their bindings.
#[derive(Debug, Clone)]
pub struct Agents {
    /// The agents: those of the configuration in its order, then those that have a file of their own, by id. Never empty.
    pub list: Vec<Agent>,
    /// Nothing describes the one agent in `list`: it is there because there is no other.
    pub implied: bool,
    /// Agents that are not in `list`, because their own files have mistakes.
    pub broken: Vec<AgentFileError>,
    /// The agent that takes what no binding takes. It is in `list`.
    pub default: AgentId,
    /// The bindings in the order of the file; their agents are in `list`, or broken.
    pub bindings: Vec<Binding>,
}

impl Agents {
    /// The agent with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Agent> {
        self.list.iter().find(|agent| agent.id.as_str() == id)
    }
}

/// One agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// Unique id.
    pub id: AgentId,
    /// Name shown to people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it takes new messages.
    pub enabled: bool,
    /// Folder it works in.
    pub workspace: PathBuf,
    /// Folder of its own state; no other agent has the same.
    pub agent_dir: PathBuf,
    /// Folder for output of sessions without a working folder: `<stateDir>/outputs/<id>`.
    pub outputs: PathBuf,
    /// Model that answers.
    pub model: ModelName,
    /// Models that are asked, in this order, when it is out.
    pub fallback_models: Vec<ModelName>,
    /// Names of the tools it may use; none given means all that there are.
    pub tools: Option<Vec<String>>,
    /// Commands it may run; empty for none.
    pub commands: Vec<CommandText>,
    /// What it is told before every conversation.
    pub instructions: Option<String>,
    /// What a message does that comes while its session is busy.
    pub queue_mode: QueueMode,
    /// When a person is asked before a tool is called, by the tool's name or its plugin's.
    pub approval: BTreeMap<String, Approval>,
    /// The agents that it may hand tasks to; they are in `agents.list`.
    pub delegates: Vec<AgentId>,
    /// How much of a conversation its model is shown.
    pub context: Context,
    /// The agent's own file, `agent.md`, that it comes from; none for an agent of the configuration.
    pub file: Option<PathBuf>,
}

/// One webhook of the file.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Unique id, the last part of its URL.
    pub id: WebhookId,
    /// Name shown to people.
    pub name: String,
    /// The agent that answers; it is in `agents.list`.
    pub agent_id: AgentId,
    /// What a sender must show.
    pub secret: SecretString,
    /// Whether it takes deliveries.
    pub enabled: bool,
    /// Plugin that reads the payload.
    pub preset: Option<String>,
    /// Session that deliveries go into.
    pub session_id: Option<String>,
    /// Label of its events.
    pub event_label: Option<String>,
    /// Addresses that may deliver; empty for any.
    pub allowed_ips: Vec<IpRange>,
    /// When it was made, in milliseconds since 1970, if the file says so.
    pub created_at: Option<u64>,
}

impl Limits {
    /// Messages a client may send in a minute; `None` for no limit.
    #[must_use]
    pub fn message_rate(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.messages_per_minute)
    }

    /// Longest run of an agent.
    #[must_use]
    pub fn run_time(&self) -> Duration {
        Duration::from_secs(self.run_seconds.into())
    }

    /// Longest call of a tool.
    #[must_use]
    pub fn tool_time(&self) -> Duration {
        Duration::from_secs(self.tool_seconds.into())
    }

    /// Longest wait for a model to begin its answer.
    #[must_use]
    pub fn model_first_byte_time(&self) -> Duration {
        Duration::from_secs(self.model_first_byte_seconds.into())
    }

    /// Longest silence in the middle of a model's answer.
    #[must_use]
    pub fn model_idle_time(&self) -> Duration {
        Duration::from_secs(self.model_idle_seconds.into())
    }
}

impl Config {
    /// What the gateway compares with. Asked for at start and not on load, because clients and tools read a
    /// configuration without needing its secret.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with [`Code::NoCredentials`] if the mode lacks its token or password.
    pub fn credentials(&self) -> Result<Credentials, ConfigError> {
        let Auth { mode, token, password, .. } = &self.gateway.auth;
        match (mode, token, password) {
            (AuthMode::None, _, _) => Ok(Credentials::None),
            (AuthMode::Token, Some(token), _) => Ok(Credentials::Token(token.clone())),
            (AuthMode::Password, _, Some(password)) => Ok(Credentials::Password(password.clone())),
            (AuthMode::Token, None, _) => Err(self.lacks(
                "token",
                "make one with `wingman gateway token --generate`; put it there, in WINGMAN_GATEWAY_TOKEN or in `--token`",
            )),
            (AuthMode::Password, _, None) => Err(self.lacks("password", "put it there or in `--password`")),
        }
    }

    fn lacks(&self, what: &str, help: &str) -> ConfigError {
        let path = format!("gateway.auth.{what}");
        let message = format!("the authentication mode is \"{what}\", but there is no `{path}`");
        let problem = Problem::new(Code::NoCredentials, path, Place::File, message).help(help);
        ConfigError::Invalid(Report::new(Source::new(&self.file.display().to_string(), ""), vec![problem]))
    }
}
