//! `GET /health` and `GET /stats`.

use crate::app::App;
use axum::Json;
use axum::extract::State;
use std::sync::atomic::Ordering;
use wingman_nodes::{GroupView, NewNode, NodeView, View};
use wingman_protocol::rest::{GroupList, GroupSummary, NodeList, NodeSummary};
use wingman_protocol::{GatewayStats, Health, Stats};

/// Open to everyone: it says that the gateway lives, and nothing about what it does for whom.
pub(crate) async fn health(State(app): State<App>) -> Json<Health> {
    Json(Health {
        status: "healthy".to_owned(),
        version: app.info.version.to_owned(),
        stats: figures(&app),
        timestamp: app.dispatch.now_ms(),
    })
}

pub(crate) async fn stats(State(app): State<App>) -> Json<Stats> {
    let View { nodes, groups } = app.sockets.nodes.view();
    Json(Stats {
        gateway: figures(&app),
        nodes: NodeList { total_nodes: nodes.len() as u64, nodes: nodes.into_iter().map(node).collect() },
        groups: GroupList { total_groups: groups.len() as u64, groups: groups.into_iter().map(group).collect() },
    })
}

fn node(node: NodeView) -> NodeSummary {
    let NodeView { id, about, groups, connected_at } = node;
    let NewNode { name, capabilities, session: session_id, agent: agent_name } = about;
    let groups = groups.iter().map(ToString::to_string).collect();
    NodeSummary { id: id.to_string(), name, capabilities, groups, session_id, agent_name, connected_at }
}

fn group(group: GroupView) -> GroupSummary {
    let GroupView { id, name, description, created_by, created_at, members } = group;
    let (id, created_by) = (id.to_string(), created_by.to_string());
    GroupSummary { id, name, description, created_by, created_at, members: members as u64 }
}

fn figures(App { dispatch, info, sockets, .. }: &App) -> GatewayStats {
    let stats = dispatch.stats();
    let (nodes, groups) = sockets.nodes.count();
    GatewayStats {
        uptime: u64::try_from(dispatch.now_ms() - info.started_at).unwrap_or(0),
        total_nodes: nodes as u64,
        total_groups: groups as u64,
        messages_processed: stats.messages_processed + sockets.node_messages.load(Ordering::Relaxed),
        started_at: info.started_at,
        active_sessions: stats.active_sessions as u64,
    }
}
