//! Runs programs: says what it runs, how long it took, and fails when the program does.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Shorter runs are not worth a line.
const WORTH_TELLING: Duration = Duration::from_secs(2);

/// Cargo without what `cargo xtask` itself set. Build scripts watch some of these variables (that of `ring` watches
/// `CARGO_PKG_NAME`), and would run again each time that a developer changes between `cargo` and `cargo xtask`.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        let is_ours = name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if is_ours || name == "CARGO" {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a program to its end, its output going where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    to_the_end(command.stdout(Stdio::inherit())).map(drop)
}

/// Runs a program and takes what it prints; its errors go where ours go.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let printed = to_the_end(command.stdout(Stdio::piped()))?;
    String::from_utf8(printed).with_context(|| format!("`{}` printed no text", display(command)))
}

fn to_the_end(command: &mut Command) -> Result<Vec<u8>> {
    let shown = display(command);
    eprintln!("$ {shown}");
    let started = Instant::now();
    let child = command.stdin(Stdio::null()).stderr(Stdio::inherit()).spawn();
    let output = child.and_then(Child::wait_with_output).with_context(|| format!("cannot start `{shown}`"))?;
    let took = started.elapsed();
    if took >= WORTH_TELLING {
        eprintln!("  took {}", human(took));
    }
    if !output.status.success() {
        bail!("`{shown}` failed ({})", output.status);
    }
    Ok(output.stdout)
}

/// What a program prints, if it is there and succeeds; its errors are dropped.
pub(crate) fn probe(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command as a person would type it, without its environment.
pub(crate) fn display(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(quote).collect::<Vec<_>>().join(" ")
}

fn quote(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_=./:,+@%".contains(c));
    if is_plain { word.into_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// A duration for people: `850 ms`, `12.3 s`, `4 min 07 s`.
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..=59 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_so_that_it_can_be_pasted() {
        let mut command = Command::new("cargo");
        command.args(["nextest", "run", "-E", "not package(e2e)", "it's"]);
        assert_eq!(display(&command), r"cargo nextest run -E 'not package(e2e)' 'it'\''s'");
    }

    #[test]
    fn a_duration_has_the_unit_that_fits() {
        assert_eq!(human(Duration::from_millis(850)), "850 ms");
        assert_eq!(human(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(human(Duration::from_secs(247)), "4 min 07 s");
    }

    #[test]
    fn a_program_that_fails_or_is_missing_is_named() {
        let failed = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(failed.contains("sh -c 'exit 3'") && failed.contains('3'), "{failed}");
        let missing = run(&mut Command::new("no-such-program-here")).unwrap_err().to_string();
        assert!(missing.contains("no-such-program-here"), "{missing}");
    }
}
