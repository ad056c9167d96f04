//! From settings to a connection: start or reach the server, greet it, list its tools.

use crate::client::{Client, speaks};
use crate::connection::Connection;
use crate::guard::{Budget, Guarded, Wire, WireError};
use crate::http::{self, HttpError};
use crate::lines::BoundedLines;
use crate::listing::{self, Listed};
use crate::process::{Process, Program};
use crate::settings::{Endpoint, Limits, ServerSettings};
use rmcp::RoleClient;
use rmcp::model::{ClientRequest, ListToolsRequest, PaginatedRequestParams, ProtocolVersion};
use rmcp::service::{ClientInitializeError, Peer, RunningService, ServiceError, serve_client};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use serde_json::Value;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// The most tools of one server, and the most that their list may have in bytes and pages.
const MAX_TOOLS: usize = 512;
const MAX_LIST: usize = 8 << 20;
const MAX_PAGES: usize = 64;
/// The longest reason, in characters.
const MAX_REASON: usize = 400;
/// Lines that a process may write for each message that nobody asked for: answers are lines as well.
const LINES_A_MESSAGE: u32 = 4;

/// A server that was greeted.
pub(crate) type Running = RunningService<RoleClient, Client>;

/// Connects. The error says why not, for the operator.
pub(crate) async fn open(settings: &ServerSettings, limits: &Limits) -> Result<(Connection, Vec<Listed>), String> {
    let wire = Arc::new(Wire::default());
    match &settings.endpoint {
        Endpoint::Process { command, arguments, variables, folder } => {
            let program = Program {
                server: &settings.name,
                command,
                arguments,
                variables: variables.read().await.map_err(|error| error.to_string())?,
                folder: folder.as_deref(),
            };
            let (mut process, stdout, stdin) = Process::start(&program)?;
            let lines = Budget::new(limits.messages_per_second.saturating_mul(LINES_A_MESSAGE));
            let stdout = BoundedLines::new(stdout, limits.message_bytes, lines, Arc::clone(&wire));
            let transport =
                AsyncRwTransport::new_client(stdout, stdin).with_max_line_length(limits.message_bytes.saturating_add(1));
            let budget = Budget::new(limits.messages_per_second);
            let guarded = Guarded::new(transport, Arc::clone(&wire), budget, Some(limits.write_time));
            match start(&settings.name, guarded, &wire, limits).await {
                Ok((running, tools)) => Ok((Connection::new(settings, running, wire, Some(process), limits), tools)),
                Err(failure) => {
                    let why = match (wire.why(), failure) {
                        (Some(why), _) | (None, Failure::Said(why)) => why,
                        (None, Failure::Closed(why)) => process.last_words_after(why, limits).await,
                    };
                    process.end(limits).await;
                    Err(why)
                }
            }
        }
        Endpoint::Http { url, headers } => {
            let headers = headers.read().await.map_err(|error| error.to_string())?;
            let transport = http::transport(url, &headers, limits)?;
            // How long a request takes to be sent includes, over HTTP, how long the answer takes to begin.
            let guarded = Guarded::new(transport, Arc::clone(&wire), Budget::new(limits.messages_per_second), None);
            let started = start(&settings.name, guarded, &wire, limits).await;
            let (running, tools) = started.map_err(|failure| wire.why().unwrap_or(failure.why()))?;
            Ok((Connection::new(settings, running, wire, None, limits), tools))
        }
    }
}

/// Why a server could not be greeted or asked for its tools.
enum Failure {
    /// It answered, and this was wrong.
    Said(String),
    /// It answered nothing, or not to the end: where it is a process, that may have ended.
    Closed(String),
}

impl Failure {
    fn why(self) -> String {
        match self {
            Self::Said(why) | Self::Closed(why) => why,
        }
    }
}

async fn start<T>(server: &str, transport: Guarded<T>, wire: &Wire, limits: &Limits) -> Result<(Running, Vec<Listed>), Failure>
where
    T: Transport<RoleClient> + Send + 'static,
{
    let starting = async {
        let running = serve_client(Client, transport).await.map_err(|error| not_greeted(&error))?;
        let version = running.peer_info().map(|info| info.protocol_version.clone());
        if let Some(version) = version.filter(|version| !speaks(version)) {
            let ours = ProtocolVersion::KNOWN_VERSIONS.iter().filter(|version| version.has_initialize());
            let ours = ours.map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let theirs: String = version.to_string().chars().take(40).collect();
            return Err(Failure::Said(format!("it speaks version {theirs} of the protocol; this gateway speaks {ours}")));
        }
        // Told apart by the transport: what closes while it lists is found out from the process.
        let listed = list(server, running.peer()).await;
        let tools =
            listed.map_err(|why| if running.is_transport_closed() { Failure::Closed(why) } else { Failure::Said(why) })?;
        Ok((running, tools))
    };
    tokio::select! {
        started = tokio::time::timeout(limits.start_time, starting) => {
            let late = || Failure::Said(format!("it did not answer within {} s", limits.start_time.as_secs_f32()));
            started.unwrap_or_else(|_| Err(late()))
        }
        () = ended_here(wire) => Err(Failure::Closed("the connection was ended".to_owned())),
    }
}

/// When this side ended the connection. A server that ended it may have said why in an answer that is still being read.
async fn ended_here(wire: &Wire) {
    wire.ended.cancelled().await;
    if wire.why().is_none() {
        std::future::pending().await
    }
}

/// All tools of the server, each page asked for; what is no tool is left out and logged.
pub(crate) async fn list(server: &str, peer: &Peer<RoleClient>) -> Result<Vec<Listed>, String> {
    if peer.peer_info().is_some_and(|info| info.capabilities.tools.is_none()) {
        tracing::debug!(server, "an MCP server has no tools");
        return Ok(Vec::new());
    }
    let (mut entries, mut bytes, mut cursor) = (Vec::new(), 0, None);
    for _ in 0..MAX_PAGES {
        let parameters = PaginatedRequestParams::default().with_cursor(cursor.take());
        let request = ClientRequest::ListToolsRequest(ListToolsRequest::with_param(parameters));
        let page = peer.send_request(request).await.map_err(|error| not_listed(&error))?;
        let page = serde_json::to_value(page).map_err(|error| format!("its list of tools cannot be used: {error}"))?;
        let tools = page.get("tools").and_then(Value::as_array).ok_or("its list of tools is no list")?;
        bytes += page.to_string().len();
        entries.extend(tools.iter().cloned());
        cursor = page.get("nextCursor").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() || entries.len() > MAX_TOOLS || bytes > MAX_LIST {
            break;
        }
    }
    if bytes > MAX_LIST {
        return Err(format!("its list of tools has more than {MAX_LIST} bytes"));
    }
    if cursor.is_some() || entries.len() > MAX_TOOLS {
        tracing::warn!(server, "an MCP server lists more than {MAX_TOOLS} tools or {MAX_PAGES} pages; the rest is left out");
        entries.truncate(MAX_TOOLS);
    }
    let (tools, left_out) = listing::read(server, &entries);
    if let Some(first) = left_out.first() {
        tracing::warn!(server, count = left_out.len(), first, "tools of an MCP server are left out");
    }
    Ok(tools)
}

fn not_listed(error: &ServiceError) -> String {
    format!("its tools cannot be listed: {}", described(error))
}

fn not_greeted(error: &ClientInitializeError) -> Failure {
    if error.is_authorization_required() {
        return Failure::Said("it wants credentials (HTTP 401); name the variable that holds them in `headerEnv`".to_owned());
    }
    match error {
        ClientInitializeError::ConnectionClosed(_) => {
            Failure::Closed("it closed the connection before it was greeted".to_owned())
        }
        ClientInitializeError::TransportError { error, .. } => Failure::Closed(described(error.error.as_ref())),
        ClientInitializeError::JsonRpcError(error) => {
            Failure::Said(clipped(&format!("it refused the greeting: {}", error.message)))
        }
        _ => Failure::Said(clipped(&format!("it did not greet as the protocol says: {error}"))),
    }
}

/// An error with its causes, in one line.
pub(crate) fn described(error: &(dyn Error + 'static)) -> String {
    // The SDK hides the causes of its client's errors.
    if let Some(WireError::Transport(HttpError::Client(error))) = error.downcast_ref::<WireError<HttpError>>() {
        return described(error);
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    clipped(&text)
}

fn clipped(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REASON).collect()
}

impl Process {
    /// Why it could not be greeted: how it ended, if it did; else `why`.
    async fn last_words_after(&mut self, why: String, limits: &Limits) -> String {
        // Its output closes a moment before it is gone.
        let grace = limits.exit_time.min(Duration::from_millis(500));
        tokio::time::timeout(grace, self.ended()).await.unwrap_or(why)
    }
}
