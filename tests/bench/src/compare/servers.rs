//! The servers that are compared: started for the run on free ports of this machine, killed with it.

use super::Plan;
use crate::{Setup, Target, model};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinHandle;

const TOKEN: &str = "wm-bench-token-0123456789abcdef";
const SECRET: &str = "bench-secret-0123456789abcdef-0123456789";
/// How long a server may take to begin.
const START: Duration = Duration::from_secs(120);
/// How often it is looked whether it has begun.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// A gateway that has just begun frees what it needed for that; then it is at rest.
const REST: Duration = Duration::from_secs(2);

/// The programs.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// `wingman`
    pub gateway: PathBuf,
    /// `wingman-floor`
    pub floor: PathBuf,
    /// `nats-server`, where it is installed.
    pub nats: Option<PathBuf>,
    /// A folder for compiled plugins that lasts over runs.
    pub cache: PathBuf,
}

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// It cannot be started, or its files cannot be written.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It has ended, or is not ready in time.
    #[error("{0} did not begin: {1}")]
    NotReady(&'static str, String),
}

fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> ServerError {
    let what = what.into();
    move |source| ServerError::Io { what, source }
}

/// A process that ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It is gone, or it is gone now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(command: &mut Command) -> Result<Process, ServerError> {
    let what = format!("starting {}", Path::new(command.get_program()).display());
    command.stdin(Stdio::null()).spawn().map(Process).map_err(io(what))
}

fn temporary() -> Result<TempDir, ServerError> {
    tempfile::tempdir().map_err(io("making a folder"))
}

/// A floor or a NATS server.
pub(super) struct Server {
    process: Process,
    url: Target,
    _dir: TempDir,
}

impl Server {
    pub(super) fn floor(binaries: &Binaries) -> Result<Self, ServerError> {
        let dir = temporary()?;
        let mut process = spawn(Command::new(&binaries.floor).arg("--data").arg(dir.path()).stdout(Stdio::piped()))?;
        let mut line = String::new();
        if let Some(stdout) = process.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(io("reading the floor's address"))?;
        }
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        let url = said["url"].as_str().and_then(|url| url.parse().ok());
        let url = url.ok_or(ServerError::NotReady("the floor", line))?;
        Ok(Self { process, url, _dir: dir })
    }

    pub(super) fn nats(binaries: &Binaries) -> Result<Self, ServerError> {
        let dir = temporary()?;
        let port = free_port()?;
        let config = dir.path().join("nats.conf");
        let text =
            format!("listen: 127.0.0.1:-1\nwebsocket {{ listen: \"127.0.0.1:{port}\", no_tls: true, compression: false }}\n");
        fs::write(&config, text).map_err(io("writing the NATS server's configuration"))?;
        let program = binaries.nats.as_deref().unwrap_or(Path::new("nats-server"));
        let process = spawn(Command::new(program).arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()))?;
        let deadline = Instant::now() + START;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if Instant::now() > deadline {
                return Err(ServerError::NotReady("the NATS server", "nobody listens".to_owned()));
            }
            std::thread::sleep(LOOK_EVERY);
        }
        let url = target(format!("ws://127.0.0.1:{port}/"))?;
        Ok(Self { process, url, _dir: dir })
    }

    pub(super) fn setup(&self, plan: &Plan) -> Setup {
        Setup { seconds: plan.seconds, warmup: 1.0, pid: Some(self.process.0.id()), ..Setup::new(self.url.clone()) }
    }
}

/// A gateway with its own state, and the scripted model that its agent asks.
pub(super) struct Gateway {
    process: Process,
    url: Target,
    model_url: Target,
    started_in: Duration,
    model: JoinHandle<()>,
    _dir: TempDir,
}

impl Gateway {
    /// One that finds its plugins compiled.
    pub(super) async fn start(binaries: &Binaries) -> Result<Self, ServerError> {
        if !binaries.cache.is_dir() {
            Self::start_with(binaries, &binaries.cache).await?;
        }
        Self::start_with(binaries, &binaries.cache).await
    }

    /// Milliseconds to healthy of one that compiles its plugins first.
    pub(super) async fn cold_start(binaries: &Binaries) -> Result<f64, ServerError> {
        let cache = temporary()?;
        let gateway = Self::start_with(binaries, &cache.path().join("plugins")).await?;
        Ok(gateway.start_ms())
    }

    async fn start_with(binaries: &Binaries, cache: &Path) -> Result<Self, ServerError> {
        let dir = temporary()?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(io("binding a port"))?;
        let model_address = listener.local_addr().map_err(io("binding a port"))?;
        let model = tokio::spawn(async move {
            // It serves until it is aborted.
            let _ = model::serve(listener, model::Script { tokens: 2_000, rate: None }).await;
        });
        let port = free_port()?;
        let config = dir.path().join("wingman.config.json");
        let text = configuration(dir.path(), cache, port, &format!("http://{model_address}/v1")).to_string();
        fs::write(&config, text).map_err(io("writing the gateway's configuration"))?;
        private(&config)?;
        let log = fs::File::create(dir.path().join("log")).map_err(io("making the gateway's log"))?;
        let begin = Instant::now();
        let mut command = Command::new(&binaries.gateway);
        command.args(["gateway", "run", "--config"]).arg(&config).stdout(Stdio::null()).stderr(log);
        let mut process = spawn(&mut command)?;
        let url = target(format!("ws://127.0.0.1:{port}/ws"))?;
        while !is_healthy(port) {
            let has_ended = process.0.try_wait().map_err(io("waiting for the gateway"))?.is_some();
            if has_ended || begin.elapsed() > START {
                let log = fs::read_to_string(dir.path().join("log")).unwrap_or_default();
                return Err(ServerError::NotReady("the gateway", log));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let started_in = begin.elapsed();
        let model_url = target(format!("http://{model_address}/v1/chat/completions"))?;
        Ok(Self { process, url, model_url, started_in, model, _dir: dir })
    }

    pub(super) fn setup(&self, plan: &Plan) -> Setup {
        let (token, pid) = (Some(SecretString::from(TOKEN)), Some(self.process.0.id()));
        Setup { token, seconds: plan.seconds, warmup: 1.0, pid, ..Setup::new(self.url.clone()) }
    }

    pub(super) fn start_ms(&self) -> f64 {
        self.started_in.as_secs_f64() * 1e3
    }

    /// Its resident memory in megabytes, a moment after it began.
    pub(super) async fn rested_mb(&self) -> Result<f64, ServerError> {
        tokio::time::sleep(REST).await;
        let path = format!("/proc/{}/status", self.process.0.id());
        let status = fs::read_to_string(&path).map_err(io(&path))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kib = line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN);
        Ok(kib * 1024.0 / 1e6)
    }

    pub(super) fn model(&self) -> Target {
        self.model_url.clone()
    }

    pub(super) fn webhook_secret(&self) -> SecretString {
        SecretString::from(SECRET)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.model.abort();
    }
}

fn configuration(dir: &Path, cache: &Path, port: u16, model: &str) -> Value {
    json!({
        "gateway": {
            "port": port,
            "stateDir": dir.join("state"),
            "auth": { "mode": "token", "token": TOKEN },
            "controlUi": { "enabled": false },
        },
        "providers": { "bench": { "baseUrl": model } },
        "agents": { "list": [
            { "id": "main", "default": true, "model": "bench:scripted", "tools": [] },
            { "id": "echo", "model": "demo:echo", "tools": [] },
        ] },
        "webhooks": [
            { "id": "bench", "name": "Bench", "agentId": "echo", "secret": SECRET, "enabled": true, "preset": "generic" },
        ],
        "plugins": { "cacheDir": cache },
        "limits": { "messagesPerMinute": 0, "queuedPerSession": 10_000, "nodes": 20_000 },
    })
}

/// The configuration has secrets in it: the gateway wants nobody else to read it.
fn private(path: &Path) -> Result<(), ServerError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(io("writing the gateway's configuration"))
}

fn target(url: String) -> Result<Target, ServerError> {
    url.parse().map_err(|_| ServerError::NotReady("a server", url))
}

/// A port that nobody listens on at this moment.
fn free_port() -> Result<u16, ServerError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(io("looking for a free port"))?;
    Ok(listener.local_addr().map_err(io("looking for a free port"))?.port())
}

/// Whether `GET /health` says so.
fn is_healthy(port: u16) -> bool {
    use std::io::{Read as _, Write as _};
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
