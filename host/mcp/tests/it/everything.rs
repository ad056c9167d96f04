//! The protocol's own test server, over both transports: a real server, in another language, by other people.

use crate::support::{call, failing, http, invocation, limits, once, program, progress, ready, soon, start, start_with, tool};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tokio::process::{Child, Command};
use wingman_mcp::{Endpoint, Limits, McpServers, ServerSettings};
use wingman_message::{McpServerState, ToolError, ToolInvocation, ToolSource as _};

fn script() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/mcp-servers");
    let script = folder.join("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
    assert!(script.is_file(), "the MCP servers for tests are not installed: run `cargo xtask setup`");
    script
}

fn over_stdio() -> ServerSettings {
    program("everything", "node", &[script().to_str().unwrap(), "stdio"])
}

/// The server over HTTP, in a process of its own, on a port that was free a moment ago.
struct OverHttp {
    port: u16,
    process: Child,
}

impl OverHttp {
    fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { port, process: Self::process(port) }
    }

    fn process(port: u16) -> Child {
        let mut command = Command::new("node");
        command.arg(script()).arg("streamableHttp").env("PORT", port.to_string()).kill_on_drop(true);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
    }

    async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    fn start_again(&mut self) {
        self.process = Self::process(self.port);
    }

    fn settings(&self) -> ServerSettings {
        http("everything", &format!("http://127.0.0.1:{}/mcp", self.port), &[])
    }
}

/// What holds whatever the transport.
async fn serves(servers: &McpServers) {
    let status = ready(servers).await;
    for name in ["everything_echo", "everything_get-sum", "everything_trigger-long-running-operation"] {
        assert!(status.tools.iter().any(|tool| tool == name), "{name} is not among {:?}", status.tools);
    }
    let echo = tool(servers, "everything_echo");
    assert_eq!((echo.family(), echo.spec().idempotent), (Some("everything"), true));
    assert_eq!(echo.spec().description, "Echoes back the input string");
    assert_eq!(echo.spec().input_schema["properties"]["message"]["type"], "string");

    assert_eq!(call(servers, "everything_echo", json!({ "message": "hé\n\"llo" })).await.unwrap().text, "Echo: hé\n\"llo");
    assert_eq!(call(servers, "everything_get-sum", json!({ "a": 2, "b": 40 })).await.unwrap().text, "The sum of 2 and 40 is 42.");
    let image = call(servers, "everything_get-tiny-image", json!({})).await.unwrap().text;
    assert!(image.contains("[image, image/png, ") && image.len() < 300, "{image}");
    let links = call(servers, "everything_get-resource-links", json!({ "count": 2 })).await.unwrap().text;
    assert_eq!(links.matches("[link to the resource demo://").count(), 2, "{links}");
    let weather = call(servers, "everything_get-structured-content", json!({ "location": "Chicago" })).await.unwrap().text;
    assert!(weather.contains("\"temperature\":36"), "{weather}");

    // Input that the server refuses is told in its words, and the connection goes on.
    let wrong = call(servers, "everything_get-sum", json!({ "a": "two" })).await.unwrap_err();
    assert!(wrong.to_string().contains("expected number"), "{wrong}");
    steps(servers).await;
}

async fn steps(servers: &McpServers) {
    let (sink, mut heard) = progress();
    let invocation = ToolInvocation { progress: sink, ..invocation(json!({ "duration": 0.3, "steps": 3 })) };
    let output = soon(tool(servers, "everything_trigger-long-running-operation").call(invocation)).await.unwrap();
    assert!(output.text.starts_with("Long running operation completed."), "{output:?}");
    let mut chunks = String::new();
    while let Ok(chunk) = heard.try_recv() {
        chunks += &chunk;
    }
    assert_eq!(chunks, "1 of 3\n2 of 3\n3 of 3\n");
}

async fn cancels(servers: &McpServers) {
    ready(servers).await;
    let (sink, mut heard) = progress();
    let invocation = ToolInvocation { progress: sink, ..invocation(json!({ "duration": 3000, "steps": 30_000 })) };
    let cancel = invocation.cancel.clone();
    let long = tool(servers, "everything_trigger-long-running-operation");
    let long = tokio::spawn(async move { long.call(invocation).await });
    soon(heard.recv()).await.unwrap();
    cancel.cancel();
    assert_eq!(soon(long).await.unwrap(), Err(ToolError::Failed("the call was cancelled".into())));
    assert_eq!(call(servers, "everything_echo", json!({ "message": "on" })).await.unwrap().text, "Echo: on");
}

#[tokio::test]
async fn its_tools_work_over_stdio() {
    let servers = start(vec![over_stdio()]);
    serves(&servers).await;
    soon(servers.stop()).await;
    assert!(servers.tools().is_empty());
}

#[tokio::test]
async fn its_tools_work_over_http() {
    let server = OverHttp::start();
    let servers = start(vec![server.settings()]);
    serves(&servers).await;
    soon(servers.stop()).await;
}

#[tokio::test]
async fn a_long_call_is_cancelled_over_both() {
    let servers = start(vec![over_stdio()]);
    cancels(&servers).await;
    servers.stop().await;
    let server = OverHttp::start();
    let servers = start(vec![server.settings()]);
    cancels(&servers).await;
    soon(servers.stop()).await;
}

#[tokio::test]
async fn a_server_that_goes_and_comes_back_is_found_again() {
    let limits = Limits { ping_every: Duration::from_millis(100), good_connection: Duration::from_secs(600), ..limits() };
    let mut server = OverHttp::start();
    let servers = start_with(vec![server.settings()], limits);
    ready(&servers).await;
    server.kill().await;
    let why = failing(&servers).await;
    assert!(why.contains("cannot be reached") || why.contains("closed") || why.contains("refused"), "{why}");
    assert!(servers.tools().is_empty());
    server.start_again();
    ready(&servers).await;
    assert_eq!(call(&servers, "everything_echo", json!({ "message": "back" })).await.unwrap().text, "Echo: back");
    soon(servers.stop()).await;
}

#[tokio::test]
async fn an_address_where_nobody_listens_fails_and_says_so() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let servers = start(vec![http("nobody", &format!("http://{free}/mcp"), &[])]);
    let why = failing(&servers).await;
    assert!(why.contains("refused"), "{why}");
    soon(servers.stop()).await;
}

#[tokio::test]
async fn variables_that_are_configured_reach_it() {
    let settings = over_stdio();
    let Endpoint::Process { command, arguments, folder, .. } = settings.endpoint else { panic!("no process") };
    let variables = wingman_mcp::Secrets::new(|| Ok([("COLOUR".to_owned(), "teal".into())].into()));
    let settings = ServerSettings { endpoint: Endpoint::Process { command, arguments, variables, folder }, ..settings };
    let servers = start(vec![settings]);
    once(&servers, |server| server.state == McpServerState::Ready).await;
    let environment = call(&servers, "everything_get-env", json!({})).await.unwrap().text;
    assert!(environment.contains("\"COLOUR\": \"teal\"") && !environment.contains("CARGO_"), "{environment}");
    soon(servers.stop()).await;
}
