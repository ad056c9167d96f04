//! A server of Parlor, the chat network that does not exist and that the example plugins speak: what is posted and edited, who is
//! shown to write, updates by long poll, the webhook's signatures. `socket` has the other way in. It records all that it is asked,
//! and can be told to refuse.

mod socket;

use crate::{Answer, Gateway, Home};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use hmac::{Hmac, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The token of the bot of every test that needs only one.
pub const BOT_TOKEN: &str = "parlor-bot-token-of-the-test";
/// What the webhook is signed with.
pub const SIGNING_SECRET: &str = "parlor-signing-secret-of-the-test";
/// The longest body that is read.
const MAX_BODY: usize = 1 << 20;
/// How long a test waits for something to show.
const PATIENCE: Duration = Duration::from_secs(45);

/// The network. It is gone when dropped.
pub struct Parlor {
    address: SocketAddr,
    network: Network,
    task: JoinHandle<()>,
}

/// All that happened, and what shall happen.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// All requests but those of the socket, oldest first.
    pub calls: Vec<Call>,
    /// What is shown in the rooms, oldest first.
    pub shown: Vec<Shown>,
    /// The bot's reactions, oldest first: the message, and the emoji.
    pub reactions: Vec<(String, String)>,
    /// How the socket's clients signed in, as the frames were.
    pub signed_in: Vec<Value>,
    /// The sequence numbers that were acknowledged on the socket.
    pub acknowledged: Vec<u64>,
    updates: Vec<Value>,
    said: Vec<Value>,
    refusal: Option<Refusal>,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: String,
    pub token: String,
    pub status: u16,
    pub at: Instant,
}

/// A message of a bot's in a room.
#[derive(Debug, Clone)]
pub struct Shown {
    pub id: String,
    pub room: String,
    /// Whose bot posted it.
    pub token: String,
    pub reply_to: Option<String>,
    /// Its text as it was posted, and after each edit.
    pub texts: Vec<String>,
}

#[derive(Debug, Clone)]
struct Refusal {
    left: usize,
    status: u16,
    retry_after: Option<u64>,
}

#[derive(Clone)]
struct Network {
    record: Arc<Mutex<Record>>,
    changed: watch::Sender<()>,
}

impl Shown {
    /// The text that it has now.
    #[must_use]
    pub fn text(&self) -> &str {
        self.texts.last().map_or("", String::as_str)
    }
}

impl Record {
    /// The requests of this method whose path ends so.
    #[must_use]
    pub fn called(&self, method: &str, path_end: &str) -> Vec<&Call> {
        self.calls.iter().filter(|call| call.method == method && call.path.ends_with(path_end)).collect()
    }

    /// The texts that are shown in a room now, oldest first.
    #[must_use]
    pub fn texts(&self, room: &str) -> Vec<&str> {
        self.shown.iter().filter(|shown| shown.room == room).map(Shown::text).collect()
    }
}

/// So long that the demo takes seconds to repeat it.
#[must_use]
pub fn long_text() -> String {
    (1..=120).map(|number| format!("word{number} ")).collect::<String>() + "over"
}

impl Parlor {
    /// A network on a free loopback port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let network = Network { record: Arc::default(), changed: watch::Sender::default() };
        let routes = Router::new().route("/socket", any(socket::upgrade)).fallback(answer).with_state(network.clone());
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, network, task }
    }

    /// Puts the built example plugin into the gateway's plugins folder, asking for this server's port.
    pub fn install(&self, home: &Home, plugin: &str) {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/example-plugins").join(plugin);
        assert!(built.join("plugin.wasm").is_file(), "run `cargo xtask plugins` first");
        let folder = home.state().join("plugins").join(plugin);
        fs::create_dir_all(&folder).unwrap();
        fs::copy(built.join("plugin.wasm"), folder.join("plugin.wasm")).unwrap();
        let host = "host = \"127.0.0.1\"\n";
        let manifest = fs::read_to_string(built.join("plugin.toml")).unwrap();
        let manifest = manifest.replace(host, &format!("{host}port = {}\n", self.address.port()));
        fs::write(folder.join("plugin.toml"), manifest).unwrap();
    }

    /// A gateway's home with the plugin `parlor`, granted all that it asks for.
    #[must_use]
    pub fn home(&self) -> Home {
        let home = Home::new(|config| config["plugins"]["use"] = json!({ "parlor": self.all_it_needs() }));
        self.install(&home, "parlor");
        home
    }

    /// The network delivers something by webhook, with its signature.
    pub async fn deliver(gateway: &Gateway, path: &str, delivery: &Value) -> Answer {
        let body = delivery.to_string();
        let signature = Self::signature(SIGNING_SECRET, &body);
        Answer::of(gateway.anonymous(Method::POST, path).header("x-parlor-signature", signature).body(body)).await
    }

    /// What the operator grants, for `plugins.use`.
    #[must_use]
    pub fn grants() -> Value {
        json!({ "http": ["127.0.0.1"], "privateNetworks": ["127.0.0.0/8"], "sockets": true })
    }

    /// An account of the plugin `parlor`, for `plugins.use`.
    #[must_use]
    pub fn account(&self, token: &str) -> Value {
        let secrets = json!({ "bot-token": token, "signing-secret": SIGNING_SECRET });
        json!({ "settings": { "base-url": format!("http://{}", self.address) }, "secrets": secrets })
    }

    /// The plugin `parlor` with all that it asks for, for `plugins.use`.
    #[must_use]
    pub fn all_it_needs(&self) -> Value {
        let mut all = self.account(BOT_TOKEN);
        all["grants"] = Self::grants();
        all
    }

    /// The address of the socket.
    #[must_use]
    pub fn socket_url(&self) -> String {
        format!("ws://{}/socket", self.address)
    }

    /// A message as the network writes it: in a closed room, and to the bot.
    #[must_use]
    pub fn message(id: &str, room: &str, text: &str) -> Value {
        json!({
            "id": id, "room": { "id": room, "kind": "closed" }, "author": { "id": "ada", "name": "Ada" },
            "text": text, "mentions_me": true,
        })
    }

    /// Something that somebody does to the message `about`: `edited`, `deleted` or `reacted`, where `text` is the emoji.
    #[must_use]
    pub fn event(event: &str, id: &str, room: &str, about: &str, text: &str) -> Value {
        let mut message = Self::message(id, room, text);
        message["event"] = json!(event);
        message["reply_to"] = json!(about);
        message
    }

    /// The header that vouches for a delivery.
    #[must_use]
    pub fn signature(secret: &str, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }

    /// Something is said; whoever asks for updates is told.
    pub fn say(&self, message: Value) {
        self.network.change(|record| record.updates.push(message));
    }

    /// Something is said; whoever is on the socket is told.
    pub fn say_on_socket(&self, id: &str, room: &str, text: &str) {
        let message = json!({ "id": id, "room": room, "author": "ada", "text": text });
        self.network.change(|record| record.said.push(message));
    }

    /// Refuses the next `posts` messages, edits and reactions.
    pub fn refuse(&self, posts: usize, status: u16, retry_after: Option<u64>) {
        self.network.change(|record| record.refusal = Some(Refusal { left: posts, status, retry_after }));
    }

    /// Refuses nothing any more.
    pub fn recover(&self) {
        self.network.change(|record| record.refusal = None);
    }

    /// What happened so far.
    #[must_use]
    pub fn record(&self) -> Record {
        self.network.lock().clone()
    }

    /// Waits until `what` is so.
    pub async fn until(&self, what: &str, holds: impl Fn(&Record) -> bool) -> Record {
        let mut changed = self.network.changed.subscribe();
        let waiting = async {
            loop {
                changed.borrow_and_update();
                let record = self.record();
                if holds(&record) {
                    return record;
                }
                changed.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("never: {what}; {:#?}", self.record()))
    }
}

impl Drop for Parlor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Network {
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<R>(&self, change: impl FnOnce(&mut Record) -> R) -> R {
        let changed = change(&mut self.lock());
        self.changed.send_replace(());
        changed
    }
}

async fn answer(State(network): State<Network>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.unwrap_or_default();
    let call = Call {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        token: token(&parts.headers),
        status: 0,
        at: Instant::now(),
    };
    if call.token.is_empty() {
        network.change(|record| record.calls.push(Call { status: 401, ..call }));
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if (call.method.as_str(), call.path.as_str()) == ("GET", "/updates") {
        return updates(network, call).await;
    }
    network.change(|record| {
        let response = act(record, &call, &body);
        record.calls.push(Call { status: response.status().as_u16(), ..call });
        response
    })
}

fn token(headers: &HeaderMap) -> String {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    bearer.unwrap_or_default().to_owned()
}

fn act(record: &mut Record, call: &Call, body: &Bytes) -> Response {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = || body["text"].as_str().unwrap_or_default().to_owned();
    let segments: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("POST", ["rooms", _, "messages"]) | ("PATCH", ["messages", _]) if record.is_refused() => record.refused(),
        ("POST", ["rooms", room, "messages"]) => {
            let id = format!("out-{}", record.shown.len() + 1);
            let reply_to = body["reply_to"].as_str().map(str::to_owned);
            let (room, token) = ((*room).to_owned(), call.token.clone());
            record.shown.push(Shown { id: id.clone(), room, token, reply_to, texts: vec![text()] });
            axum::Json(json!({ "id": id })).into_response()
        }
        ("PATCH", ["messages", id]) => match record.shown.iter_mut().find(|shown| shown.id == *id) {
            Some(shown) => {
                shown.texts.push(text());
                StatusCode::NO_CONTENT.into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
        ("GET", ["me"]) => axum::Json(json!({ "name": "wingbot" })).into_response(),
        ("PUT", ["messages", _, "reaction"]) if record.is_refused() => record.refused(),
        ("PUT", ["messages", id, "reaction"]) => {
            record.reactions.push(((*id).to_owned(), body["emoji"].as_str().unwrap_or_default().to_owned()));
            StatusCode::NO_CONTENT.into_response()
        }
        ("POST", ["rooms", _, "typing"]) | ("PUT" | "DELETE", ["webhook"]) => StatusCode::NO_CONTENT.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Record {
    fn is_refused(&self) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| refusal.left > 0)
    }

    fn refused(&mut self) -> Response {
        let Some(refusal) = &mut self.refusal else { return StatusCode::OK.into_response() };
        refusal.left -= 1;
        let status = StatusCode::from_u16(refusal.status).unwrap();
        match refusal.retry_after {
            Some(seconds) => (status, [(header::RETRY_AFTER, seconds.to_string())], "refused").into_response(),
            None => (status, "refused").into_response(),
        }
    }
}

/// Answers once there is something behind `after`, or when the asker's time is over.
async fn updates(network: Network, call: Call) -> Response {
    let parameter = |name: &str| {
        let pairs = call.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<usize>().ok())
    };
    let (after, wait) = (parameter("after").unwrap_or(0), parameter("wait").unwrap_or(0));
    let mut changed = network.changed.subscribe();
    network.change(|record| record.calls.push(Call { status: 200, ..call.clone() }));
    let news = async {
        while network.lock().updates.len() <= after {
            changed.changed().await.unwrap();
        }
    };
    let wait = Duration::from_secs(u64::try_from(wait).unwrap());
    // Nothing new is an answer, too.
    let _ = tokio::time::timeout(wait, news).await;
    let all = network.lock().updates.clone();
    axum::Json(json!({ "updates": all.get(after..).unwrap_or_default(), "next": all.len().to_string() })).into_response()
}
