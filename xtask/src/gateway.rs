//! A real gateway for tests that come from outside: free ports, a folder of its own, stopped when dropped.

use crate::served::{Served, free_ports, local};
use anyhow::Result;
use serde_json::json;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// A gateway that runs.
pub(crate) struct Gateway {
    ui: SocketAddr,
    token: String,
    /// Ends before its folder is removed.
    _process: Served,
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
        let mut command = Command::new(binary);
        command.arg("--config").arg(&config).args(["gateway", "run"]).current_dir(dir.path());
        let mut process = Served::start("gateway", command.env_remove("WINGMAN_GATEWAY_TOKEN"), log)?;
        let ui = local(ui_port);
        process.wait_for(local(port), "/health")?;
        process.wait_for(ui, "/")?;
        Ok(Self { ui, token, _process: process, _dir: dir })
    }

    /// Where the Control UI is.
    pub(crate) fn ui_url(&self) -> String {
        format!("http://{}", self.ui)
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

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
}
