//! The compilers of the other languages: which versions, where they are kept, and how they get there. They are fetched once, into a
//! folder that all plugins share; after that no build needs a network.

use crate::{Allow, GuestError, Result, apt, system};
use std::fs::{File, create_dir_all};
use std::path::{Path, PathBuf};
use std::process::Command;

/// `@bytecodealliance/componentize-js`: JavaScript to component.
const COMPONENTIZE_JS: &str = "0.23.0";
/// `@bytecodealliance/jco`, which it uses. Left alone npm takes the newest, which brings four compilers that are not needed here.
const JCO: &str = "1.15.1";
/// `componentize-py`: Python to component.
const COMPONENTIZE_PY: &str = "0.25.1";

/// The script that calls componentize-js; it lies beside the packages that it imports.
const JAVASCRIPT_BUILD: &str = include_str!("../runtime/componentize.mjs");
/// What is in a folder whose installation came to its end, so that one that broke off is repeated.
const INSTALLED: &str = "installed.txt";
/// Where a virtual environment keeps its programs.
const VENV_BIN: &str = if cfg!(windows) { "Scripts" } else { "bin" };

/// Where compilers for languages other than Rust are kept, and what may be done to get them.
#[derive(Debug, Clone)]
pub struct Tools {
    cache: PathBuf,
    allow: Allow,
}

/// node, and the folder with the packages.
pub(crate) struct JavaScript {
    pub(crate) node: PathBuf,
    pub(crate) script: PathBuf,
    pub(crate) identity: String,
}

/// componentize-py, and the virtual environment that it lives in.
pub(crate) struct Python {
    pub(crate) componentize: PathBuf,
    pub(crate) venv: PathBuf,
    pub(crate) identity: String,
}

impl Tools {
    /// Tools that are kept in `cache` (`<target>/guest-tools`, say), a folder for each language in it. It is made when it is needed,
    /// and takes about 220 MB for JavaScript and 75 MB for Python.
    #[must_use]
    pub fn new(cache: impl Into<PathBuf>, allow: Allow) -> Self {
        Self { cache: cache.into(), allow }
    }

    /// What else may be done to this machine.
    #[must_use]
    pub fn allow(&self) -> Allow {
        self.allow
    }

    pub(crate) fn javascript(&self) -> Result<JavaScript> {
        let node = self.program(&["node"], "JavaScript", "node", &["nodejs", "npm"])?;
        let npm = self.program(&["npm"], "JavaScript", "npm", &["nodejs", "npm"])?;
        let package = format!(
            "{{\"private\":true,\"type\":\"module\",\"dependencies\":{{\"@bytecodealliance/componentize-js\":\"{COMPONENTIZE_JS}\",\
             \"@bytecodealliance/jco\":\"{JCO}\"}},\"overrides\":{{\"@bytecodealliance/jco\":\"{JCO}\"}}}}\n"
        );
        let dir = self.install("js", &package, |dir| {
            system::write(&dir.join("package.json"), package.as_bytes())?;
            // No package's own script runs here: what is needed comes as files.
            let arguments = ["install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund"];
            succeed("npm install @bytecodealliance/componentize-js", Command::new(&npm).args(arguments).current_dir(dir))
        })?;
        let script = dir.join("componentize.mjs");
        system::write_if_changed(&script, JAVASCRIPT_BUILD.as_bytes())?;
        Ok(JavaScript { node, script, identity: format!("{package}{JAVASCRIPT_BUILD}") })
    }

    pub(crate) fn python(&self) -> Result<Python> {
        let python = self.program(&["python3", "python"], "Python", "python3", &["python3", "python3-venv"])?;
        let requirement = format!("componentize-py=={COMPONENTIZE_PY}");
        let dir = self.install("py", &requirement, |dir| {
            let venv = dir.join("venv");
            self.make_venv(&python, &venv)?;
            // Wheels alone: an sdist would run its own build script.
            let pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"];
            let mut command = Command::new(venv.join(VENV_BIN).join("python"));
            succeed("pip install componentize-py", command.args(pip).arg(&requirement))
        })?;
        let venv = dir.join("venv");
        let componentize = venv.join(VENV_BIN).join("componentize-py");
        Ok(Python { componentize, venv, identity: requirement })
    }

    /// Debian ships `venv` apart from Python, and what is missing shows only when it is used.
    fn make_venv(&self, python: &Path, venv: &Path) -> Result<()> {
        let make = || succeed("python3 -m venv", Command::new(python).args(["-m", "venv", "--clear"]).arg(venv));
        match make() {
            Err(_) if apt::install(&["python3-venv"], self.allow).is_ok() => make(),
            Err(GuestError::Tool { what, said }) => {
                let said = format!("{said}\nOn Debian, `apt-get install python3-venv` as root and try again.");
                Err(GuestError::Tool { what, said })
            }
            made => made,
        }
    }

    fn program(&self, names: &[&str], language: &'static str, name: &'static str, packages: &[&'static str]) -> Result<PathBuf> {
        let found = system::in_path(names).or_else(|| {
            apt::install(packages, self.allow).ok()?;
            system::in_path(names)
        });
        found.ok_or_else(|| GuestError::NoProgram { language, program: name, packages: packages.join(" ") })
    }

    /// Runs `install` in the language's folder, unless the same `contents` were installed there before. Others who build at the same
    /// time wait.
    fn install(&self, language: &str, contents: &str, install: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let dir = std::path::absolute(self.cache.join(language)).map_err(system::failed(&self.cache))?;
        create_dir_all(&dir).map_err(system::failed(&dir))?;
        let lock_file = dir.join("lock");
        let lock = File::create(&lock_file).map_err(system::failed(&lock_file))?;
        lock.lock().map_err(system::failed(&lock_file))?;
        let stamp = dir.join(INSTALLED);
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == contents) {
            return Ok(dir);
        }
        tracing::info!(language, folder = %dir.display(), "fetching what compiles plugins");
        install(&dir)?;
        system::write(&stamp, contents.as_bytes())?;
        Ok(dir)
    }
}

/// Runs a program that must succeed; what it said is in the error.
pub(crate) fn succeed(what: &str, command: &mut Command) -> Result<()> {
    let output = system::output(command)?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(GuestError::Tool { what: what.to_owned(), said: String::from_utf8_lossy(&said).trim().to_owned() })
}
