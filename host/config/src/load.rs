//! Reads a file and takes it through all steps. The only place that knows their order.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    agent_file::AgentFolder,
    check,
    config::Config,
    file::Root,
    overrides::Overrides,
    problem::{Code, Place, Problem, Report, Severity},
    render::Look,
    resolve,
    schema::json_schema,
    shape,
    source::Source,
    syntax, tree,
};

/// Largest file that is read. A configuration has a few KiB; this stops `--config /dev/zero`.
const MAX_BYTES: u64 = 4 << 20;

/// What the process knows and this crate must not look up.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// The user's home folder, absolute; `~` in paths.
    pub home: PathBuf,
    /// The current folder, absolute.
    pub cwd: PathBuf,
    /// The variable `WINGMAN_GATEWAY_TOKEN`; an empty one counts as unset.
    pub gateway_token: Option<SecretString>,
    /// Names of the built-in model providers, for the prefix of `model`. Empty: prefixes are not checked.
    pub model_providers: Vec<String>,
}

impl Environment {
    pub(crate) fn token(&self) -> Option<SecretString> {
        self.gateway_token.clone().filter(|token| !token.expose_secret().is_empty())
    }
}

/// A configuration and what a person should know about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Warnings; may be empty.
    pub warnings: Report,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No file where one is looked for.
    #[error("no configuration found; looked for {}; run `wingman init` to write one", list(.looked))]
    NotFound {
        /// The places, in order.
        looked: Vec<PathBuf>,
    },
    /// The file cannot be read.
    #[error("cannot read the configuration {}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file, or an option above it, has mistakes.
    #[error("{0}")]
    Invalid(Report),
}

impl ConfigError {
    /// The error for people, with a final newline: a report with the lines of the file, or what to do.
    #[must_use]
    pub fn render(&self, look: Look) -> String {
        match self {
            Self::Invalid(report) => report.render(look),
            Self::NotFound { looked } => {
                let looked: String = looked.iter().map(|file| format!("  {}\n", file.display())).collect();
                format!("No configuration found. Looked for:\n{looked}Run `wingman init` to write one.\n")
            }
            Self::Read { source, .. } => format!("{self}: {source}\n"),
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Reads, checks and resolves a file.
///
/// # Errors
/// [`ConfigError::Read`] if it cannot be read, [`ConfigError::Invalid`] with every mistake at once.
pub fn load(file: &Path, environment: &Environment, overrides: &Overrides) -> Result<Loaded, ConfigError> {
    let unreadable = |source| ConfigError::Read { file: file.to_owned(), source };
    let opened = File::open(file).map_err(unreadable)?;
    let private = is_private(&opened).map_err(unreadable)?;
    let mut bytes = Vec::new();
    opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("it is larger than {} MiB", MAX_BYTES >> 20);
        return Err(unreadable(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    run(file, &bytes, private, environment, overrides)
}

/// Checks and resolves text as if it were in `file`, which is not read. The agents' own files are.
///
/// # Errors
/// [`ConfigError::Invalid`] with every mistake at once.
pub fn parse(file: &Path, bytes: &[u8], environment: &Environment, overrides: &Overrides) -> Result<Loaded, ConfigError> {
    run(file, bytes, true, environment, overrides)
}

fn run(
    file: &Path,
    bytes: &[u8],
    private: bool,
    environment: &Environment,
    overrides: &Overrides,
) -> Result<Loaded, ConfigError> {
    let name = file.display().to_string();
    let mut problems = Vec::new();
    overrides.check(&mut problems);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            problems.push(syntax::not_utf8(error.valid_up_to()));
            let source = Source::new(&name, &String::from_utf8_lossy(bytes));
            return Err(ConfigError::Invalid(Report::new(source, problems)));
        }
    };
    let source = Source::new(&name, text);
    let resolved = tree::parse(&without_bom(text), &mut problems).and_then(|tree| {
        shape::check(&tree, &json_schema(), &mut problems);
        let path = environment.cwd.join(file);
        let files = AgentFolder::new(resolve::agents_dir(&tree, &path, environment)).read();
        check::check(&tree, &files, overrides, environment, &mut problems);
        if !private && holds_secret(&tree) {
            problems.push(readable_by_others(&name));
        }
        let root = typed(&tree, &mut problems)?;
        let config = resolve::resolve(root, path, files, environment, overrides);
        resolve::shared_folders(&config, &tree, &mut problems);
        Some(config)
    });
    let failed = problems.iter().any(|problem| problem.code.severity() == Severity::Error);
    if failed {
        // First things first: who must mend an error is not helped by warnings between them.
        problems.retain(|problem| problem.code.severity() == Severity::Error);
    }
    let report = Report::new(source, problems);
    match resolved {
        Some(config) if !failed => Ok(Loaded { config, warnings: report }),
        _ => Err(ConfigError::Invalid(report)),
    }
}

/// The text without the byte order mark that some editors put first; blanks in its place keep all positions.
fn without_bom(text: &str) -> Cow<'_, str> {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Cow::Owned(format!("   {rest}")),
        None => Cow::Borrowed(text),
    }
}

/// The typed file, unless there were errors. Types and schema have one source, so serde has nothing left to refuse; if
/// it does all the same, that is reported and not swallowed.
fn typed(tree: &tree::Node, problems: &mut Vec<Problem>) -> Option<Root> {
    if problems.iter().any(|problem| problem.code.severity() == Severity::Error) {
        return None;
    }
    match serde_json::from_value(tree.to_json()) {
        Ok(root) => Some(root),
        Err(error) => {
            problems.push(Problem::new(Code::BadValue, "", Place::File, error.to_string()));
            None
        }
    }
}

fn holds_secret(tree: &tree::Node) -> bool {
    let auth = tree.at(&["gateway", "auth"]);
    let own = ["token", "password"].iter().any(|key| auth.and_then(|auth| auth.get(key)).is_some());
    own || tree.get("webhooks").is_some_and(|webhooks| !webhooks.elements().is_empty())
}

fn readable_by_others(name: &str) -> Problem {
    Problem::new(Code::ReadableByOthers, "", Place::File, "other users of this machine can read the secrets in this file")
        .help(format!("run: chmod 600 {name}"))
}

#[cfg(unix)]
fn is_private(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    // A group may be meant to read it, as is usual for services; everyone is not.
    Ok(file.metadata()?.permissions().mode() & 0o004 == 0)
}

#[cfg(not(unix))]
fn is_private(_: &File) -> io::Result<bool> {
    Ok(true)
}
