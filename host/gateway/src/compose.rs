//! Builds the gateway: the one place that knows all parts. It stays a list.

use crate::catalog::{Catalog, Moving};
use crate::credentials::{key_variable, provider_settings};
use crate::{built_in, operator, translate};
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use wingman_agent::{
    Agent, AgentSpec, AskUser, ContextSettings, CurrentTime, MemoryTool, ModelFactory, React, Resilient, RetryPolicy, ToolFilter,
};
use wingman_config::{AgentFileError, Config, ModelName, Overrides};
use wingman_dispatch::{Agents, Dispatch, Entrances, Folders, Webhooks};
use wingman_mcp::{Limits as McpLimits, McpServers};
use wingman_message::{
    AgentId, AgentRuntime, ChannelName, Clock, Components, Model, PluginName, PluginStore, SystemClock, Tool, ToolSource,
};
use wingman_plugin::{MemoryStore, PluginHost, PluginHostConfig};
use wingman_server::{Auth, GatewayInfo, Listeners, ProviderInfo, Server, SitePolicy};
use wingman_store::Store;
use wingman_tools::{CommandExecute, CommandPolicy};

/// The plugin that reads what clients say, and the one that reads a webhook's deliveries where it names no other.
const CLIENT_CHANNEL: &str = "webui";
const DEFAULT_PRESET: &str = "generic";
/// The most model requests of one run.
const MAX_STEPS: usize = 50;
/// How long runs may go on once the gateway shuts down.
const GRACE: Duration = Duration::from_secs(10);

/// What moves, and what it is built on.
pub(crate) struct Core {
    pub(crate) dispatch: Dispatch,
    pub(crate) plugins: PluginHost,
    pub(crate) mcp: McpServers,
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    clock: Arc<dyn Clock>,
}

/// Builds everything but the servers. `overrides` are what `config` was read with, and is read with again.
pub(crate) async fn core(config: &Config, overrides: Overrides) -> Result<Core> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let state_dir = &config.gateway.state_dir;
    let store = Store::open(state_dir, Arc::clone(&clock)).await?;
    let plugins = open_plugins(config, Arc::new(store.gateway())).await?;
    // Started before the agents that call their tools; none of them holds up the start.
    let mcp = McpServers::start(translate::mcp_servers(config)?, McpLimits::default(), &clock)?;
    let Built { agents, broken } = agents(config, &plugins, &mcp, &clock)?;
    for broken in &broken {
        tracing::error!(%broken, "an agent is not there: its file has mistakes");
    }
    let entrances = Entrances {
        components: Arc::new(plugins.clone()) as Arc<dyn Components>,
        client_channel: ChannelName::new(CLIENT_CHANNEL)?,
        default_preset: PluginName::new(DEFAULT_PRESET)?,
        router: translate::router(config)?,
    };
    let webhooks = Webhooks::new(translate::webhooks(config, clock.now_ms())?, store.gateway());
    let folders = Folders::new(config.gateway.fs_roots.clone());
    let limits = translate::limits(config);
    let dispatch = Dispatch::new(store.clone(), agents, entrances, webhooks, folders, Arc::clone(&clock), limits);
    dispatch.resume().await?;
    plugins.start(Arc::new(dispatch.clone())).await;
    let moving = Moving { dispatch: dispatch.clone(), plugins: plugins.clone(), mcp: mcp.clone(), clock: Arc::clone(&clock) };
    let catalog = Catalog::start(config.clone(), overrides, moving);
    Ok(Core { dispatch, plugins, mcp, store, catalog, clock })
}

impl Core {
    /// Ends what moves, then what it stands on.
    pub(crate) async fn shut_down(self) {
        self.catalog.stop().await;
        self.plugins.stop().await;
        self.dispatch.shut_down(GRACE).await;
        // After the runs that may still call its tools.
        self.mcp.stop().await;
        self.store.close().await;
    }
}

/// The loaded plugins, for looking at them: nothing that they keep outlives the process.
pub(crate) async fn plugins(config: &Config) -> Result<PluginHost> {
    open_plugins(config, Arc::new(MemoryStore::default())).await
}

async fn open_plugins(config: &Config, store: Arc<dyn PluginStore>) -> Result<PluginHost> {
    let mut settings = PluginHostConfig::new(&config.plugins.dir, &config.plugins.cache_dir);
    settings.built_in = built_in::plugins();
    settings.operator = operator::read(config).await?;
    settings.store = store;
    Ok(PluginHost::open(settings).await?)
}

/// Agents, and what is wrong with those that are missing among them.
pub(crate) struct Built {
    pub(crate) agents: Agents,
    pub(crate) broken: Vec<AgentFileError>,
}

/// The agents of `config`, at the start and whenever it is taken again. What is wrong with an agent that has a file of its own costs
/// that agent; with any other, it is an error.
pub(crate) fn agents(config: &Config, plugins: &PluginHost, mcp: &McpServers, clock: &Arc<dyn Clock>) -> Result<Built> {
    let models = ModelFactory::new(translate::model_limits(config))?;
    let mut shared: Vec<Arc<dyn Tool>> =
        vec![Arc::new(CurrentTime::new(Arc::clone(clock))), Arc::new(AskUser::default()), Arc::new(React::default())];
    shared.extend(wingman_tools::files());
    let mut agents: Agents = HashMap::new();
    let mut broken = config.agents.broken.clone();
    for agent in &config.agents.list {
        let made = || -> Result<Agent> {
            let mut own = shared.clone();
            own.push(Arc::new(MemoryTool::new(agent.agent_dir.clone())));
            own.extend(commands(config, agent)?);
            // The first tool of a name is used: neither a plugin nor a server can take the place of one of these.
            let tools: Vec<Arc<dyn ToolSource>> = vec![Arc::new(own), Arc::new(plugins.clone()), Arc::new(mcp.clone())];
            Ok(Agent::new(spec(config, agent)?, model(config, &models, agent)?, tools, Arc::clone(clock)))
        };
        match (made(), &agent.file) {
            (Ok(made), _) => {
                agents.insert(made.info().id.clone(), Arc::new(made) as Arc<dyn AgentRuntime>);
            }
            (Err(error), Some(file)) => {
                let (id, file) = (agent.id.clone(), file.clone());
                broken.push(AgentFileError { id, file, line: None, message: format!("{error:#}") });
            }
            (Err(error), None) => return Err(error).with_context(|| format!("agent `{}`", agent.id.as_str())),
        }
    }
    Ok(Built { agents, broken })
}

fn spec(config: &Config, agent: &wingman_config::Agent) -> Result<AgentSpec> {
    Ok(AgentSpec {
        id: AgentId::new(agent.id.as_str())?,
        name: agent.name.clone(),
        description: agent.description.clone(),
        enabled: agent.enabled,
        is_default: agent.id == config.agents.default,
        instructions: agent.instructions.clone().unwrap_or_default(),
        tools: agent.tools.clone().map_or(ToolFilter::All, ToolFilter::Only),
        max_steps: MAX_STEPS,
        outputs: agent.outputs.clone(),
        tool_time: config.limits.tool_time(),
        queue_mode: translate::queue_mode(agent.queue_mode),
        approval: translate::approval(agent),
        delegates: agent.delegates.iter().map(|id| Ok(AgentId::new(id.as_str())?)).collect::<Result<_>>()?,
        context: ContextSettings {
            max_tokens: agent.context.max_tokens,
            compact_at: agent.context.compact_at,
            keep_recent: agent.context.keep_recent,
            agent_dir: Some(agent.agent_dir.clone()),
            fs_roots: config.gateway.fs_roots.clone(),
        },
    })
}

/// The tool that runs commands, where the agent may run any.
fn commands(config: &Config, agent: &wingman_config::Agent) -> Result<Option<Arc<dyn Tool>>> {
    if agent.commands.is_empty() {
        return Ok(None);
    }
    let entries: Vec<&str> = agent.commands.iter().map(|command| command.as_str()).collect();
    let policy = CommandPolicy::within(&entries, config.limits.tool_time()).context("`commands`")?;
    Ok(Some(Arc::new(CommandExecute::new(policy))))
}

/// The agent's model, with its retries and its fallbacks.
fn model(config: &Config, models: &ModelFactory, agent: &wingman_config::Agent) -> Result<Arc<dyn Model>> {
    let connect = |name: &ModelName| -> Result<Arc<dyn Model>> {
        Ok(models.connect(name.as_str(), &provider_settings(config, name.provider())?)?)
    };
    let model = connect(&agent.model).context("`model`")?;
    let fallbacks = agent.fallback_models.iter().map(connect).collect::<Result<Vec<_>>>().context("`fallbackModels`")?;
    Ok(Arc::new(Resilient::new(model, fallbacks, RetryPolicy::default())))
}

/// Binds the ports. Port 0 takes any free one.
pub(crate) async fn listen(config: &Config) -> Result<Listeners> {
    let gateway = bind(config, config.gateway.port).await?;
    let ui = &config.gateway.control_ui;
    let shares_port = ui.enabled && ui.port == config.gateway.port && ui.port != 0;
    let control_ui = if ui.enabled && !shares_port { Some(bind(config, ui.port).await?) } else { None };
    Ok(Listeners { gateway, control_ui, page_on_gateway: shares_port })
}

async fn bind(config: &Config, port: u16) -> Result<TcpListener> {
    let host = config.gateway.host.as_str();
    let help = || {
        format!(
            "cannot listen on {host}:{port}; is another gateway running? `wingman gateway status` tells; `--port` takes another one"
        )
    };
    TcpListener::bind((host, port)).await.with_context(help)
}

/// Serves `core` until `shutdown` fires.
pub(crate) async fn serve(config: &Config, core: &Core, listeners: Listeners, shutdown: CancellationToken) -> Result<()> {
    let key = core.store.gateway().meta_get_or_insert("cookie-key", &random_key()?).await?;
    let auth = Auth::new(translate::credentials(config)?, &key, Arc::clone(&core.clock));
    let origins: Vec<String> =
        config.gateway.control_ui.allowed_origins.iter().map(|origin| origin.as_str().to_owned()).collect();
    let site = SitePolicy::new(config.gateway.host.as_str(), &origins);
    let info = info(config, core, listeners.gateway.local_addr()?)?;
    let server = Server::new(core.dispatch.clone(), auth, site, info, translate::server_limits(config));
    Ok(server.run(listeners, shutdown).await?)
}

fn info(config: &Config, core: &Core, address: SocketAddr) -> Result<GatewayInfo> {
    let provider = |known: &wingman_agent::Provider| {
        let settings = provider_settings(config, known.name)?;
        Ok(ProviderInfo {
            name: known.name.to_owned(),
            base_url: settings.base_url.or(known.base_url.map(str::to_owned)).unwrap_or_default(),
            api_key_env: key_variable(config, known.name).map(str::to_owned),
            configured: known.key_variable.is_none() || settings.api_key.is_some(),
        })
    };
    Ok(GatewayInfo {
        name: config.gateway.name.clone().unwrap_or_else(|| "Wingman Gateway".to_owned()),
        version: env!("CARGO_PKG_VERSION"),
        host: config.gateway.host.as_str().to_owned(),
        port: address.port(),
        agents: Arc::new(core.catalog.clone()),
        mcp: Arc::new(core.mcp.clone()),
        output_root: config.gateway.state_dir.join("outputs").display().to_string(),
        providers: wingman_agent::providers().iter().map(provider).collect::<Result<_>>()?,
        started_at: core.clock.now_ms(),
    })
}

fn random_key() -> Result<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).context("the system gave no random bytes")?;
    Ok(key)
}
