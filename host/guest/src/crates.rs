//! The cargo side: which workspace a guest belongs to, what its package is called, and the one cargo call.

use crate::{GuestError, Result, Toolchain, system, toolchain::TARGET};
use serde::Deserialize;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The profile that guests are built with. A workspace that does not define it gets the one below.
const PROFILE: &str = "guest";
const DEFAULT_PROFILE: [&str; 6] = [
    "profile.guest.inherits='release'",
    "profile.guest.opt-level='s'",
    "profile.guest.lto='fat'",
    "profile.guest.codegen-units=1",
    "profile.guest.strip='symbols'",
    "profile.guest.panic='abort'",
];

/// A crate that becomes a plugin.
#[derive(Debug, Clone)]
pub struct GuestCrate {
    /// The folder with `Cargo.toml` and `plugin.toml`.
    pub manifest_dir: PathBuf,
    /// The plugin's name: the folder that it is written to.
    pub name: String,
}

/// What cargo will leave for one guest.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// The package's name.
    pub(crate) package: String,
    /// The guest's folder.
    pub(crate) manifest_dir: PathBuf,
    /// The core module.
    pub(crate) wasm: PathBuf,
}

impl Artifact {
    /// Cargo's list of the files that went into the module.
    pub(crate) fn dep_info(&self) -> PathBuf {
        self.wasm.with_extension("d")
    }
}

/// The cargo workspace of the guests.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Its root folder.
    pub(crate) root: PathBuf,
    /// Where guests are compiled.
    pub(crate) target_dir: PathBuf,
    has_profile: bool,
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
    lib: Option<Lib>,
    #[serde(default)]
    profile: toml::Table,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

#[derive(Deserialize)]
struct Lib {
    name: Option<String>,
}

impl Workspace {
    pub(crate) fn of(manifest_dir: &Path) -> Result<Self> {
        let failed = |detail: String| GuestError::Workspace { dir: manifest_dir.to_path_buf(), detail };
        let output =
            system::output(cargo().args(["metadata", "--no-deps", "--format-version=1", "--offline"]).current_dir(manifest_dir))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        #[derive(Deserialize)]
        struct Metadata {
            workspace_root: PathBuf,
            target_directory: PathBuf,
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))?;
        let manifest = read_manifest(&metadata.workspace_root)?;
        Ok(Self {
            root: metadata.workspace_root,
            target_dir: metadata.target_directory.join("guest"),
            has_profile: manifest.profile.contains_key(PROFILE),
        })
    }

    /// Has cargo choose the dependencies' versions where nobody has yet. The build would do so too, but then the lock file were newer
    /// than the plugin.
    pub(crate) fn lock(&self) -> Result<()> {
        if self.root.join("Cargo.lock").is_file() {
            return Ok(());
        }
        let output = system::output(cargo().arg("generate-lockfile").current_dir(&self.root))?;
        if output.status.success() {
            return Ok(());
        }
        let detail = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(GuestError::Workspace { dir: self.root.clone(), detail })
    }

    pub(crate) fn artifact(&self, guest: &GuestCrate) -> Result<Artifact> {
        let manifest = read_manifest(&guest.manifest_dir)?;
        let Some(package) = manifest.package else {
            return Err(GuestError::Workspace {
                dir: guest.manifest_dir.clone(),
                detail: "its Cargo.toml has no [package]".to_owned(),
            });
        };
        let library = manifest.lib.and_then(|lib| lib.name).unwrap_or_else(|| package.name.replace('-', "_"));
        Ok(Artifact {
            package: package.name,
            manifest_dir: guest.manifest_dir.clone(),
            wasm: self.target_dir.join(TARGET).join(PROFILE).join(library).with_extension("wasm"),
        })
    }

    /// Compiles the packages. Cargo's messages go straight to standard error: a first build takes a minute, and whoever waits
    /// wants to see it move.
    pub(crate) fn build(&self, toolchain: &Toolchain, artifacts: &[&Artifact]) -> Result<()> {
        let mut command = cargo();
        command.current_dir(&self.root).args(["build", "--lib", "--target", TARGET, "--profile", PROFILE]);
        command.arg("--target-dir").arg(&self.target_dir);
        if !self.has_profile {
            command.args(DEFAULT_PROFILE.iter().flat_map(|setting| ["--config", setting]));
        }
        command.args(artifacts.iter().flat_map(|artifact| ["--package", artifact.package.as_str()]));
        toolchain.apply(&mut command);
        command.env("CARGO_ENCODED_RUSTFLAGS", anonymous_paths(&self.root));
        let status = command.status().map_err(|source| GuestError::Spawn { program: "cargo".to_owned(), source })?;
        if !status.success() {
            let packages = artifacts.iter().map(|artifact| artifact.package.as_str()).collect::<Vec<_>>().join(", ");
            return Err(GuestError::Cargo { packages });
        }
        artifacts.iter().try_for_each(|artifact| {
            if artifact.wasm.is_file() {
                return Ok(());
            }
            Err(GuestError::NoArtifact { name: artifact.package.clone(), path: artifact.wasm.clone() })
        })
    }
}

fn read_manifest(dir: &Path) -> Result<Manifest> {
    let path = dir.join("Cargo.toml");
    let text = system::read_text(&path)?;
    toml::from_str(&text).map_err(|source| GuestError::Manifest { path, source: Box::new(source) })
}

/// Flags that keep the author's folders out of the component: panics name the file that they came from, and whoever gets a plugin
/// need not learn whose home it was built in. Of the prefixes that match, rustc takes the last.
fn anonymous_paths(workspace: &Path) -> OsString {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(home.as_ref()?.join(".cargo")));
    let prefixes = [(home, "/home"), (cargo_home, "/cargo"), (Some(workspace.to_path_buf()), "/plugin")];
    let flags = prefixes.into_iter().filter_map(|(from, to)| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from?);
        flag.push(format!("={to}"));
        Some(flag)
    });
    // Cargo parts encoded flags by this byte, since paths may hold blanks.
    flags.collect::<Vec<_>>().join(OsStr::new("\x1f"))
}

/// Cargo without what the surrounding build set for the host: flags for coverage or a default target would break a guest.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC", "RUSTC_WORKSPACE_WRAPPER"] {
        command.env_remove(name);
    }
    command
}
