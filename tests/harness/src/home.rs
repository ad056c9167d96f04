//! A folder with a configuration, and the gateway's state in it.

use crate::{Gateway, wingman};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The token of every test gateway.
pub const TOKEN: &str = "wm-test-token-0123456789abcdef";

/// A folder of a gateway.
pub struct Home {
    dir: TempDir,
}

impl Home {
    /// A folder with one agent, `main`, on the demo model, and whatever `adjust` changes of the configuration.
    #[must_use]
    pub fn new(adjust: impl FnOnce(&mut Value)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Compiled plugins are shared by all tests: they are the same, and compiling them is most of a cold start.
        let cache = wingman().with_file_name("tests-plugin-cache");
        let mut config = json!({
            "gateway": {
                "port": 0,
                "stateDir": dir.path().join("state"),
                "auth": {"mode": "token", "token": TOKEN},
                "controlUi": {"enabled": true, "port": 0},
            },
            "agents": {"list": [{"id": "main", "default": true, "model": "demo:echo"}]},
            "plugins": {"cacheDir": cache},
            "limits": {"messagesPerMinute": 0},
        });
        adjust(&mut config);
        let home = Self { dir };
        home.configure(&config);
        home
    }

    /// Replaces the configuration.
    pub fn configure(&self, config: &Value) {
        fs::write(self.config(), config.to_string()).unwrap();
        fs::set_permissions(self.config(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("wingman.config.json")
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// A command of the real binary, with this configuration and no other surroundings.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(wingman());
        command.env_clear().env("HOME", self.path()).env("PATH", "/usr/bin:/bin").current_dir(self.path());
        command.arg("--config").arg(self.config()).args(args);
        command
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Starts a gateway and waits until it is ready.
    pub async fn start(&self) -> Gateway {
        Gateway::start(self).await
    }
}
