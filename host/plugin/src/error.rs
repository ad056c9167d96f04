//! Why the host cannot start, and why one plugin cannot be loaded. The latter never stops the gateway: its text is what
//! `wingman plugin list` shows, so it tells the plugin's author what to do.

use std::path::PathBuf;
use wingman_manifest::{Kind, ManifestError};

/// Why there is no plugin host.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The WebAssembly engine cannot run on this machine.
    #[error("cannot start the WebAssembly engine: {0}")]
    Engine(String),
    /// Calls out cannot be made safely on this machine.
    #[error("cannot prepare calls out: {0}")]
    Egress(String),
    /// The thread that enforces deadlines could not be started.
    #[error("cannot start the thread that stops plugins in time: {0}")]
    Ticker(#[source] std::io::Error),
    /// The plugins folder is there but cannot be read.
    #[error("cannot read the plugins folder {}: {source}", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Why one plugin cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("a folder of that name cannot hold a plugin: {0}")]
    Name(#[from] wingman_message::IdError),
    #[error("{file} is missing: a plugin's folder holds plugin.toml and plugin.wasm")]
    Missing { file: &'static str },
    #[error("cannot read {file}: {source}")]
    Read { file: &'static str, source: std::io::Error },
    #[error("{file} is larger than {limit_mib} MiB")]
    TooLarge { file: &'static str, limit_mib: u64 },
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("plugin.toml names the plugin `{manifest}` but it lies in the folder `{folder}`: give both the same name")]
    NameMismatch { manifest: String, folder: String },
    #[error("the plugin `{other}` speaks for the channel `{channel}` already: remove one of the two")]
    ChannelTaken { channel: String, other: String },
    #[error("plugin.wasm is a core module, not a component: make a component of it, for example with `wasm-tools component new`")]
    CoreModule,
    #[error("plugin.wasm is not a WebAssembly component: build the plugin again")]
    NotWasm,
    #[error("plugin.wasm cannot be compiled; if it was cut off in copying, copy it again: {0}")]
    Compile(String),
    #[error("plugin.toml says contract {manifest}, but the component was made with {component}: set contract = \"{component}\"")]
    ContractMismatch { manifest: String, component: String },
    #[error(
        "kind = \"{kind}\" needs a component that exports wingman:plugin/{kind}; this one exports {}: \
         build it for the world {kind}-plugin, or correct the kind",
        list(exports)
    )]
    WrongWorld { kind: Kind, exports: Vec<String> },
    #[error(
        "it imports {}, which this gateway does not give to a {kind} plugin{}: build it without",
        list(imports),
        hint(imports)
    )]
    UnknownImports { kind: Kind, imports: Vec<String> },
    #[error("the component does not fit the contract; build it against this gateway's wit: {0}")]
    Link(String),
    #[error("it could not be started: {0}")]
    Start(#[source] wingman_message::PluginFailure),
    #[error("loading it failed inside the gateway: {0}")]
    Internal(String),
}

fn list(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}

fn hint(imports: &[String]) -> &'static str {
    if imports.iter().any(|name| name.starts_with("wasi:http/")) {
        " (calls out go through wingman:plugin/http, where the grants are)"
    } else {
        ""
    }
}
