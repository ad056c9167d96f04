//! What the gateway is and has: configuration as the page needs it, plugins, MCP servers, providers.

use crate::app::App;
use crate::auth::AuthMode;
use axum::Json;
use axum::extract::State;
use wingman_protocol::rest::ProviderSummary;
use wingman_protocol::{AgentSummary, McpServerSummary, PluginSummary, ReloadError, ServerConfig};

pub(crate) async fn config(State(App { dispatch, auth, info, .. }): State<App>) -> Json<ServerConfig> {
    Json(ServerConfig {
        gateway_host: info.host.clone(),
        gateway_port: info.port,
        require_auth: auth.mode() != AuthMode::None,
        default_agent_id: dispatch.default_agent(),
        output_root: info.output_root.clone(),
        dynamic_ui_enabled: false,
        agents: dispatch.agents().iter().map(AgentSummary::from).collect(),
        reload_error: info.agents.failure().map(|failure| ReloadError { at: failure.at, message: failure.message }),
    })
}

pub(crate) async fn plugins(State(App { dispatch, .. }): State<App>) -> Json<Vec<PluginSummary>> {
    Json(dispatch.plugins().iter().map(PluginSummary::from).collect())
}

pub(crate) async fn mcp(State(App { info, .. }): State<App>) -> Json<Vec<McpServerSummary>> {
    Json(info.mcp.servers().iter().map(McpServerSummary::from).collect())
}

pub(crate) async fn providers(State(App { info, .. }): State<App>) -> Json<Vec<ProviderSummary>> {
    let summary = |provider: &crate::ProviderInfo| ProviderSummary {
        name: provider.name.clone(),
        base_url: provider.base_url.clone(),
        api_key_env: provider.api_key_env.clone(),
        configured: provider.configured,
    };
    Json(info.providers.iter().map(summary).collect())
}
