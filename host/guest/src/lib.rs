//! Turns guest source into a component, in any of three languages: the toolchain that can do it, the build, the encoding, the plugin
//! folder; and makes new plugin projects.
//!
//! What is not here: running components (`wingman-plugin`) and deciding which plugins exist (`xtask`, the command line).
//! Everything blocks; an async caller uses a blocking thread.

mod apt;
mod component;
mod contract;
mod crates;
mod error;
mod fresh;
mod language;
mod output;
mod project;
mod scaffold;
mod scripts;
mod system;
mod templates;
mod toolchain;
mod tools;

pub use component::{componentize, encode};
pub use crates::GuestCrate;
pub use error::GuestError;
pub use language::{Kind, Language, ParseError};
pub use project::Project;
pub use scaffold::{SdkSource, scaffold};
pub use toolchain::{Allow, Toolchain};
pub use tools::Tools;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, GuestError>;

/// A plugin folder that is ready to be loaded.
#[derive(Debug, Clone)]
pub struct Built {
    /// The plugin's name: the folder's name too.
    pub name: String,
    /// The folder with `plugin.toml` and `plugin.wasm`.
    pub dir: PathBuf,
    /// The component's size in bytes.
    pub size: u64,
    /// Whether it was there already and nothing had changed since.
    pub fresh: bool,
}

/// Builds one guest; see [`build_all`].
pub fn build(toolchain: &Toolchain, guest: &GuestCrate, out_dir: &Path) -> Result<Built> {
    let mut built = build_all(toolchain, std::slice::from_ref(guest), out_dir)?;
    built.pop().ok_or_else(|| GuestError::NoArtifact { name: guest.name.clone(), path: out_dir.to_path_buf() })
}

/// Builds guests of one workspace into `<out_dir>/<name>/{plugin.toml,plugin.wasm}`, all that are stale in one cargo call.
///
/// Cargo's own folder is `<workspace target>/guest`: guests and host would invalidate each other in a shared one. Each file is
/// replaced in one step, so that a gateway that watches `out_dir` never reads half of one.
pub fn build_all(toolchain: &Toolchain, guests: &[GuestCrate], out_dir: &Path) -> Result<Vec<Built>> {
    let Some(first) = guests.first() else { return Ok(Vec::new()) };
    let workspace = crates::Workspace::of(&first.manifest_dir)?;
    workspace.lock()?;
    fresh::choose(toolchain, &workspace);
    let started = SystemTime::now();
    let mut plans = Vec::with_capacity(guests.len());
    for guest in guests {
        let artifact = workspace.artifact(guest)?;
        let fresh = fresh::is_fresh(toolchain, &workspace, &artifact, &out_dir.join(&guest.name));
        plans.push((guest, artifact, fresh));
    }
    let stale: Vec<_> = plans.iter().filter(|(_, _, fresh)| !fresh).map(|(_, artifact, _)| artifact).collect();
    if !stale.is_empty() {
        workspace.build(toolchain, &stale)?;
    }
    let finished =
        plans.into_iter().map(|(guest, artifact, fresh)| finish(guest, &artifact, (!fresh).then_some(started), out_dir));
    finished.collect()
}

/// `stale_since` is when the build began, or none for a plugin that is fresh.
fn finish(guest: &GuestCrate, artifact: &crates::Artifact, stale_since: Option<SystemTime>, out_dir: &Path) -> Result<Built> {
    let dir = out_dir.join(&guest.name);
    if let Some(started) = stale_since {
        let core = system::read(&artifact.wasm)?;
        let component = encode(&core)?;
        output::write(&dir, &guest.manifest_dir.join("plugin.toml"), &component, started)?;
    }
    let size = system::metadata(&dir.join("plugin.wasm"))?.len();
    let fresh = stale_since.is_none();
    tracing::debug!(plugin = %guest.name, size, fresh, "guest is ready");
    Ok(Built { name: guest.name.clone(), dir, size, fresh })
}
