//! `GET /health` and `GET /stats`.

use crate::app::App;
use crate::info::GatewayInfo;
use axum::Json;
use axum::extract::State;
use wingman_dispatch::Dispatch;
use wingman_protocol::rest::{GroupList, NodeList};
use wingman_protocol::{GatewayStats, Health, Stats};

/// Open to everyone: it says that the gateway lives, and nothing about what it does for whom.
pub(crate) async fn health(State(App { dispatch, info, .. }): State<App>) -> Json<Health> {
    Json(Health {
        status: "healthy".to_owned(),
        version: info.version.to_owned(),
        stats: figures(&dispatch, &info),
        timestamp: dispatch.now_ms(),
    })
}

pub(crate) async fn stats(State(App { dispatch, info, .. }): State<App>) -> Json<Stats> {
    Json(Stats {
        gateway: figures(&dispatch, &info),
        nodes: NodeList { total_nodes: 0, nodes: vec![] },
        groups: GroupList { total_groups: 0, groups: vec![] },
    })
}

fn figures(dispatch: &Dispatch, info: &GatewayInfo) -> GatewayStats {
    let stats = dispatch.stats();
    GatewayStats {
        uptime: u64::try_from(dispatch.now_ms() - info.started_at).unwrap_or(0),
        total_nodes: 0,
        total_groups: 0,
        messages_processed: stats.messages_processed,
        started_at: info.started_at,
        active_sessions: stats.active_sessions as u64,
    }
}
