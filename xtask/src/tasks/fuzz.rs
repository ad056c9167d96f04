//! `fuzz`: each fuzz target of `tests/fuzz` for a while, beginning with the seeds that are kept there.

use crate::{project::Project, shell, stages::Stages, tools};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::path::PathBuf;

/// How long, and which.
#[derive(Args)]
pub(crate) struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// The targets that run components too: wasmtime takes minutes to compile for a fuzzer.
    #[arg(long)]
    all: bool,
    /// This target alone.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
}

/// A fuzz target.
struct Target {
    name: &'static str,
    /// More seeds, relative to the project.
    seeds: Option<&'static str>,
    /// Compiled only on demand, behind the feature of the same name.
    is_slow: bool,
}

const TARGETS: [Target; 6] = [
    Target { name: "manifest", seeds: None, is_slow: false },
    Target { name: "package", seeds: None, is_slow: false },
    Target { name: "verification", seeds: Some("tests/webhook-vectors"), is_slow: false },
    Target { name: "url_grant", seeds: None, is_slow: false },
    Target { name: "sdk_split", seeds: None, is_slow: false },
    Target { name: "boundary", seeds: None, is_slow: true },
];

pub(crate) fn perform(project: &Project, options: &Options) -> Result<()> {
    let chosen = chosen(options)?;
    tools::fuzz()?;
    let mut stages = Stages::new();
    for target in chosen {
        stages.run(target.name, || run(project, target, options.seconds));
    }
    stages.finish()
}

fn chosen(options: &Options) -> Result<Vec<&'static Target>> {
    let Some(name) = &options.target else {
        return Ok(TARGETS.iter().filter(|target| options.all || !target.is_slow).collect());
    };
    let names = || TARGETS.map(|target| target.name).join(", ");
    let target = TARGETS.iter().find(|target| target.name == name);
    let Some(target) = target else { bail!("there is no fuzz target `{name}`; there are {}", names()) };
    Ok(vec![target])
}

fn run(project: &Project, target: &Target, seconds: u32) -> Result<()> {
    let fuzz = project.path("tests/fuzz");
    // What a run finds out goes here; the seeds beside it are read and stay as they are.
    let found = project.path("target/fuzz-corpus").join(target.name);
    fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let mut corpora = vec![found, fuzz.join("corpus").join(target.name)];
    corpora.extend(target.seeds.map(|seeds| project.path(seeds)));
    corpora.retain(|corpus: &PathBuf| corpus.is_dir());

    let mut command = shell::cargo();
    // The sanitizer is a flag that only nightly compilers take, unless they are told that this is known.
    command.current_dir(&fuzz).env("RUSTC_BOOTSTRAP", "1").args(["fuzz", "run", "--fuzz-dir", "."]);
    if target.is_slow {
        command.args(["--features", target.name]);
    }
    command.arg(target.name).args(corpora);
    command.args(["--", "-print_final_stats=1", "-max_len=16384", &format!("-max_total_time={seconds}")]);
    shell::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: bool, target: Option<&str>) -> Result<Vec<&'static str>> {
        let options = Options { seconds: 1, all, target: target.map(str::to_owned) };
        Ok(chosen(&options)?.iter().map(|target| target.name).collect())
    }

    #[test]
    fn slow_targets_run_when_asked_for() {
        assert!(!names(false, None).unwrap().contains(&"boundary"));
        assert_eq!(names(true, None).unwrap().len(), TARGETS.len());
        assert_eq!(names(false, Some("boundary")).unwrap(), ["boundary"]);
        assert!(names(false, Some("bondary")).unwrap_err().to_string().contains("boundary"));
    }

    #[test]
    fn every_target_is_a_program_with_seeds() {
        let root = Project::find().unwrap();
        for target in &TARGETS {
            assert!(root.path("tests/fuzz/fuzz_targets").join(format!("{}.rs", target.name)).is_file(), "{}", target.name);
            let own = root.path("tests/fuzz/corpus").join(target.name);
            assert!(own.is_dir() || target.seeds.is_some_and(|seeds| root.path(seeds).is_dir()), "{}", target.name);
        }
    }
}
