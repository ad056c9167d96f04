//! Where the log goes. Its level is set by `WINGMAN_LOG` (as `tracing`'s directives, such as `info` or `wingman_server=debug`).

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// Days of logs that are kept.
const KEEP: usize = 14;

/// The folder of the log files.
pub(crate) fn folder(state_dir: &Path) -> PathBuf {
    state_dir.join("logs")
}

/// To standard error, for a gateway in the foreground.
pub(crate) fn to_terminal() {
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter("info")).with_writer(std::io::stderr).with_ansi(ansi).init();
}

/// To `<stateDir>/logs/wingman.<date>.log`, for a gateway in the background. Lines go out as long as the guard lives.
pub(crate) fn to_files(state_dir: &Path) -> Result<WorkerGuard> {
    let folder = folder(state_dir);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("wingman")
        .filename_suffix("log")
        .max_log_files(KEEP)
        .build(&folder)
        .with_context(|| format!("cannot write logs to {}", folder.display()))?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    tracing_subscriber::fmt().with_env_filter(filter("info")).with_writer(writer).with_ansi(false).init();
    Ok(guard)
}

/// Errors only, to standard error, for commands that are about something else.
pub(crate) fn quiet() {
    tracing_subscriber::fmt().with_env_filter(filter("error")).with_writer(std::io::stderr).init();
}

/// The newest log file, if there is one.
pub(crate) fn newest(state_dir: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder(state_dir)).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    // The date in the name sorts.
    files.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max()
}

fn filter(default: &str) -> EnvFilter {
    let filter = EnvFilter::try_from_env("WINGMAN_LOG")
        .unwrap_or_else(|_| EnvFilter::new(format!("{default},memory_serve=warn,rusqlite_migration=warn")));
    // The MCP library writes whole messages into its log; what goes wrong with a server, `wingman_mcp` says. Who asks for it gets it.
    let is_asked_for = std::env::var("WINGMAN_LOG").is_ok_and(|directives| directives.contains("rmcp"));
    match "rmcp=off".parse::<Directive>() {
        Ok(silent) if !is_asked_for => filter.add_directive(silent),
        _ => filter,
    }
}
