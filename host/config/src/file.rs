//! The file as it is written: one serde type a section, and the source of the JSON Schema.
//!
//! Doc comments here are read by people: editors show them, and error messages quote them. Sections that hold a path
//! or a derived default have a resolved twin in `config`; the others are used as they are. No checks here beyond types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::mcp_file::McpSection;
use crate::money::Usd;
use crate::plugin_file::PluginsSection;
use crate::text::{AgentId, BaseUrl, CommandText, EnvName, Host, IpRange, ModelName, Origin, PathText, WebhookId};

/// Configuration of the Wingman Gateway. Comments and trailing commas are allowed.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Root {
    /// Where an editor finds the JSON Schema of this file. The gateway does not read it.
    #[serde(rename = "$schema")]
    pub(crate) _schema: Option<String>,
    /// The gateway itself: where it listens, where it keeps its state, who may use it.
    pub(crate) gateway: GatewaySection,
    /// The agents, and which of them answers where.
    pub(crate) agents: AgentsSection,
    /// Model providers by the name that stands before the colon of an agent's `model`.
    pub(crate) providers: BTreeMap<String, Provider>,
    /// Webhooks that are kept in this file. Others are made in the Control UI.
    pub(crate) webhooks: Vec<WebhookEntry>,
    /// Where plugins are found, and what each of them gets.
    pub(crate) plugins: PluginsSection,
    /// MCP servers whose tools agents may call.
    pub(crate) mcp: McpSection,
    /// Caps that protect the gateway.
    pub(crate) limits: Limits,
    /// How clients find this gateway. Read and kept; it takes effect in a later version.
    pub(crate) discovery: Option<Discovery>,
    /// Remote tool nodes. Read and kept; it takes effect in a later version.
    pub(crate) nodes: Option<Nodes>,
}

/// The gateway itself.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct GatewaySection {
    /// Address to listen on. Default "127.0.0.1": this machine only.
    pub(crate) host: Option<Host>,
    /// Port of the gateway. Default 18789; 0 takes any free port.
    pub(crate) port: Option<u16>,
    /// Folder of all state. Default "~/.wingman".
    pub(crate) state_dir: Option<PathText>,
    /// Folders that may hold the working folder of a session. Default: the outputs folder in the state folder.
    pub(crate) fs_roots: Option<Vec<PathText>>,
    /// Name shown to clients.
    #[schemars(length(min = 1, max = 100))]
    pub(crate) name: Option<String>,
    /// Who may use the gateway.
    pub(crate) auth: AuthSection,
    /// The web page for people.
    pub(crate) control_ui: ControlUi,
    /// How conversations are kept apart.
    pub(crate) session: Session,
}

/// Who may use the gateway.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct AuthSection {
    /// What a client must show: "token" (default), "password" or "none".
    pub(crate) mode: AuthMode,
    /// The token of mode "token". The variable WINGMAN_GATEWAY_TOKEN overrides it.
    #[schemars(with = "Option<String>", length(min = 1), extend("writeOnly" = true))]
    pub(crate) token: Option<SecretString>,
    /// The password of mode "password".
    #[schemars(with = "Option<String>", length(min = 1), extend("writeOnly" = true))]
    pub(crate) password: Option<SecretString>,
    /// Let peers of the tailnet in by their identity. Takes effect in a later version.
    pub(crate) allow_tailscale: bool,
}

/// What a client must show to use the gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// The token.
    #[default]
    Token,
    /// The password.
    Password,
    /// Nothing; allowed on a loopback address only.
    None,
}

/// The web page for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ControlUi {
    /// Whether the page is served.
    pub enabled: bool,
    /// Port of the page; the gateway's own port is allowed, 0 takes any free one.
    pub port: u16,
    /// Ask for the approval of each new browser. Takes effect in a later version.
    pub pairing_required: bool,
    /// Let browsers sign in over plain HTTP from other machines.
    pub allow_insecure_auth: bool,
    /// Further web origins that may use the gateway, for example `https://wingman.example.net`.
    pub allowed_origins: Vec<Origin>,
}

impl Default for ControlUi {
    fn default() -> Self {
        Self { enabled: true, port: 18790, pairing_required: false, allow_insecure_auth: false, allowed_origins: vec![] }
    }
}

/// How conversations are kept apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Session {
    /// Where direct messages go: "main" (default) is one session per agent, "per-peer" one per person.
    pub dm_scope: DmScope,
}

/// Where direct messages go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DmScope {
    /// All of them into the agent's main session.
    #[default]
    Main,
    /// One session for each person on each channel.
    PerPeer,
}

/// The agents, and which of them answers where.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct AgentsSection {
    /// The agents. The one with `"default": true`, or else the first, takes what no binding takes.
    pub(crate) list: Vec<AgentEntry>,
    /// Which agent answers where. The most specific match wins, then the order in this list.
    pub(crate) bindings: Vec<Binding>,
}

/// One agent, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentEntry {
    /// Unique id: 1 to 64 letters, digits, `.`, `_` or `-`; it names the agent's folders.
    pub id: AgentId,
    /// Name shown to people. Default: the id.
    #[schemars(length(min = 1, max = 100))]
    pub name: Option<String>,
    /// What the agent is for, in a sentence; people and other agents see it.
    #[schemars(length(min = 1, max = 500))]
    pub description: Option<String>,
    /// Whether the agent takes new messages. Default true. One that does not keeps its sessions.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether this agent takes what no binding takes.
    #[serde(default)]
    pub default: bool,
    /// Folder the agent works in. Default: "workspaces/{id}" in the state folder.
    pub workspace: Option<PathText>,
    /// Folder of the agent's own state. Default: "agents/{id}" in the state folder.
    pub agent_dir: Option<PathText>,
    /// Model, as "provider:model-name". Default "demo:echo", which repeats what it is told.
    pub model: Option<ModelName>,
    /// Models that are asked, in this order, when `model` is out: busy, away, gone, or its key refused. Default: none.
    #[serde(default)]
    pub fallback_models: Vec<ModelName>,
    /// Names of the tools the agent may use. Default: all that there are.
    #[schemars(inner(inner(length(min = 1))))]
    pub tools: Option<Vec<String>>,
    /// Commands the agent may run: programs, or programs with their leading arguments, such as "git status". Default: none.
    pub commands: Option<Vec<CommandText>>,
    /// What the agent is told before every conversation.
    pub instructions: Option<String>,
    /// What a message does that comes while its session is busy: "queue" (default) waits, "steer" joins the turn that runs,
    /// "collect" shares one turn with others that wait, "interrupt" stops the turn that runs, "reject" is refused.
    #[serde(default)]
    pub queue_mode: QueueMode,
    /// When a person is asked before a tool is called, by the name of the tool or of the plugin that offers it: "never" (default),
    /// "ask" until it was approved once in the session, or "always".
    #[serde(default)]
    pub approval: BTreeMap<String, Approval>,
    /// Ids of the agents in `agents.list` that it may hand tasks to.
    #[serde(default)]
    pub delegates: Vec<AgentId>,
    /// How much of a conversation the agent's model is shown.
    pub context: Option<Context>,
}

/// What a message does that comes while its session is busy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueMode {
    /// It waits, and has a turn of its own.
    #[default]
    Queue,
    /// It joins the turn that runs, behind a tool's result.
    Steer,
    /// It waits, and shares one turn with others from the same sender.
    Collect,
    /// It stops the turn that runs, and is next.
    Interrupt,
    /// It is refused. Messages of chat networks and webhooks wait instead.
    Reject,
}

impl QueueMode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Steer => "steer",
            Self::Collect => "collect",
            Self::Interrupt => "interrupt",
            Self::Reject => "reject",
        }
    }
}

/// When a person is asked before a tool is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// Never.
    #[default]
    Never,
    /// Until it was approved once in the session.
    Ask,
    /// Before each call.
    Always,
}

impl Approval {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Ask => "ask",
            Self::Always => "always",
        }
    }
}

impl AgentEntry {
    /// An agent of which everything but the id is left out.
    #[must_use]
    pub fn new(id: AgentId) -> Self {
        Self {
            id,
            name: None,
            description: None,
            enabled: true,
            default: false,
            workspace: None,
            agent_dir: None,
            model: None,
            fallback_models: vec![],
            tools: None,
            commands: None,
            instructions: None,
            queue_mode: QueueMode::default(),
            approval: BTreeMap::new(),
            delegates: Vec::new(),
            context: None,
        }
    }
}

/// How much of a conversation an agent's model is shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Context {
    /// The model's context window, in tokens. Default 128000.
    #[schemars(range(min = 2000, max = 100_000_000))]
    pub max_tokens: u64,
    /// The part of the window that a conversation may fill before its older part is summarised. Default 0.8.
    #[schemars(range(min = 0.1, max = 0.95))]
    pub compact_at: f64,
    /// How many of the newest turns stay word for word, where they fit. Default 10.
    #[schemars(range(max = 10_000))]
    pub keep_recent: usize,
}

impl Default for Context {
    fn default() -> Self {
        Self { max_tokens: 128_000, compact_at: 0.8, keep_recent: 10 }
    }
}

impl Context {
    /// What is out of its range, as the schema has it: for values that came in by another way than the file.
    pub(crate) fn mistake(&self) -> Option<&'static str> {
        if !(2000..=100_000_000).contains(&self.max_tokens) {
            return Some("`context.maxTokens` must be from 2000 to 100000000");
        }
        if !(0.1..=0.95).contains(&self.compact_at) {
            return Some("`context.compactAt` must be from 0.1 to 0.95");
        }
        (self.keep_recent > 10_000).then_some("`context.keepRecent` must be from 0 to 10000")
    }
}

/// Which agent answers where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Binding {
    /// Id of an agent in `agents.list`.
    pub agent_id: AgentId,
    /// What a message must look like. A field that is left out matches anything; ids are compared exactly as written.
    #[serde(rename = "match")]
    pub matches: BindingMatch,
    /// Shows the agent what others say around it, and not to it, with the next message that is to it.
    #[serde(default = "yes")]
    pub context: bool,
}

/// What a message must look like to match a binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BindingMatch {
    /// Name of the channel that the message came in by.
    #[schemars(length(min = 1))]
    pub channel: String,
    /// Account on the channel that received the message.
    #[schemars(length(min = 1))]
    pub account_id: Option<String>,
    /// Guild (server) that the message comes from.
    #[schemars(length(min = 1))]
    pub guild_id: Option<String>,
    /// Team (workspace) that the message comes from.
    #[schemars(length(min = 1))]
    pub team_id: Option<String>,
    /// The one conversation that the message comes from.
    pub peer: Option<Peer>,
}

/// One conversation on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Peer {
    /// "dm", "group" or "channel".
    pub kind: PeerKind,
    /// The channel's own id of the conversation.
    #[schemars(length(min = 1))]
    pub id: String,
}

/// Kind of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PeerKind {
    /// One person.
    Dm,
    /// A group of people.
    Group,
    /// A channel of a guild or team.
    Channel,
}

/// One model provider. Keys are never stored here, only the name of the variable that holds one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Provider {
    /// Base URL of the API, for example `http://127.0.0.1:9999/v1`. Required for a name that is not built in.
    pub base_url: Option<BaseUrl>,
    /// Name of the environment variable that holds the API key.
    pub api_key_env: Option<EnvName>,
    /// What its models cost, by their names without the provider's. Where a price is here, results tell the cost of a run.
    pub prices: BTreeMap<String, ModelPrice>,
}

/// What a model's tokens cost, in US dollars a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelPrice {
    /// A million tokens that the model reads, in US dollars.
    pub input: Usd,
    /// A million tokens that the model writes, in US dollars.
    pub output: Usd,
    /// A million tokens that the provider had in its cache, in US dollars. Default: as `input`.
    pub cached_input: Option<Usd>,
}

/// One webhook, as written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookEntry {
    /// Unique id, the last part of its URL "/webhooks/{id}".
    pub id: WebhookId,
    /// Name shown to people. Default: the id.
    #[schemars(length(min = 1, max = 100))]
    pub name: Option<String>,
    /// Id of the agent in `agents.list` that answers.
    pub agent_id: AgentId,
    /// What a sender must show. There is no webhook without one.
    #[schemars(with = "String", length(min = 1), extend("writeOnly" = true))]
    pub secret: SecretString,
    /// Whether it takes deliveries. Default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Name of the plugin that reads the payload. Default: the payload is handed on as it is.
    #[schemars(length(min = 1))]
    pub preset: Option<String>,
    /// Session that deliveries go into. Default: a session of the webhook's own.
    #[schemars(length(min = 1))]
    pub session_id: Option<String>,
    /// Label of its events for people.
    #[schemars(length(min = 1, max = 100))]
    pub event_label: Option<String>,
    /// Addresses that may deliver: IP addresses or CIDR ranges. Default: any.
    #[serde(default)]
    pub allowed_ips: Vec<IpRange>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: Option<u64>,
}

fn yes() -> bool {
    true
}

/// Caps that protect the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Messages a client may send in a minute; 0 lifts the limit.
    #[schemars(range(max = 1_000_000))]
    pub messages_per_minute: u32,
    /// Largest WebSocket frame, in bytes.
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub frame_bytes: usize,
    /// Largest body of a webhook delivery, in bytes.
    #[schemars(range(min = 1024, max = 268_435_456))]
    pub webhook_bytes: usize,
    /// Messages that may wait for one session's running turn.
    #[schemars(range(min = 1, max = 10_000))]
    pub queued_per_session: usize,
    /// Agent runs at the same time.
    #[schemars(range(min = 1, max = 4096))]
    pub concurrent_runs: usize,
    /// Longest run of an agent, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub run_seconds: u32,
    /// Longest call of a tool, in seconds. A tool may have a shorter deadline of its own.
    #[schemars(range(min = 1, max = 86_400))]
    pub tool_seconds: u32,
    /// Longest wait for a model to begin its answer, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub model_first_byte_seconds: u32,
    /// Longest silence in the middle of a model's answer, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub model_idle_seconds: u32,
    /// Nodes that may be registered at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub nodes: usize,
    /// Groups of nodes that there may be at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub groups: usize,
    /// How often a task may be handed on from agent to agent.
    #[schemars(range(min = 1, max = 20))]
    pub delegate_depth: u32,
    /// How many tasks may be handed over for one request, by all agents together.
    #[schemars(range(min = 1, max = 1000))]
    pub delegate_runs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages_per_minute: 100,
            frame_bytes: 1 << 20,
            webhook_bytes: 8 << 20,
            queued_per_session: 100,
            concurrent_runs: 64,
            run_seconds: 600,
            tool_seconds: 60,
            model_first_byte_seconds: 60,
            model_idle_seconds: 60,
            nodes: 10_000,
            groups: 1_000,
            delegate_depth: 3,
            delegate_runs: 16,
        }
    }
}

/// How clients find this gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Discovery {
    /// Whether the gateway announces itself.
    pub enabled: bool,
    /// How it announces itself.
    pub method: Option<DiscoveryMethod>,
    /// Name it announces. Default: `gateway.name`.
    #[schemars(length(min = 1, max = 100))]
    pub name: Option<String>,
    /// Settings of the method "tailscale".
    pub tailscale: Option<TailscaleDiscovery>,
}

/// How a gateway announces itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DiscoveryMethod {
    /// Multicast DNS in the local network.
    Mdns,
    /// The peers of the tailnet.
    Tailscale,
}

/// Settings of discovery in a tailnet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TailscaleDiscovery {
    /// Tags that mark a gateway.
    pub tags: Vec<String>,
}

/// Remote tool nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Nodes {
    /// Whether nodes may connect.
    pub enabled: bool,
    /// Whether a new node waits for an approval.
    pub pairing_required: bool,
    /// How long a pairing code is valid, in seconds.
    #[schemars(range(min = 30, max = 86_400))]
    pub pairing_ttl_seconds: u32,
    /// Ids of nodes that are approved already.
    pub approved: Vec<String>,
}

impl Default for Nodes {
    fn default() -> Self {
        Self { enabled: false, pairing_required: true, pairing_ttl_seconds: 300, approved: vec![] }
    }
}
