//! `command_execute`: a program with arguments, never a shell.

use crate::allowed::{AllowedCommand, BadCommand};
use crate::call;
use crate::environment::Environment;
use crate::folder::{failed, make};
use crate::process::{Cause, Ended, MERCY, Plan, Running};
use crate::program;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;
use wingman_message::{Tool, ToolError, ToolInvocation, ToolOutput, ToolSpec};

/// The most words of a call.
const MAX_WORDS: usize = 1000;
/// The most input, in bytes.
const MAX_STDIN: usize = 1 << 20;
/// How much of the output is kept, if nothing is said, in bytes.
const OUTPUT_BYTES: usize = 64 * 1024;
/// What ending a command may take, from the signal to the answer.
const ENDING: Duration = MERCY.saturating_add(Duration::from_secs(1));

/// What an agent may run, and for how long.
#[derive(Debug, Clone)]
pub struct CommandPolicy {
    /// The commands. A call that starts with none of them is refused.
    pub allow: Vec<AllowedCommand>,
    /// The longest time of one. A call may ask for less. Whoever gives a call a deadline gives it about 3 s more than this, or
    /// the output of a command that ran out of time is lost.
    pub time: Duration,
    /// How much of the output is given back: half of it from its start, half from its end. In bytes.
    pub output_bytes: usize,
}

impl CommandPolicy {
    /// The policy of an agent whose calls of tools are given up after `tool_time`: commands end a little earlier.
    ///
    /// # Errors
    /// [`BadCommand`], for the first entry that is none.
    pub fn within<S: AsRef<str>>(entries: &[S], tool_time: Duration) -> Result<Self, BadCommand> {
        let allow = entries.iter().map(|entry| AllowedCommand::parse(entry.as_ref())).collect::<Result<_, _>>()?;
        let time = tool_time.saturating_sub(ENDING).max(tool_time / 2);
        Ok(Self { allow, time, output_bytes: OUTPUT_BYTES })
    }
}

/// `command_execute`. It sees the working folder, and of the gateway's environment only what docs/tools.md lists.
pub struct CommandExecute {
    spec: ToolSpec,
    policy: CommandPolicy,
    environment: Environment,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Input {
    argv: Vec<String>,
    timeout_seconds: Option<f64>,
    stdin: Option<String>,
}

impl CommandExecute {
    /// The tool. The environment is that of this process now.
    #[must_use]
    pub fn new(policy: CommandPolicy) -> Self {
        let allowed: Vec<String> = policy.allow.iter().map(|entry| format!("`{entry}`")).collect();
        let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
        let spec = ToolSpec {
            name: "command_execute".into(),
            description: format!(
                "Runs a program in the working folder and tells its exit code and its output. No shell: each argument is passed as it \
                 is; no pipes, variables or wildcards. Allowed, with further arguments behind them: {allowed}."
            ),
            input_schema: json!({
                "type": "object",
                "properties": {
                    "argv": {
                        "type": "array",
                        "items": { "type": "string" },
                        "minItems": 1,
                        "maxItems": MAX_WORDS,
                        "description": "The program and its arguments, such as [\"git\", \"status\"]."
                    },
                    "timeoutSeconds": {
                        "type": "number",
                        "exclusiveMinimum": 0,
                        "description": format!("End it after this time; at most, and if left out, {} s.", policy.time.as_secs_f64())
                    },
                    "stdin": { "type": "string", "description": "What the program reads as its input." }
                },
                "required": ["argv"],
                "additionalProperties": false
            }),
            idempotent: false,
        };
        Self { spec, policy, environment: Environment::of_process() }
    }

    /// How long a call may take.
    fn time(&self, asked: Option<f64>) -> Result<Duration, ToolError> {
        let Some(seconds) = asked else { return Ok(self.policy.time) };
        if seconds.is_nan() || seconds <= 0.0 {
            return Err(ToolError::InvalidInput("`timeoutSeconds` must be more than 0".into()));
        }
        Ok(Duration::try_from_secs_f64(seconds).map_or(self.policy.time, |asked| asked.min(self.policy.time)))
    }

    fn check(&self, Input { argv, stdin, .. }: &Input) -> Result<(), ToolError> {
        let invalid = |why: &str| Err(ToolError::InvalidInput(why.to_owned()));
        if argv.is_empty() || argv.len() > MAX_WORDS {
            return invalid("`argv` must have 1 to 1000 words");
        }
        if argv.iter().any(|word| word.contains('\0')) {
            return invalid("`argv` holds a NUL character");
        }
        if stdin.as_ref().is_some_and(|text| text.len() > MAX_STDIN) {
            return invalid("`stdin` is longer than 1 MiB; write a file, and name it");
        }
        if self.policy.allow.iter().any(|entry| entry.allows(argv)) {
            return Ok(());
        }
        let allowed: Vec<String> = self.policy.allow.iter().map(|entry| format!("`{entry}`")).collect();
        let called: String = argv.join(" ").chars().take(100).collect();
        Err(failed(if allowed.is_empty() {
            "no command is allowed here".to_owned()
        } else {
            format!("{called:?} is not allowed; a command must start with one of: {}", allowed.join(", "))
        }))
    }
}

#[async_trait]
impl Tool for CommandExecute {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn family(&self) -> Option<&str> {
        Some("command")
    }

    async fn call(&self, invocation: ToolInvocation) -> Result<ToolOutput, ToolError> {
        let ToolInvocation { input, folder, cancel, progress, .. } = invocation;
        let input: Input = call::input(input)?;
        self.check(&input)?;
        let time = self.time(input.timeout_seconds)?;
        let Input { argv, stdin, .. } = input;
        let (environment, with_stdin) = (self.environment.clone(), stdin.is_some());
        let running = call::blocking(&cancel, move |stop| {
            let command = prepare(&argv, &environment, &folder)?;
            call::go_on(stop)?;
            start(command, &argv, with_stdin)
        });
        let running = running.await?;
        let stop = cancel.child_token();
        // Ends the command when nobody waits for it any more.
        let _stop_on_drop = stop.clone().drop_guard();
        let plan = Plan { stdin, time, output_bytes: self.policy.output_bytes, stop, progress };
        let watched = tokio::spawn(running.watch(plan)).await;
        let ended = watched.map_err(io::Error::other).and_then(|ended| ended);
        let ended = ended.map_err(|error| failed(format!("the command was lost sight of: {error}")))?;
        told(ended, time).map(call::output)
    }
}

/// Finds the program and puts together how it is run. The working folder is made where it is not there.
fn prepare(argv: &[String], environment: &Environment, folder: &Path) -> Result<Command, ToolError> {
    make(folder)?;
    let folder = folder.canonicalize().map_err(|error| failed(format!("the working folder cannot be opened: {error}")))?;
    let (name, arguments) = argv.split_first().ok_or_else(|| ToolError::InvalidInput("`argv` is empty".into()))?;
    let search_path = environment.search_path(&folder);
    let file = if name.starts_with('/') {
        let file = PathBuf::from(name);
        if program::is_program(&file) { Some(file) } else { None }
    } else {
        program::find(name, &search_path, &folder)
    };
    let file = file.ok_or_else(|| failed(format!("there is no program `{name}` on the gateway's machine")))?;
    let search_path = std::env::join_paths(&search_path)
        .map_err(|_| failed("the gateway's PATH cannot be used; whoever runs the gateway must set it right"))?;
    let mut command = Command::new(file);
    command.arg0(name).args(arguments).current_dir(&folder).env_clear().env("PATH", search_path).envs(environment.variables());
    Ok(command)
}

fn start(command: Command, argv: &[String], with_stdin: bool) -> Result<Running, ToolError> {
    Running::start(command, with_stdin).map_err(|error| {
        let name = argv.first().map_or("", String::as_str);
        failed(match error.kind() {
            io::ErrorKind::ArgumentListTooLong => {
                "the arguments are too long for the system; write a file, and name it".to_owned()
            }
            _ => format!("`{name}` cannot be started: {error}"),
        })
    })
}

fn told(Ended { status, ended_by, output }: Ended, time: Duration) -> Result<String, ToolError> {
    let output = if output.is_empty() { "[no output]".to_owned() } else { output };
    match ended_by {
        None => Ok(format!("{}\n{output}", how(status))),
        Some(Cause::Cancelled) => Err(failed(format!("stopped: the run was cancelled; until then:\n{output}"))),
        Some(Cause::OutOfTime) => Err(failed(format!("stopped after {} s; until then:\n{output}", time.as_secs_f64()))),
    }
}

/// `exit code 0`, or the signal.
fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => match signal_name(signal) {
            Some(name) => format!("ended by signal {signal} ({name})"),
            None => format!("ended by signal {signal}"),
        },
        (None, None) => "ended".to_owned(),
    }
}

/// The signals whose numbers are the same everywhere.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}
