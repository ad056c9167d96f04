//! Finds a compiler for guests, the first way that works: the target is installed; rustup can add it; the standard library can
//! be built from sources that are here; Debian's packages with compiler and sources can be installed, if the caller allows it.

use crate::{GuestError, Result, apt, system};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target of every guest. It imports nothing by itself, so what a component may do is visible in its imports.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler and its standard library's sources.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

/// What the search may change on this machine, beside adding a target to the user's own rustup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allow {
    /// Nothing.
    Nothing,
    /// `apt-get install`, when everything else fails.
    InstallPackages,
}

/// A compiler that makes `wasm32-unknown-unknown` modules.
#[derive(Debug, Clone)]
pub struct Toolchain {
    way: Way,
    identity: String,
}

#[derive(Debug, Clone)]
enum Way {
    /// The active toolchain has the target.
    Installed,
    /// The standard library is built from its sources along with the guest.
    FromSource { rustc: PathBuf, linker: PathBuf },
}

impl Toolchain {
    /// Looks for one. Adding a target to the user's rustup is part of looking, because it is what the user would do; it is the only
    /// way but the last that needs a network.
    pub fn find(allow: Allow) -> Result<Self> {
        let mut tried = Vec::new();
        let mut attempt = |found: std::result::Result<Way, String>| match found {
            Ok(way) => Some(way),
            Err(reason) => {
                tried.push(reason);
                None
            }
        };
        let way = attempt(installed())
            .or_else(|| attempt(add_target().and_then(|()| installed())))
            .or_else(|| attempt(from_source()))
            .or_else(|| attempt(apt::install(&DEBIAN_PACKAGES, allow).and_then(|()| from_source())));
        let Some(way) = way else { return Err(GuestError::NoToolchain { tried }) };
        let compiler = match &way {
            Way::Installed => rustc(),
            Way::FromSource { rustc, .. } => rustc.clone(),
        };
        let version = system::line(Command::new(&compiler).arg("-vV")).unwrap_or_default();
        let identity = format!("{way:?}\n{version}\npaths are anonymous\n");
        tracing::debug!(%identity, "guest toolchain");
        Ok(Self { way, identity })
    }

    /// Which compiler this is; it changes when a guest must be compiled again.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    /// Sets a cargo call up for this compiler.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        let Way::FromSource { rustc, linker } = &self.way else { return };
        cargo.env("RUSTC", rustc).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        // Building std is unstable; this is how a stable compiler is asked for it.
        cargo.env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_abort");
    }
}

fn rustc() -> PathBuf {
    PathBuf::from("rustc")
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    system::line(Command::new(rustc).env_remove("RUSTC").args(["--print", "sysroot"])).map(PathBuf::from)
}

fn installed() -> std::result::Result<Way, String> {
    let sysroot = sysroot(&rustc()).ok_or("there is no `rustc` in PATH")?;
    let library = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    let has_std = std::fs::read_dir(library).is_ok_and(|mut entries| entries.next().is_some());
    has_std.then_some(Way::Installed).ok_or_else(|| format!("the active toolchain lacks {TARGET}"))
}

/// The active toolchain with rustup's `rust-src`, or Debian's compiler with its sources.
fn from_source() -> std::result::Result<Way, String> {
    let compiler = [rustc(), PathBuf::from(DEBIAN_RUSTC)]
        .into_iter()
        .find(|rustc| sysroot(rustc).is_some_and(|root| root.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()))
        .ok_or("no compiler here comes with the sources of its standard library")?;
    let linker = linker(&compiler).ok_or("there is no linker for WebAssembly (rust-lld or wasm-ld)")?;
    Ok(Way::FromSource { rustc: compiler, linker })
}

/// `rust-lld` of the compiler or of the active toolchain, else LLVM's own.
fn linker(compiler: &Path) -> Option<PathBuf> {
    let bundled = [compiler.to_path_buf(), rustc()].into_iter().find_map(|rustc| {
        let host = system::line(Command::new(&rustc).args(["--print", "host-tuple"]))?;
        let lld = sysroot(&rustc)?.join("lib/rustlib").join(host).join("bin/rust-lld");
        lld.is_file().then_some(lld)
    });
    bundled.or_else(|| system::in_path(&["rust-lld", "wasm-ld"]))
}

fn add_target() -> std::result::Result<(), String> {
    let output = system::output(Command::new("rustup").args(["target", "add", TARGET])).map_err(|_| "there is no rustup")?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said.lines().find(|line| line.starts_with("error")).unwrap_or("no reason given");
    Err(format!("`rustup target add {TARGET}` failed: {reason}"))
}
