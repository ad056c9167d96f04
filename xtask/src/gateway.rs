//! A real gateway for tests that come from outside: free ports, a folder of its own, stopped when dropped.

use anyhow::{Context, Result, bail};
use serde_json::json;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A first start compiles the embedded plugins, in a debug build and beside other work.
const START: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);
const LOG_TAIL: usize = 40;

/// A gateway that runs.
pub(crate) struct Gateway {
    child: Child,
    ui: SocketAddr,
    token: String,
    log: PathBuf,
    /// Removed on drop, after the process is gone.
    _dir: tempfile::TempDir,
}

impl Gateway {
    /// Starts it and waits until both ports answer. Its output goes to `log`.
    pub(crate) fn start(binary: &Path, log: &Path) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let [port, ui_port] = free_ports()?;
        // It guards nothing but this folder, for as long as a test takes.
        let token = "browser-test-token-0123456789abcdef".to_owned();
        let config = dir.path().join("wingman.config.json");
        fs::write(&config, configuration(dir.path(), port, ui_port, &token))?;
        // A config that others can read is worth a warning to the gateway.
        #[cfg(unix)]
        fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)?;
        }
        let output = fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = Command::new(binary)
            .arg("--config")
            .arg(&config)
            .args(["gateway", "run"])
            .current_dir(dir.path())
            .env_remove("WINGMAN_GATEWAY_TOKEN")
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let ui = local(ui_port);
        let mut gateway = Self { child, ui, token, log: log.to_path_buf(), _dir: dir };
        gateway.wait_for(local(port), "/health")?;
        gateway.wait_for(ui, "/")?;
        Ok(gateway)
    }

    /// Where the Control UI is.
    pub(crate) fn ui_url(&self) -> String {
        format!("http://{}", self.ui)
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    fn wait_for(&mut self, address: SocketAddr, path: &str) -> Result<()> {
        let deadline = Instant::now() + START;
        while !answers(address, path) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the gateway ended while starting ({status}); its last words:\n{}", tail(&self.log));
            }
            if Instant::now() > deadline {
                bail!("http://{address}{path} did not answer within {START:?}; the gateway's last words:\n{}", tail(&self.log));
            }
            sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell in either case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(dir: &Path, port: u16, ui_port: u16, token: &str) -> String {
    json!({
        "gateway": {
            "host": "127.0.0.1",
            "port": port,
            "stateDir": dir.join("state"),
            "auth": { "mode": "token", "token": token },
            "controlUi": { "enabled": true, "port": ui_port },
        },
        "agents": { "list": [{ "id": "main", "default": true, "model": "demo:echo" }] },
    })
    .to_string()
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Two ports that nobody uses now. Both are held until both are known, so that they differ.
fn free_ports() -> Result<[u16; 2]> {
    let held = [TcpListener::bind(local(0))?, TcpListener::bind(local(0))?];
    Ok([held[0].local_addr()?.port(), held[1].local_addr()?.port()])
}

/// Whether a GET is answered with 200.
fn answers(address: SocketAddr, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let patience = Duration::from_secs(2);
        let mut stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stand-in for the binary: a script that gets the same arguments.
    fn script(dir: &Path, text: &str) -> PathBuf {
        let path = dir.join("wingman");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_gateway_that_ends_at_once_is_reported_with_what_it_said() {
        let dir = tempfile::tempdir().unwrap();
        let binary = script(dir.path(), r#"echo "got $1 $3 $4"; echo "port is taken" >&2; exit 7"#);
        let error = Gateway::start(&binary, &dir.path().join("logs/gateway.log")).err().unwrap().to_string();
        assert!(error.contains("got --config gateway run\nport is taken"), "{error}");
        assert!(error.contains('7'), "{error}");
    }

    #[test]
    fn only_a_200_counts_as_an_answer() {
        let reply = |status: &'static str| {
            let listener = TcpListener::bind(local(0)).unwrap();
            let address = listener.local_addr().unwrap();
            std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 64];
                let _ = stream.read(&mut request).unwrap();
                write!(stream, "HTTP/1.1 {status}\r\n\r\n").unwrap();
            });
            answers(address, "/health")
        };
        assert!(reply("200 OK"));
        assert!(!reply("503 Service Unavailable"));
        let [free, _] = free_ports().unwrap();
        assert!(!answers(local(free), "/"), "nobody listens");
    }

    #[test]
    fn the_two_ports_differ() {
        let [gateway, ui] = free_ports().unwrap();
        assert_ne!(gateway, ui);
    }
}
