//! From the file as written to the configuration as used. All defaults that depend on other settings are here; plain
//! ones stand in the `Default` impls of `file`. Total: what could fail was checked before.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Component, Path, PathBuf},
    time::Duration,
};

use serde_json::{Map, Value};

use crate::{
    agent_file::AgentFiles,
    config::{Agent, Agents, Auth, Config, Gateway, Webhook},
    file::{AgentEntry, AgentsSection, GatewaySection, Root, WebhookEntry},
    load::Environment,
    mcp::{McpEndpoint, McpServer},
    mcp_file::{McpSection, McpServerEntry},
    overrides::Overrides,
    plugin_file::{AccountEntry, PluginEntry, PluginsSection, SecretText},
    plugins::{PluginAccount, PluginUse, Plugins, SecretSource},
    problem::{Code, Place, Problem},
    text::{AgentId, Host, ModelName, PathText},
    tree::{Node, at_index, at_key},
};

const PORT: u16 = 18789;
const STATE_DIR: &str = ".wingman";
const AGENTS: &str = "agents";

/// Resolves the file. `file` is its absolute path; relative paths in it are relative to its folder.
pub(crate) fn resolve(root: Root, file: PathBuf, files: AgentFiles, environment: &Environment, overrides: &Overrides) -> Config {
    let paths = Paths { home: &environment.home, folder: file.parent().unwrap_or(Path::new("/")) };
    let gateway = gateway(root.gateway, &paths, environment, overrides);
    Config {
        agents: agents(root.agents, files, &paths, &gateway.state_dir),
        plugins: plugins(root.plugins, &paths, &gateway.state_dir),
        mcp: mcp(root.mcp, &paths),
        webhooks: root.webhooks.into_iter().map(webhook).collect(),
        providers: root.providers,
        limits: root.limits,
        discovery: root.discovery,
        nodes: root.nodes,
        gateway,
        file,
    }
}

/// Agents whose folders of state are one: an error that only resolved paths show.
pub(crate) fn shared_folders(config: &Config, tree: &Node, problems: &mut Vec<Problem>) {
    let mut taken: HashMap<&Path, &AgentId> = HashMap::new();
    for (index, agent) in config.agents.list.iter().enumerate() {
        let Some(first) = taken.insert(&agent.agent_dir, &agent.id) else { continue };
        let path = at_index("agents.list", index);
        let node = tree.at(&["agents", "list"]).and_then(|list| list.elements().get(index));
        let place = node.map(|node| node.get("agentDir").map_or_else(|| node.opening(), Node::place));
        let message = format!("the agents \"{}\" and \"{}\" would share {}", first, agent.id, agent.agent_dir.display());
        let shared = Problem::new(Code::SharedAgentDir, at_key(&path, "agentDir"), place.unwrap_or(Place::File), message);
        problems.push(shared.label("taken already").help("give each agent an `agentDir` of its own, or leave it out"));
    }
}

struct Paths<'a> {
    home: &'a Path,
    folder: &'a Path,
}

impl Paths<'_> {
    fn absolute(&self, path: &PathText) -> PathBuf {
        let path = path.as_str();
        let joined = match path.strip_prefix('~') {
            Some(rest) => self.home.join(rest.trim_start_matches('/')),
            None => self.folder.join(path),
        };
        // `.` and doubled slashes go; `..` stays, because behind a symbolic link it means another folder.
        joined.components().filter(|part| *part != Component::CurDir).collect()
    }

    fn or(&self, path: Option<&PathText>, default: impl FnOnce() -> PathBuf) -> PathBuf {
        path.map_or_else(default, |path| self.absolute(path))
    }
}

fn gateway(section: GatewaySection, paths: &Paths<'_>, environment: &Environment, overrides: &Overrides) -> Gateway {
    let state_dir = paths.or(section.state_dir.as_ref(), || paths.home.join(STATE_DIR));
    let fs_roots = match &section.fs_roots {
        Some(roots) => roots.iter().map(|root| paths.absolute(root)).collect(),
        None => vec![state_dir.join("outputs")],
    };
    let auth = Auth {
        mode: overrides.mode().unwrap_or(section.auth.mode),
        token: overrides.token.clone().or_else(|| environment.token()).or(section.auth.token),
        password: overrides.password.clone().or(section.auth.password),
        allow_tailscale: section.auth.allow_tailscale,
    };
    Gateway {
        host: overrides.host().or(section.host).unwrap_or_else(Host::loopback),
        port: overrides.port.or(section.port).unwrap_or(PORT),
        name: overrides.name.clone().or(section.name),
        state_dir,
        fs_roots,
        auth,
        control_ui: section.control_ui,
        session: section.session,
    }
}

fn agents(section: AgentsSection, files: AgentFiles, paths: &Paths<'_>, state_dir: &Path) -> Agents {
    let AgentFiles { entries, broken } = files;
    let marked = section.list.iter().find(|agent| agent.default).or(section.list.first());
    let from_files = || entries.iter().map(|(_, entry)| &entry.id);
    let default = match marked {
        Some(agent) => agent.id.clone(),
        // A file without agents: `main`, or the first of those that have files of their own.
        None => from_files().find(|id| **id == AgentId::main()).or(from_files().next()).cloned().unwrap_or_else(AgentId::main),
    };
    let mut list: Vec<_> = section.list.into_iter().map(|entry| agent(entry, paths, state_dir)).collect();
    for (file, entry) in entries {
        if !list.iter().any(|agent| agent.id.is_like(&entry.id)) {
            list.push(Agent { file: Some(file), ..agent(entry, paths, state_dir) });
        }
    }
    let implied = list.is_empty();
    if implied {
        list.push(agent(AgentEntry::new(default.clone()), paths, state_dir));
    }
    Agents { list, implied, broken, default, bindings: section.bindings }
}

/// The folder of the agents' own folders, and what is wrong is left to others to say.
pub(crate) fn agents_dir(tree: &Node, file: &Path, environment: &Environment) -> PathBuf {
    let paths = Paths { home: &environment.home, folder: file.parent().unwrap_or(Path::new("/")) };
    let written = tree.at(&["gateway", "stateDir"]).and_then(Node::text).and_then(|text| PathText::parse(text).ok());
    paths.or(written.as_ref(), || paths.home.join(STATE_DIR)).join(AGENTS)
}

fn agent(entry: AgentEntry, paths: &Paths<'_>, state_dir: &Path) -> Agent {
    let own = |folder: &str| state_dir.join(folder).join(entry.id.as_str());
    Agent {
        name: entry.name.unwrap_or_else(|| entry.id.to_string()),
        description: entry.description,
        enabled: entry.enabled,
        workspace: paths.or(entry.workspace.as_ref(), || own("workspaces")),
        agent_dir: paths.or(entry.agent_dir.as_ref(), || own(AGENTS)),
        outputs: own("outputs"),
        model: entry.model.unwrap_or_else(ModelName::demo),
        fallback_models: entry.fallback_models,
        tools: entry.tools,
        commands: entry.commands.unwrap_or_default(),
        instructions: entry.instructions,
        queue_mode: entry.queue_mode,
        approval: entry.approval,
        delegates: entry.delegates,
        context: entry.context.unwrap_or_default(),
        file: None,
        id: entry.id,
    }
}

fn webhook(entry: WebhookEntry) -> Webhook {
    Webhook {
        name: entry.name.unwrap_or_else(|| entry.id.to_string()),
        id: entry.id,
        agent_id: entry.agent_id,
        secret: entry.secret,
        enabled: entry.enabled,
        preset: entry.preset,
        session_id: entry.session_id,
        event_label: entry.event_label,
        allowed_ips: entry.allowed_ips,
        created_at: entry.created_at,
    }
}

fn plugins(section: PluginsSection, paths: &Paths<'_>, state_dir: &Path) -> Plugins {
    let plugin = |(name, entry): (String, PluginEntry)| {
        let PluginEntry { enabled, grants, settings, secrets, accounts } = entry;
        let named = |(name, AccountEntry { settings, secrets })| (name, account(settings, secrets, paths));
        let accounts = accounts.into_iter().map(named).collect();
        (name, PluginUse { enabled, grants, account: account(settings, secrets, paths), accounts })
    };
    Plugins {
        dir: paths.or(section.dir.as_ref(), || state_dir.join("plugins")),
        cache_dir: paths.or(section.cache_dir.as_ref(), || state_dir.join("cache").join("plugins")),
        allow_unsigned: section.allow_unsigned,
        uses: section.uses.into_iter().map(plugin).collect(),
    }
}

fn account(settings: Map<String, Value>, secrets: BTreeMap<String, SecretText>, paths: &Paths<'_>) -> PluginAccount {
    PluginAccount { settings, secrets: sources(secrets, paths) }
}

fn sources(secrets: BTreeMap<String, SecretText>, paths: &Paths<'_>) -> BTreeMap<String, SecretSource> {
    let source = |secret| match secret {
        SecretText::Literal(secret) => Some(SecretSource::Literal(secret)),
        SecretText::Elsewhere { env: Some(env), .. } => Some(SecretSource::Env(env)),
        SecretText::Elsewhere { file: Some(file), .. } => Some(SecretSource::File(paths.absolute(&file))),
        // Refused before, by `check_plugins` and `check_mcp`.
        SecretText::Elsewhere { env: None, file: None } => None,
    };
    secrets.into_iter().filter_map(|(name, secret)| Some((name, source(secret)?))).collect()
}

fn mcp(section: McpSection, paths: &Paths<'_>) -> Vec<McpServer> {
    let server = |(name, entry): (String, McpServerEntry)| {
        let McpServerEntry { enabled, command, args, env, cwd, url, headers, header_env, tool_seconds } = entry;
        let endpoint = match (command, url) {
            (Some(command), _) => McpEndpoint::Process {
                command: program(command, paths),
                args,
                env: sources(env, paths),
                cwd: cwd.map(|cwd| paths.absolute(&cwd)),
            },
            (None, Some(url)) => {
                let written = headers.into_iter().map(|(name, value)| (name, SecretSource::Literal(value.0)));
                let elsewhere = header_env.into_iter().map(|(name, variable)| (name, SecretSource::Env(variable)));
                McpEndpoint::Http { url, headers: written.chain(elsewhere).collect() }
            }
            // Refused before, by `check_mcp`.
            (None, None) => return None,
        };
        let tool_time = tool_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        enabled.then_some(McpServer { name, endpoint, tool_time })
    };
    section.servers.into_iter().filter_map(server).collect()
}

/// A path is one like all others in the file; a bare name is for `PATH`.
fn program(command: String, paths: &Paths<'_>) -> String {
    let path = PathText::parse(&command).ok().filter(|_| command.contains('/'));
    path.map_or(command, |path| paths.absolute(&path).to_string_lossy().into_owned())
}
