//! Plugins on the workbench: what comes out, what is complained of, and what the kit says of good ones and bad ones. The bad ones are
//! written down as text; the good one is an example of this repository.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use wingman_workbench::{Bench, Fixture, Report, Snapshots, Verdict, WorkbenchError, conformance};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A plugin's folder made of one of the bad plugins.
fn bad(case: &str, folder: &Path) -> PathBuf {
    let (source, dir) = (repository().join("tests/bad-plugins").join(case), folder.join(case));
    fs::create_dir_all(&dir).unwrap();
    fs::copy(source.join("plugin.toml"), dir.join("plugin.toml")).unwrap();
    let core = wat::parse_file(source.join("plugin.wat")).unwrap();
    let component = wingman_guest::componentize(&core, &repository().join("wit"), "preset-plugin").unwrap();
    fs::write(dir.join("plugin.wasm"), component).unwrap();
    dir
}

fn fixture(text: &str) -> Fixture {
    Fixture::parse("case", "case.json", text).unwrap()
}

async fn report(dir: &Path, folder: &Path) -> Report {
    conformance(dir, &folder.join("fixtures"), &folder.join("cache"), Snapshots::Compare).await.unwrap()
}

fn verdict(report: &Report, name: &str) -> Verdict {
    report.checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no check {name}: {report:?}")).verdict
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_an_outcome_and_fails_the_kit_but_never_becomes_an_expectation() {
    let folder = tempfile::tempdir().unwrap();
    let dir = bad("traps", folder.path());
    let mut bench = Bench::open(&dir, &folder.path().join("cache")).await.unwrap();
    let outcome = bench.run(&fixture(r#"{"call": "normalize", "input": {"body": "{}"}}"#)).await.unwrap();
    assert_eq!(outcome.result["crash"]["kind"], "trap", "{outcome:?}");
    drop(bench);

    let fixtures = folder.path().join("fixtures");
    fs::create_dir(&fixtures).unwrap();
    fs::write(fixtures.join("plain.json"), r#"{"call": "normalize", "input": {"body": "{}"}}"#).unwrap();
    let report = report(&dir, folder.path()).await;
    assert_eq!(verdict(&report, "fixture plain"), Verdict::Fail);
    assert_eq!(verdict(&report, "hostile: an empty body"), Verdict::Fail);
    assert!(!fixtures.join("plain.expected.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_would_refuse_is_refused_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let dir = bad("traps-at-start", folder.path());
    let refused = Bench::open(&dir, &folder.path().join("cache")).await.err();
    assert!(matches!(&refused, Some(WorkbenchError::Refused { .. })), "{refused:?}");
    let report = report(&dir, folder.path()).await;
    assert_eq!((report.verdict(), report.checks.len()), (Verdict::Fail, 1), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_another_kind_is_a_mistake_of_the_fixture() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(&bad("traps", folder.path()), &folder.path().join("cache")).await.unwrap();
    let error = bench.run(&fixture(r#"{"call": "probe"}"#)).await.unwrap_err().to_string();
    assert!(error.contains("case.json") && error.contains("only a channel"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_logs_is_seen_with_its_call() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::open(&bad("panics-with-words", folder.path()), &folder.path().join("cache")).await.unwrap();
    let outcome = bench.run(&fixture(r#"{"call": "normalize", "input": {"body": "{}"}}"#)).await.unwrap();
    assert!(outcome.log.iter().any(|line| line.level == "error"), "{outcome:?}");
}

/// What the kit fails of the plugins in `built`, each with the fixtures beside its source.
async fn failures(built: &str, sources: &str) -> Vec<String> {
    let built = repository().join(built);
    assert!(built.is_dir(), "run `cargo xtask plugins` first");
    let (mut failed, mut count) = (Vec::new(), 0);
    for entry in fs::read_dir(built).unwrap() {
        let dir = entry.unwrap().path();
        if !dir.join("plugin.wasm").is_file() {
            continue;
        }
        let name = dir.file_name().unwrap().to_string_lossy().into_owned();
        // Kept between runs. One a plugin, since each forgets the others'.
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("workbench").join(&name);
        let fixtures = repository().join(sources).join(&name).join("fixtures");
        let report = conformance(&dir, &fixtures, &cache, Snapshots::Compare).await.unwrap();
        let failures = report.checks.into_iter().filter(|check| check.verdict == Verdict::Fail);
        failed.extend(failures.map(|check| format!("{name}: {}: {}", check.name, check.says)));
        count += 1;
    }
    assert!(count > 0, "nothing was built");
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn the_projects_own_plugins_pass() {
    let nowhere = "target/no-fixtures";
    assert_eq!(failures("target/plugins", nowhere).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_pass() {
    assert_eq!(failures("target/example-plugins", "examples/plugins").await, Vec::<String>::new());
}
