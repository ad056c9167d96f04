//! A working folder with something secret beside it, and calls of tools in it.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use wingman_message::{AgentId, RunId, SessionKey, Tool, ToolError, ToolInvocation, ToolProgress};
use wingman_tools::{AllowedCommand, CommandExecute, CommandPolicy};

/// What is in the file outside.
pub(crate) const SECRET: &str = "canary-in-a-coal-mine";

pub(crate) struct Place {
    root: TempDir,
    tools: Vec<Arc<dyn Tool>>,
    pub(crate) cancel: CancellationToken,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Place {
    /// An empty working folder `work`, and beside it the folder `outside` with the file `secret`.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("work")).unwrap();
        fs::create_dir(root.path().join("outside")).unwrap();
        fs::write(root.path().join("outside/secret"), SECRET).unwrap();
        Self { root, tools: wingman_tools::files(), cancel: CancellationToken::new(), seen: Arc::default() }
    }

    /// The same, where these commands are allowed for at most a minute.
    pub(crate) fn allowing(commands: &[&str]) -> Self {
        Self::new().limited(commands, Duration::from_secs(60), 64 * 1024)
    }

    pub(crate) fn limited(mut self, commands: &[&str], time: Duration, output_bytes: usize) -> Self {
        let allow = commands.iter().map(|entry| AllowedCommand::parse(entry).unwrap()).collect();
        self.tools.push(Arc::new(CommandExecute::new(CommandPolicy { allow, time, output_bytes })));
        self
    }

    /// A path in the working folder.
    pub(crate) fn work(&self, path: &str) -> PathBuf {
        self.root.path().join("work").join(path)
    }

    /// A path in the folder outside.
    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.root.path().join("outside").join(path)
    }

    /// Puts a file into the working folder.
    pub(crate) fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.work(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Puts a script into the working folder, and gives its absolute path.
    pub(crate) fn script(&self, name: &str, lines: &str) -> String {
        self.put(name, format!("#!/bin/sh\n{lines}\n"));
        let path = self.work(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn tool(&self, name: &str) -> Arc<dyn Tool> {
        let named = self.tools.iter().find(|tool| tool.spec().name == name);
        Arc::clone(named.unwrap_or_else(|| panic!("no tool {name}")))
    }

    pub(crate) fn invocation(&self, input: Value) -> ToolInvocation {
        let seen = Arc::clone(&self.seen);
        ToolInvocation {
            input,
            session: SessionKey::main(&AgentId::new("main").unwrap()),
            run: RunId::new(0),
            call_id: "call".into(),
            folder: self.work("").components().collect::<PathBuf>().into(),
            cancel: self.cancel.clone(),
            progress: ToolProgress::new(move |chunk| seen.lock().unwrap().push(chunk)),
        }
    }

    pub(crate) async fn try_call(&self, tool: &str, input: Value) -> Result<String, ToolError> {
        let call = self.tool(tool).call(self.invocation(input)).await;
        call.map(|output| output.text)
    }

    /// What the tool gives back.
    pub(crate) async fn call(&self, tool: &str, input: Value) -> String {
        self.try_call(tool, input).await.unwrap()
    }

    /// What the tool complains of.
    pub(crate) async fn refused(&self, tool: &str, input: Value) -> String {
        match self.try_call(tool, input).await {
            Err(error) => error.to_string(),
            Ok(text) => panic!("{tool} gave back {text}"),
        }
    }
}

/// Each file below `folder` with its content.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push((path.clone(), fs::read(path).unwrap())) }
        }
    }
    found.sort();
    found
}
