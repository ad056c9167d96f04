//! The author's day: the tutorial as it is printed, mistakes and how they are told, packages from the author to a running gateway.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod authoring;

use authoring::{Shell, Track, tutorial};
use serde_json::{Value, json};
use std::fs;
use std::time::{Duration, Instant};

/// A debug build on a busy machine takes up a plugin later than a person would like.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn the_tutorial_holds_from_its_first_command_to_its_last() {
    let mut shell = Shell::new();
    tutorial(&mut shell, Track::Main);
    println!("the tutorial took {} commands", shell.commands());
}

#[test]
fn the_tutorials_javascript_holds() {
    if !authoring::is_installed("node") || !authoring::is_installed("npm") {
        println!("skipped: there is no node or no npm");
        return;
    }
    let mut shell = Shell::new();
    shell.well("mkdir -p my-plugins");
    tutorial(&mut shell, Track::JavaScript);
}

#[test]
fn the_tutorials_python_holds() {
    if !authoring::is_installed("python3") {
        println!("skipped: there is no python3");
        return;
    }
    let mut shell = Shell::new();
    shell.well("mkdir -p my-plugins");
    tutorial(&mut shell, Track::Python);
}

#[test]
fn an_authors_mistakes_are_told_where_they_are() {
    let mut shell = Shell::new();
    let nowhere = shell.fails("wingman plugin build", 1);
    assert!(nowhere.contains("no plugin.toml") && nowhere.contains("wingman plugin new"), "{nowhere}");
    shell.well("wingman plugin new mistakes --kind tool && cd mistakes");
    assert!(shell.fails("wingman plugin new mistakes --dir .", 1).contains("not empty"));
    shell.well("wingman plugin test");

    let expected = shell.path("mistakes/fixtures/count.expected.json");
    let right = fs::read_to_string(&expected).unwrap();
    fs::write(&expected, right.replace("3 words", "4 words")).unwrap();
    let differs = shell.fails("wingman plugin test", 1);
    assert!(differs.contains("FAIL  fixture count") && differs.contains("- \"4 words, 14 characters\""), "{differs}");
    assert!(differs.contains("+ \"3 words, 14 characters\"") && differs.contains("--update"), "{differs}");
    let report: Value = serde_json::from_str(shell.fails("wingman plugin test --json 2>/dev/null", 1).trim()).unwrap();
    let failed = report["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "fail").count();
    assert_eq!(failed, 1, "{report}");
    shell.well("wingman plugin test --update");
    shell.well("wingman plugin test");

    let fixture = shell.path("mistakes/fixtures/nothing.json");
    fs::write(&fixture, r#"{"call": "call", "inptu": {}}"#).unwrap();
    let unknown = shell.fails("wingman plugin run fixtures/nothing.json", 1);
    assert!(unknown.contains("nothing.json") && unknown.contains("`inptu`"), "{unknown}");
    fs::write(&fixture, r#"{"call": "normalize", "input": {"body": ""}}"#).unwrap();
    let misplaced = shell.fails("wingman plugin run fixtures/nothing.json", 1);
    assert!(misplaced.contains("normalize") && misplaced.contains("only a preset"), "{misplaced}");

    let source = shell.path("mistakes/src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, text.replace("split_whitespace()", "split_whitespaces()")).unwrap();
    let broken = shell.fails("wingman plugin build", 1);
    assert!(broken.contains("src/lib.rs:") && broken.contains("split_whitespaces"), "{broken}");
    assert!(shell.path("mistakes/out/mistakes/plugin.wasm").is_file(), "the last build that went well stays");
}

#[test]
fn a_package_goes_from_its_author_to_a_running_gateway_and_back() {
    let mut shell = Shell::new();
    shell.begin_gateway();
    shell.well("wingman plugin new parcel --kind preset && cd parcel");
    shell.well("wingman plugin pack");
    shell.well("wingman plugin keygen mine.key --no-password");
    assert!(shell.fails("wingman plugin keygen mine.key --no-password", 1).contains("never overwritten"));

    let package = "out/parcel-0.1.0.wmpkg";
    assert!(shell.fails(&format!("wingman plugin install {package}"), 1).contains("--allow-unsigned"));
    shell.well(&format!("wingman plugin sign {package} --key mine.key"));
    assert!(shell.fails(&format!("wingman plugin install {package}"), 1).contains("not trusted"));
    shell.well("wingman plugin trust add mine.key.pub --name me");
    shell.well(&format!("wingman plugin install {package}"));
    until_version(&mut shell, Some("0.1.0"));
    assert!(shell.fails("wingman plugin dev --once", 1).contains("installed from a package"));

    let manifest = shell.path("parcel/plugin.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("version = \"0.1.0\"", "version = \"0.2.0\"")).unwrap();
    shell.well("wingman plugin pack && wingman plugin sign out/parcel-0.2.0.wmpkg --key mine.key");
    shell.well("wingman plugin install out/parcel-0.2.0.wmpkg");
    until_version(&mut shell, Some("0.2.0"));
    let listed: Value = serde_json::from_str(&shell.well("wingman plugin list --json 2>/dev/null")).unwrap();
    let ours = listed.as_array().unwrap().iter().find(|plugin| plugin["name"] == "parcel").unwrap();
    assert_eq!((&ours["state"], &ours["installed"]["kept"]), (&json!("ready"), &json!(["0.1.0"])), "{ours}");
    assert!(ours["installed"]["signer"].is_string(), "{ours}");

    assert!(shell.fails(&format!("wingman plugin install {package}"), 1).contains("--allow-downgrade"));
    shell.well("wingman plugin rollback parcel");
    until_version(&mut shell, Some("0.1.0"));
    shell.well("wingman plugin remove parcel");
    until_version(&mut shell, None);
    shell.well("wingman gateway stop");
}

#[test]
fn recorded_deliveries_show_what_a_new_version_does_otherwise() {
    let mut shell = Shell::new();
    shell.well("wingman plugin new replayed --kind preset && cd replayed && wingman plugin build");
    shell.well("cp -r out/replayed ../before");
    let source = shell.path("replayed/src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, text.replace("**{service}** is {state}.", "{service} is {state}!")).unwrap();
    let deliveries = ["down", "up"].map(|state| {
        let body = json!({"service": "web", "state": state}).to_string();
        json!({"call": "normalize", "input": {"body": body}}).to_string()
    });
    fs::write(shell.path("replayed/recorded.jsonl"), deliveries.join("\n")).unwrap();
    let replayed = shell.well("wingman plugin replay recorded.jsonl --against ../before");
    assert!(replayed.contains("line 1") && replayed.contains("+ \"web is down!\"") && !replayed.contains("line 2"), "{replayed}");
    assert!(replayed.contains("2 deliveries, 1 with another outcome"), "{replayed}");
}

/// Waits until the running gateway has the plugin in this version, or has it no more.
fn until_version(shell: &mut Shell, version: Option<&str>) {
    let ask = "curl -s http://127.0.0.1:18789/api/plugins -H \"authorization: Bearer $WINGMAN_GATEWAY_TOKEN\"";
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = shell.well(ask);
        let plugins: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
        let ours = plugins.as_array().unwrap().iter().find(|plugin| plugin["name"] == "parcel");
        if ours.map(|plugin| plugin["version"].as_str().unwrap_or_default()) == version {
            return;
        }
        assert!(Instant::now() < deadline, "the gateway does not follow: {said}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
