//! `generate`: files that are made from the source and committed, because other tools and people read them.

use crate::{artifact, artifact::Program, project::Project, shell};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Write or compare.
#[derive(Args)]
pub(crate) struct Options {
    /// Change nothing; fail when a file is stale.
    #[arg(long)]
    check: bool,
}

/// The example of `wingman-protocol` that writes its files beneath the folder in `OUT_ROOT`.
const PROTOCOL: Program = Program { kind: "example", name: "generate" };

pub(crate) fn perform(project: &Project, options: &Options) -> Result<()> {
    if options.check {
        return check(project);
    }
    protocol(project, project.root())?;
    config(project)
}

/// Makes the files anew, somewhere else, and compares. The configuration's schema is left to the test of its crate, which
/// compares it in every test run.
pub(crate) fn check(project: &Project) -> Result<()> {
    let fresh = tempfile::tempdir()?;
    protocol(project, fresh.path())?;
    let stale = stale(fresh.path(), project.root())?;
    if !stale.is_empty() {
        let names = stale.iter().map(|path| format!("\n  {}", path.display())).collect::<String>();
        bail!("stale, run `cargo xtask generate`:{names}");
    }
    Ok(())
}

fn protocol(project: &Project, out: &Path) -> Result<()> {
    let mut build = shell::cargo();
    // The workspace is selected to share artifacts with the tests; see `build`.
    build.current_dir(project.root()).args(["build", "--workspace", "--example", PROTOCOL.name]);
    let program = artifact::build(&mut build, PROTOCOL)?;
    shell::run(Command::new(program).env("OUT_ROOT", out))
}

/// The test that compares the configuration's schema writes it when asked to.
fn config(project: &Project) -> Result<()> {
    let mut test = shell::cargo();
    test.current_dir(project.root()).args(["test", "--quiet", "--package", "wingman-config", "--lib"]);
    shell::run(test.arg("the_schema_in_the_repository_is_fresh").env("WINGMAN_UPDATE_SCHEMA", "1"))
}

/// Files below `fresh` that `root` lacks or has with other contents, relative to both.
fn stale(fresh: &Path, root: &Path) -> Result<Vec<PathBuf>> {
    let mut stale = Vec::new();
    let made = files(fresh)?;
    if made.is_empty() {
        bail!("the generator wrote nothing beneath `OUT_ROOT`, so nothing can be compared");
    }
    for path in made {
        let relative = path.strip_prefix(fresh)?.to_path_buf();
        let committed = fs::read(root.join(&relative)).unwrap_or_default();
        if committed != fs::read(&path)? {
            stale.push(relative);
        }
    }
    stale.sort();
    Ok(stale)
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_differs_or_is_missing_is_stale() {
        let dir = tempfile::tempdir().unwrap();
        let (fresh, root) = (dir.path().join("fresh"), dir.path().join("root"));
        for (name, made, committed) in [("same", "a", Some("a")), ("changed", "b", Some("old")), ("missing", "c", None)] {
            fs::create_dir_all(fresh.join("deep")).unwrap();
            fs::create_dir_all(root.join("deep")).unwrap();
            fs::write(fresh.join("deep").join(name), made).unwrap();
            if let Some(committed) = committed {
                fs::write(root.join("deep").join(name), committed).unwrap();
            }
        }
        assert_eq!(stale(&fresh, &root).unwrap(), [PathBuf::from("deep/changed"), PathBuf::from("deep/missing")]);
    }

    #[test]
    fn a_generator_that_ignores_where_to_write_is_no_success() {
        let dir = tempfile::tempdir().unwrap();
        assert!(stale(dir.path(), dir.path()).is_err());
    }
}
