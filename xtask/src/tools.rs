//! What must be on the machine: looked for, and installed where that can be done without asking.

use crate::apt;
use crate::shell::{self, probe};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use wingman_guest::{Allow, Toolchain};

/// The version of the counter that `tests/counts` is written for.
const GUNGRAUN: &str = "0.20.0";

/// The oldest Node that Vite and the browser tests run on.
const NODE: (u32, u32) = (20, 19);

/// Node and npm, for the Control UI and its tests.
pub(crate) fn node() -> Result<()> {
    let wanted = format!("Node {}.{} or newer with npm, for the Control UI: see https://nodejs.org/", NODE.0, NODE.1);
    let Some(version) = probe("node", &["--version"]) else { bail!("there is no `node` in PATH. Install {wanted}") };
    if !is_recent_enough(&version) {
        bail!("this is Node {version}. Install {wanted}");
    }
    if probe("npm", &["--version"]).is_none() {
        bail!("there is no `npm` in PATH. Install {wanted}");
    }
    Ok(())
}

fn is_recent_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|part| part.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= NODE
}

/// The test runner.
pub(crate) fn nextest() -> Result<()> {
    if probe("cargo", &["nextest", "--version"]).is_some() {
        return Ok(());
    }
    shell::run(shell::cargo().args(["install", "--locked", "cargo-nextest"]))
}

/// The licence and source check. Its debug build is fast enough and compiles in a third of the time.
pub(crate) fn deny() -> Result<()> {
    if probe("cargo", &["deny", "--version"]).is_some() {
        return Ok(());
    }
    shell::run(shell::cargo().args(["install", "--locked", "--debug", "cargo-deny"]))
}

/// The fuzzer's driver, and what its runtime is compiled with.
pub(crate) fn fuzz() -> Result<()> {
    if probe("c++", &["--version"]).is_none() {
        apt::install(&["g++"], "a C++ compiler, for the fuzzer's runtime")?;
    }
    if probe("cargo", &["fuzz", "--version"]).is_some() {
        return Ok(());
    }
    shell::run(shell::cargo().args(["install", "--locked", "cargo-fuzz"]))
}

/// A compiler for plugins: whatever is here or can be added by rustup, else Debian's.
pub(crate) fn guest_toolchain() -> Result<Toolchain> {
    if let Ok(toolchain) = Toolchain::find(Allow::Nothing) {
        return Ok(toolchain);
    }
    apt::install(&["rustc-web", "rust-web-src"], "a compiler for plugins (`rustup target add wasm32-unknown-unknown` failed)")?;
    Toolchain::find(Allow::Nothing).context("Debian's compiler was installed and still no plugin can be compiled")
}

/// What plugins in JavaScript and Python are compiled with: node is asked for elsewhere, and fetches the rest itself.
pub(crate) fn script_toolchains() -> Result<()> {
    if probe("python3", &["-c", "import venv, ensurepip"]).is_some() {
        return Ok(());
    }
    apt::install(&["python3", "python3-venv"], "Python with venv, for plugins in Python")
}

/// What the server of the real model is built with.
pub(crate) fn cmake() -> Result<()> {
    if probe("cmake", &["--version"]).is_some() && probe("c++", &["--version"]).is_some() {
        return Ok(());
    }
    apt::install(&["cmake", "make", "g++"], "CMake with a C++ compiler, for the server of the real model")
}

/// A registry that speaks the OCI's protocol, for the tests of plugin packages.
pub(crate) fn registry() -> Result<()> {
    if probe("docker-registry", &["--version"]).is_some() {
        return Ok(());
    }
    apt::install(&["docker-registry"], "a local registry, for the tests of plugin packages")
}

/// A NATS server, to compare the gateway's fan-out with.
pub(crate) fn nats() -> Result<PathBuf> {
    if find_in_path(&["nats-server"]).is_none() {
        apt::install(&["nats-server"], "a NATS server, to compare with")?;
    }
    find_in_path(&["nats-server"]).context("Debian's nats-server was installed and is not in PATH")
}

/// What counts instructions, and what reads the counts.
pub(crate) fn counts() -> Result<()> {
    if probe("valgrind", &["--version"]).is_none() {
        apt::install(&["valgrind"], "valgrind, which counts instructions")?;
    }
    // The version must be that of the library in `tests/counts`.
    if probe("gungraun-runner", &["--version"]).is_some_and(|version| version.contains(GUNGRAUN)) {
        return Ok(());
    }
    let install = ["install", "--locked", "--debug", "--force", "gungraun-runner", "--version", GUNGRAUN];
    shell::run(shell::cargo().args(install))
}

/// A browser for the browser tests.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(chosen) = std::env::var_os("WINGMAN_CHROMIUM") {
        return Ok(chosen.into());
    }
    if let Some(found) = find_chromium() {
        return Ok(found);
    }
    apt::install(&["chromium"], "a browser for the browser tests")?;
    find_chromium().context("Debian's chromium was installed and is not in PATH; set WINGMAN_CHROMIUM to it")
}

fn find_chromium() -> Option<PathBuf> {
    find_in_path(&["chromium", "chromium-browser", "google-chrome"])
}

fn find_in_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let dirs: Vec<_> = std::env::split_paths(&path).collect();
    names.iter().flat_map(|name| dirs.iter().map(move |dir| dir.join(name))).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::is_recent_enough;

    #[test]
    fn node_versions_are_compared_as_numbers() {
        assert!(is_recent_enough("v20.19.0"));
        assert!(is_recent_enough("v24.1.3"));
        assert!(!is_recent_enough("v20.9.0"));
        assert!(!is_recent_enough("v18.20.4"));
        assert!(!is_recent_enough("nonsense"));
    }
}
