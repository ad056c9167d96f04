//! Building plugins whose source is a script: the contract and a few helpers are written to `.wingman` in the project, and the
//! language's own tool makes the component of them and the source.

use crate::contract::Choice;
use crate::tools::{Tools, succeed};
use crate::{Built, GuestError, Language, Project, Result, contract, output, system};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// What is made for the author and never committed.
const MADE: &str = ".wingman";
/// The helpers, each under the name by which the source imports it.
const HELPERS: [(&str, &str); 2] =
    [("wingman.js", include_str!("../runtime/wingman.js")), ("wingman.py", include_str!("../runtime/wingman.py"))];
/// Folders that no source of a component lies in.
const ASIDE: [&str; 5] = ["node_modules", "target", "fixtures", "tests", "__pycache__"];
/// JavaScript's source, where `package.json` names none.
const JAVASCRIPT_MAIN: &str = "src/plugin.js";

/// What `package.json` says to us.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Package {
    main: Option<String>,
    wingman: Choice,
}

/// What `pyproject.toml` says to us, if there is one.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PyProject {
    tool: PyTools,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PyTools {
    wingman: Choice,
}

pub(crate) fn javascript(project: &Project, tools: &Tools, out_dir: &Path) -> Result<Built> {
    let text = system::read_text(&project.dir.join("package.json"))?;
    let package: Package = serde_json::from_str(&text).map_err(|error| wrong(project, format!("package.json: {error}")))?;
    let main = package.main.unwrap_or_else(|| JAVASCRIPT_MAIN.to_owned());
    if !project.dir.join(&main).is_file() {
        return Err(wrong(project, format!("there is no {main}; `main` in package.json names the source")));
    }
    let tool = tools.javascript()?;
    let script = Script { project, world: &package.wingman, identity: &tool.identity };
    script.build(out_dir, |wit, wasm| {
        let mut command = Command::new(&tool.node);
        command.current_dir(&project.dir).arg(&tool.script).arg(&main).arg(wit).arg(contract::WORLD).arg(wasm);
        command
    })
}

pub(crate) fn python(project: &Project, tools: &Tools, out_dir: &Path) -> Result<Built> {
    if !project.dir.join("app.py").is_file() {
        return Err(wrong(project, "there is no app.py".to_owned()));
    }
    let path = project.dir.join("pyproject.toml");
    let text = if path.is_file() { system::read_text(&path)? } else { String::new() };
    let file: PyProject = toml::from_str(&text).map_err(|source| GuestError::Manifest { path, source: Box::new(source) })?;
    let tool = tools.python()?;
    let script = Script { project, world: &file.tool.wingman, identity: &tool.identity };
    script.build(out_dir, |wit, wasm| {
        let mut command = Command::new(&tool.componentize);
        // Its own environment, so that nothing of the machine's other packages gets into the component.
        command.current_dir(&project.dir).env("VIRTUAL_ENV", &tool.venv).env_remove("PYTHONPATH");
        command.args(["--wit-path"]).arg(wit).args(["--world", contract::WORLD, "componentize", "--stub-wasi"]);
        command.args(["--python-path", ".", "--python-path", MADE, "app", "--output"]).arg(wasm);
        command
    })
}

fn wrong(project: &Project, detail: String) -> GuestError {
    GuestError::Project { dir: project.dir.clone(), detail }
}

/// One project and what its component is made of beside the source.
struct Script<'a> {
    project: &'a Project,
    world: &'a Choice,
    identity: &'a str,
}

impl Script<'_> {
    /// `command` compiles against the WIT folder (first argument) into a file (second argument).
    fn build(&self, out_dir: &Path, command: impl FnOnce(&Path, &Path) -> Command) -> Result<Built> {
        let project = self.project;
        let out_dir = std::path::absolute(out_dir).map_err(system::failed(out_dir))?;
        let dir = out_dir.join(&project.name);
        let wit = self.prepare()?;
        let fresh = is_fresh(&project.dir, &out_dir, &dir)?;
        if !fresh {
            let started = SystemTime::now();
            let scratch = tempfile::tempdir().map_err(system::failed(&dir))?;
            let wasm = scratch.path().join("plugin.wasm");
            succeed(compiler(project.language), &mut command(&wit, &wasm))?;
            output::write(&dir, &project.dir.join("plugin.toml"), &system::read(&wasm)?, started)?;
        }
        let size = system::metadata(&dir.join("plugin.wasm"))?.len();
        tracing::debug!(plugin = %project.name, size, fresh, "guest is ready");
        Ok(Built { name: project.name.clone(), dir, size, fresh })
    }

    /// Writes what the source is compiled with. Files that do not change keep their date, so that they count as inputs like any other.
    fn prepare(&self) -> Result<PathBuf> {
        let made = std::path::absolute(self.project.dir.join(MADE)).map_err(system::failed(&self.project.dir))?;
        let wit = made.join("wit");
        contract::write(&self.project.dir, &wit, self.project.kind, self.world)?;
        let ending = if self.project.language == Language::JavaScript { ".js" } else { ".py" };
        for (name, text) in HELPERS.iter().filter(|(name, _)| name.ends_with(ending)) {
            system::write_if_changed(&made.join(name), text.as_bytes())?;
        }
        system::write_if_changed(&made.join("compiler.txt"), self.identity.as_bytes())?;
        Ok(wit)
    }
}

fn compiler(language: Language) -> &'static str {
    match language {
        Language::Rust => "cargo",
        Language::JavaScript => "componentize-js",
        Language::Python => "componentize-py",
    }
}

/// Whether the plugin in `dir` is newer than every file of the project. What lies in `out_dir` is no source.
fn is_fresh(project: &Path, out_dir: &Path, dir: &Path) -> Result<bool> {
    let Some(made) = modified(&dir.join("plugin.wasm")).min(modified(&dir.join("plugin.toml"))) else { return Ok(false) };
    let mut folders = vec![std::path::absolute(project).map_err(system::failed(project))?];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(system::failed(&folder))? {
            let entry = entry.map_err(system::failed(&folder))?;
            let path = entry.path();
            if path.is_dir() {
                let name = entry.file_name();
                let hidden = name.as_encoded_bytes().starts_with(b".") && name != MADE;
                if !hidden && path != out_dir && ASIDE.iter().all(|aside| name != *aside) {
                    folders.push(path);
                }
            } else if modified(&path).is_none_or(|changed| changed >= made) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Duration;

    #[test]
    fn a_plugin_is_fresh_until_a_source_or_its_manifest_changes_whatever_else_does() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path();
        let (out, plugin) = (project.join("out"), project.join("out/x"));
        let write = |file: &str, seconds: u64| {
            system::write(&project.join(file), b"").unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            fs::File::options().write(true).open(project.join(file)).unwrap().set_modified(time).unwrap();
        };
        let fresh = || is_fresh(project, &out, &plugin).unwrap();
        for source in ["plugin.toml", "src/plugin.js", "src/lib/a.js", ".wingman/wit/types.wit"] {
            write(source, 100);
        }
        assert!(!fresh(), "nothing is built yet");
        write("out/x/plugin.wasm", 200);
        write("out/x/plugin.toml", 200);
        for aside in ["fixtures/a.json", "node_modules/a/index.js", ".git/index", "out/y/plugin.wasm"] {
            write(aside, 300);
        }
        assert!(fresh());
        for source in ["plugin.toml", "src/lib/a.js", ".wingman/wit/types.wit"] {
            write(source, 200);
            assert!(!fresh(), "{source} changed");
            write(source, 100);
        }
        assert!(fresh());
    }
}
