//! A shell as an author has one, in a home of its own, and the tutorial read as a script.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wingman_harness::wingman;

/// What the tutorial says the gateway's address is. The real one has a free port.
const ADDRESS: &str = "127.0.0.1:18789";
/// What an answer from the gateway may take to hold what it should.
const PATIENCE: Duration = Duration::from_secs(30);
const DONE: &str = "__the_command_ended_with";

/// A running `bash` whose folder and variables last from one command to the next.
pub(crate) struct Shell {
    home: TempDir,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The gateway's real address, once it runs.
    address: Option<String>,
    commands: usize,
}

impl Shell {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let real_home = std::env::home_dir().unwrap();
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new("bash");
        command.args(["--norc", "--noprofile"]).current_dir(home.path());
        command.env_clear().env("HOME", home.path()).env("LANG", "C.UTF-8");
        command.env("PATH", format!("{}:{path}", wingman().parent().unwrap().display()));
        // What the author has installed, and what was fetched or compiled in an earlier run.
        for (variable, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup"), ("PYENV_ROOT", ".pyenv")] {
            command.env(variable, std::env::var_os(variable).unwrap_or_else(|| real_home.join(folder).into()));
        }
        for variable in ["RUSTUP_TOOLCHAIN", "PIP_INDEX_URL", "npm_config_registry", "https_proxy", "no_proxy", "SSL_CERT_FILE"] {
            if let Some(value) = std::env::var_os(variable) {
                command.env(variable, value);
            }
        }
        for settings in [".npmrc", ".pip", ".config/pip"] {
            if real_home.join(settings).exists() {
                let link = home.path().join(settings);
                fs::create_dir_all(link.parent().unwrap()).unwrap();
                std::os::unix::fs::symlink(real_home.join(settings), link).unwrap();
            }
        }
        command.env("CARGO_TARGET_DIR", cache.join("author")).env("WINGMAN_TOOLS_DIR", cache.join("guest-tools"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { home, child, input, output, address: None, commands: 0 }
    }

    /// A path below the shell's home.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.home.path().join(below)
    }

    /// How many commands were run.
    pub(crate) fn commands(&self) -> usize {
        self.commands
    }

    /// Runs a command; its exit code, and all that it said.
    pub(crate) fn run(&mut self, command: &str) -> (i32, String) {
        self.commands += 1;
        let command = self.address.as_ref().map_or_else(|| command.to_owned(), |address| command.replace(ADDRESS, address));
        writeln!(self.input, "{{ {command}\n}} 2>&1 </dev/null; code=$?; echo; echo {DONE} $code").unwrap();
        let mut said = String::new();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the shell ended in `{command}`:\n{said}");
            if let Some(code) = line.strip_prefix(DONE) {
                return (code.trim().parse().unwrap(), said);
            }
            said.push_str(&line);
        }
    }

    /// Runs a command that must end well.
    pub(crate) fn well(&mut self, command: &str) -> String {
        let (code, said) = self.run(command);
        assert_eq!(code, 0, "`{command}` failed:\n{said}");
        said
    }

    /// Runs a command that must fail with this exit code.
    pub(crate) fn fails(&mut self, command: &str, wanted: i32) -> String {
        let (code, said) = self.run(command);
        assert_eq!(code, wanted, "`{command}`:\n{said}");
        said
    }

    /// A gateway on a free port.
    pub(crate) fn begin_gateway(&mut self) {
        self.well("wingman init");
        self.free_ports();
        self.well("export WINGMAN_GATEWAY_TOKEN=$(wingman gateway token --generate) && wingman gateway start");
        self.find_address();
    }

    fn free_ports(&self) {
        let file = self.path(".wingman/wingman.config.json");
        let text = fs::read_to_string(&file).unwrap();
        let changed = text.replace("\"port\": 18789", "\"port\": 0").replace("\"port\": 18790", "\"port\": 0");
        assert_ne!(text, changed);
        fs::write(file, changed).unwrap();
    }

    fn find_address(&mut self) {
        let status: serde_json::Value = serde_json::from_str(&self.well("wingman gateway status --json")).unwrap();
        let url = status["gateway"]["url"].as_str().unwrap();
        self.address = Some(url.strip_prefix("http://").unwrap().to_owned());
    }

    /// Runs a command of the tutorial: it ends well, and these lines are in what it says, in their order.
    fn step(&mut self, command: &str, shown: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.well(command);
            let mut rest = said.as_str();
            let missing = shown.iter().find(|line| match rest.split_once(**line) {
                Some((_, after)) => {
                    rest = after;
                    false
                }
                None => true,
            });
            let Some(missing) = missing else { break };
            // Reading is harmless, and what is read may take its time.
            let may_wait = command.starts_with("curl ") && !command.contains(" -d ");
            assert!(may_wait && Instant::now() < deadline, "`{command}` does not say `{missing}`:\n{said}");
            std::thread::sleep(Duration::from_millis(50));
        }
        match command {
            "wingman init" => self.free_ports(),
            "wingman gateway start" => self.find_address(),
            _ => {}
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if self.address.is_some() && !std::thread::panicking() {
            let (code, said) = self.run("wingman gateway stop");
            assert!([0, 3].contains(&code), "{said}");
        } else if self.address.is_some() {
            let _ = writeln!(self.input, "wingman gateway stop; exit");
        }
        let _ = writeln!(self.input, "exit");
        let _ = self.child.wait();
    }
}

/// Which of the tutorial's languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Track {
    Main,
    JavaScript,
    Python,
}

/// Does what the tutorial says: writes its files, runs its commands, compares what they say.
pub(crate) fn tutorial(shell: &mut Shell, track: Track) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plugin-tutorial.md");
    let text = fs::read_to_string(path).unwrap();
    let mut steps = 0;
    // Outside and inside of fences in turn.
    for block in text.split("```").skip(1).step_by(2) {
        let (info, content) = block.split_once('\n').unwrap();
        let words: Vec<&str> = info.split(' ').collect();
        if self::track(&words) != track {
            continue;
        }
        if words[0] == "console" {
            console(shell, content);
        } else {
            let folder = shell.well("pwd");
            fs::write(Path::new(folder.trim()).join(words[1]), content).unwrap();
        }
        steps += 1;
    }
    assert!(steps > 0, "the tutorial has nothing for {track:?}");
}

fn track(words: &[&str]) -> Track {
    match (words[0], words.last().copied()) {
        ("js", _) | (_, Some("js")) => Track::JavaScript,
        ("python", _) | (_, Some("python")) => Track::Python,
        _ => Track::Main,
    }
}

fn console(shell: &mut Shell, content: &str) {
    let mut lines = content.lines().peekable();
    while let Some(line) = lines.next() {
        let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("`{line}` belongs to no command"));
        let mut shown = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            shown.push(line);
        }
        shell.step(command, &shown);
    }
}

/// Whether the program runs.
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}
