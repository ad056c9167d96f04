//! A gateway's process, and how tests speak to it.

use crate::Home;
use crate::home::TOKEN;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use wingman_client::{Client, ConnectOptions};
use wingman_protocol::{AgentEvent, AgentEventKind, AgentRequest};

/// Cold, in a debug build, on a busy machine.
const START: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A running gateway; killed when dropped.
pub struct Gateway {
    child: Child,
    /// `http://127.0.0.1:<port>`
    pub url: String,
    /// The Control UI's address.
    pub ui: String,
    http: reqwest::Client,
}

/// What an HTTP request was answered with.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
    pub headers: reqwest::header::HeaderMap,
}

impl Gateway {
    pub(crate) async fn start(home: &Home) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let log = fs::OpenOptions::new().create(true).append(true).open(home.path().join("gateway.log")).unwrap();
        let mut command = home.command(&["gateway", "run"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let pid_file = home.state().join("gateway.pid");
        let deadline = Instant::now() + START;
        let running = loop {
            let said = fs::read_to_string(&pid_file).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
            if let Some(running) = said.filter(|said| said["pid"] == child.id()) {
                break running;
            }
            let log = || fs::read_to_string(home.path().join("gateway.log")).unwrap_or_default();
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the gateway ended with {status}:\n{}", log());
            }
            assert!(Instant::now() < deadline, "the gateway is not ready:\n{}", log());
            tokio::time::sleep(LOOK_EVERY).await;
        };
        let text = |key: &str| running[key].as_str().unwrap_or_default().to_owned();
        Self { child, url: text("url"), ui: text("controlUi"), http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    /// Kills it where it stands, while others still speak to it.
    pub fn kill_now(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        rustix::process::Pid::from_child(&self.child).as_raw_nonzero().get()
    }

    /// Asks it to end, and waits until it has; it must end well.
    pub fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "it ended with {status} (signal {:?})", status.signal());
    }

    /// A client called `name`.
    pub async fn client(&self, name: &str) -> Client {
        Client::connect(self.options(name)).await.unwrap()
    }

    /// How a client called `name` connects.
    #[must_use]
    pub fn options(&self, name: &str) -> ConnectOptions {
        ConnectOptions::new(format!("{}/ws", self.url), name, "cli").with_token(TOKEN)
    }

    /// An HTTP request to the gateway's port, with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(TOKEN)
    }

    /// An HTTP request to the gateway's port, without credentials.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// An HTTP request to the page's port, without credentials.
    pub fn page(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.ui))
    }

    /// Reads a resource.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// Reads the resource at `path` until it fits.
    pub async fn until(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + START;
        loop {
            let body = self.get(path).await.body;
            if fits(&body) {
                return body;
            }
            assert!(Instant::now() < deadline, "{path} stays {body}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The messages of a session, oldest first, as `(role, content)`.
    pub async fn messages(&self, session: &str) -> Vec<(String, String)> {
        let answer = self.get(&format!("/api/sessions/{}/messages", session.replace(':', "%3A"))).await;
        let messages = answer.body.as_array().cloned().unwrap_or_default();
        let text = |message: &Value, key: &str| message[key].as_str().unwrap_or_default().to_owned();
        messages.iter().map(|message| (text(message, "role"), text(message, "content"))).collect()
    }

    /// Waits until the session holds `count` messages.
    pub async fn until_messages(&self, session: &str, count: usize) -> Vec<(String, String)> {
        let deadline = Instant::now() + START;
        loop {
            let messages = self.messages(session).await;
            if messages.len() >= count {
                return messages;
            }
            assert!(Instant::now() < deadline, "{session} holds {messages:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Asks `main` something and returns all events.
    pub async fn ask(&self, client: &Client, request: AgentRequest) -> Vec<AgentEvent> {
        let mut run = client.request_agent(request).await.unwrap();
        let mut events = Vec::new();
        while let Some(event) = run.next_event().await {
            events.push(event.unwrap());
        }
        events
    }
}

impl Answer {
    /// Sends `request`.
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All text of a run's events.
#[must_use]
pub fn said(events: &[AgentEvent]) -> String {
    events
        .iter()
        .filter_map(|event| match &event.kind {
            AgentEventKind::AgentStream { chunk: wingman_protocol::StreamChunk::OnChatModelStream { data, .. } } => {
                Some(data.chunk.content.as_ref())
            }
            _ => None,
        })
        .collect()
}
