//! Servers started for a test, and calls of their tools.

use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wingman_mcp::{Endpoint, Limits, McpServers, Secrets, ServerSettings};
use wingman_message::{
    Clock, McpServerState, McpServerStatus, RunId, SystemClock, Tool, ToolError, ToolInvocation, ToolOutput, ToolProgress,
    ToolSource as _,
};

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for `future`, but not for good.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it takes too long")
}

/// Short pauses, and otherwise what the gateway has.
pub(crate) fn limits() -> Limits {
    Limits {
        first_pause: Duration::from_millis(50),
        longest_pause: Duration::from_millis(200),
        relist_pause: Duration::from_millis(50),
        good_connection: Duration::ZERO,
        exit_time: Duration::from_millis(500),
        ..Limits::default()
    }
}

/// The scripted server, called `scripted`, with the manners of `manner`.
pub(crate) fn scripted(manner: &str) -> ServerSettings {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/scripted.py");
    program("scripted", "python3", &["-u", script.to_str().unwrap(), manner])
}

pub(crate) fn program(name: &str, command: &str, arguments: &[&str]) -> ServerSettings {
    let endpoint = Endpoint::Process {
        command: command.to_owned(),
        arguments: arguments.iter().map(ToString::to_string).collect(),
        variables: Secrets::none(),
        folder: None,
    };
    ServerSettings { name: name.to_owned(), endpoint, call_time: None }
}

/// A server over HTTP with these headers.
pub(crate) fn http(name: &str, url: &str, headers: &[(&str, &str)]) -> ServerSettings {
    let headers: BTreeMap<String, SecretString> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from((*value).to_owned()))).collect();
    let headers = Secrets::new(move || Ok(headers.clone()));
    ServerSettings { name: name.to_owned(), endpoint: Endpoint::Http { url: url.parse().unwrap(), headers }, call_time: None }
}

pub(crate) fn start(servers: Vec<ServerSettings>) -> McpServers {
    start_with(servers, limits())
}

pub(crate) fn start_with(servers: Vec<ServerSettings>, limits: Limits) -> McpServers {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    McpServers::start(servers, limits, &clock).unwrap()
}

/// The only server's status, once it `fits`.
pub(crate) async fn once(servers: &McpServers, mut fits: impl FnMut(&McpServerStatus) -> bool) -> McpServerStatus {
    let mut found = None;
    soon(servers.wait_until(|all| {
        found = all.first().filter(|server| fits(server)).cloned();
        found.is_some()
    }))
    .await;
    found.unwrap()
}

pub(crate) async fn ready(servers: &McpServers) -> McpServerStatus {
    once(servers, |server| server.state == McpServerState::Ready).await
}

/// Why the only server fails, once it does.
pub(crate) async fn failing(servers: &McpServers) -> String {
    once(servers, |server| matches!(server.state, McpServerState::Failing { .. })).await.last_error.unwrap()
}

pub(crate) fn tool(servers: &McpServers, name: &str) -> Arc<dyn Tool> {
    let tools = servers.tools();
    let names: Vec<_> = tools.iter().map(|tool| tool.spec().name.clone()).collect();
    tools.into_iter().find(|tool| tool.spec().name == name).unwrap_or_else(|| panic!("{name} is not among {names:?}"))
}

pub(crate) fn invocation(input: Value) -> ToolInvocation {
    ToolInvocation {
        input,
        session: "agent:main:main".parse().unwrap(),
        run: RunId::new(0),
        call_id: "call".to_owned(),
        folder: PathBuf::from("/nowhere").into(),
        cancel: CancellationToken::new(),
        progress: ToolProgress::ignored(),
    }
}

pub(crate) async fn call(servers: &McpServers, name: &str, input: Value) -> Result<ToolOutput, ToolError> {
    soon(tool(servers, name).call(invocation(input))).await
}

/// What the tool says, as JSON.
pub(crate) async fn said(servers: &McpServers, name: &str) -> Value {
    serde_json::from_str(&call(servers, name, json!({})).await.unwrap().text).unwrap()
}

/// Where progress goes, and where it can be read.
pub(crate) fn progress() -> (ToolProgress, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel(100);
    (ToolProgress::new(move |chunk| sender.try_send(chunk).unwrap()), receiver)
}

/// Waits until no process has this id. A process that ended and waits for its parent is none.
pub(crate) async fn gone(pid: u64) {
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    };
    soon(async {
        while alive() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
