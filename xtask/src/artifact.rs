//! Where cargo left a program: read from cargo's own messages, because only it knows the target folder for sure.

use crate::shell;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::PathBuf;
use std::process::Command;

#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// A program that cargo makes.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    /// `bin` or `example`.
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
}

/// Runs a cargo call that builds `program`, among others perhaps, and says where it is.
pub(crate) fn build(command: &mut Command, program: Program) -> Result<PathBuf> {
    let messages = shell::capture(command.arg("--message-format=json-render-diagnostics"))?;
    find(&messages, program).with_context(|| format!("cargo built no {} `{}`", program.kind, program.name))
}

fn find(messages: &str, program: Program) -> Option<PathBuf> {
    messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok()).find_map(|message| {
        let target = message.target?;
        // The test harness of a program has the same target, and another executable.
        let is_it = target.name == program.name && target.kind.iter().any(|kind| kind == program.kind);
        message.executable.filter(|path| is_it && path.file_stem().is_some_and(|stem| stem == program.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_libraries_and_its_own_test_harness() {
        let messages = r#"
{"reason":"compiler-artifact","target":{"name":"wingman","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"wingman","kind":["bin"]},"executable":"/t/debug/deps/wingman-0123"}
not json
{"reason":"compiler-artifact","target":{"name":"wingman","kind":["bin"]},"executable":"/t/debug/wingman"}
{"reason":"build-finished","success":true}"#;
        let program = Program { kind: "bin", name: "wingman" };
        assert_eq!(find(messages, program), Some(PathBuf::from("/t/debug/wingman")));
        assert_eq!(find(messages, Program { kind: "example", name: "wingman" }), None);
    }
}
