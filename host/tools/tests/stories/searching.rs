//! Finding files and lines.

use crate::support::Place;
use serde_json::json;
use std::os::unix::fs::symlink;

fn project() -> Place {
    let place = Place::new();
    place.put(".gitignore", "target/\n*.log\n!keep.log\n");
    place.put(".git/config", "needle in git");
    place.put("src/main.rs", "fn main() {\n    // Needle\n    needle();\n}\n");
    place.put("src/deep/lib.rs", "pub fn needle() {}\n");
    place.put("src/.gitignore", "generated.rs\n");
    place.put("src/generated.rs", "needle\n");
    place.put("target/out.rs", "needle\n");
    place.put("a.log", "needle\n");
    place.put("keep.log", "needle\n");
    place.put("picture.rs", b"needle\0needle");
    place
}

#[tokio::test]
async fn files_are_found_by_pattern_and_ignored_ones_are_not() {
    let place = project();
    let glob = |pattern: &str| json!({ "pattern": pattern });
    assert_eq!(place.call("glob", glob("*.rs")).await, "picture.rs\nsrc/main.rs\nsrc/deep/lib.rs\n");
    assert_eq!(place.call("glob", glob("src/*.rs")).await, "src/main.rs\n");
    assert_eq!(place.call("glob", glob("**/{lib,main}.rs")).await, "src/main.rs\nsrc/deep/lib.rs\n");
    assert_eq!(place.call("glob", json!({ "pattern": "*/*.rs", "path": "src" })).await, "src/deep/lib.rs\n");
    assert_eq!(place.call("glob", glob("*.log")).await, "keep.log\n");
    assert_eq!(place.call("glob", glob("*.py")).await, "[no file matches]\n");
    let all = json!({ "pattern": "*.rs", "includeIgnored": true });
    assert_eq!(place.call("glob", all).await, "picture.rs\nsrc/generated.rs\nsrc/main.rs\nsrc/deep/lib.rs\ntarget/out.rs\n");
    assert_eq!(place.call("glob", json!({ "pattern": "*", "path": "target" })).await, "target/out.rs\n", "asked for by name");
}

#[tokio::test]
async fn lines_are_found_with_those_around_them() {
    let place = project();
    assert_eq!(
        place.call("grep", json!({ "pattern": r"needle\(\)" })).await,
        "src/main.rs:3:    needle();\nsrc/deep/lib.rs:1:pub fn needle() {}\n[not searched: 1 binary file]\n"
    );
    assert_eq!(
        place.call("grep", json!({ "pattern": "^ +needle", "ignoreCase": true, "glob": "*.rs", "context": 1 })).await,
        "src/main.rs-2-    // Needle\nsrc/main.rs:3:    needle();\nsrc/main.rs-4-}\n[not searched: 1 binary file]\n"
    );
    assert_eq!(
        place.call("grep", json!({ "pattern": "NEEDLE", "ignoreCase": true, "path": "src/main.rs" })).await,
        "src/main.rs:2:    // Needle\nsrc/main.rs:3:    needle();\n"
    );
    assert_eq!(
        place.call("grep", json!({ "pattern": "nothing like it" })).await,
        "[no line matches]\n[not searched: 1 binary file]\n"
    );
    let first = place.call("grep", json!({ "pattern": "needle", "limit": 1, "path": "src" })).await;
    assert_eq!(first, "src/main.rs:3:    needle();\n[stopped here: there may be more; use a narrower pattern, path or glob]\n");
}

#[tokio::test]
async fn results_are_bounded() {
    let place = Place::new();
    place.put("wide", "x".repeat(1_000_000) + "\n" + &"é".repeat(1_000_000));
    place.put("many", "x\n".repeat(1_000_000));
    let text = place.call("grep", json!({ "pattern": "[xé]", "limit": 2000 })).await;
    assert!(text.len() < 70_000 && text.contains("[stopped here"), "{}", text.len());
    for n in 0..1100 {
        place.put(&format!("d/{n}"), "");
    }
    let text = place.call("glob", json!({ "pattern": "d/*" })).await;
    assert!(text.ends_with("[stopped after 1000 files; use a narrower pattern]\n"));
    assert_eq!(text.lines().count(), 1001);
}

#[tokio::test]
async fn patterns_that_are_none_are_explained() {
    let place = Place::new();
    let refused = place.refused("grep", json!({ "pattern": "(" })).await;
    assert!(refused.starts_with("the input does not fit: `pattern` is no regular expression"), "{refused}");
    let refused = place.refused("grep", json!({ "pattern": r"(\w{1000}){1000}" })).await;
    assert!(refused.contains("size limit"), "{refused}");
    let refused = place.refused("glob", json!({ "pattern": "a[" })).await;
    assert!(refused.starts_with("the input does not fit: `pattern` is no pattern"), "{refused}");
    for pattern in ["/etc/*", "../*", "a/../../*"] {
        assert!(place.refused("glob", json!({ "pattern": pattern })).await.contains("relative to `path`"));
    }
}

#[tokio::test]
async fn a_search_stops_when_the_run_is_cancelled() {
    let place = project();
    place.cancel.cancel();
    for (tool, input) in [("grep", json!({ "pattern": "needle" })), ("glob", json!({ "pattern": "*" })), ("list", json!({}))] {
        assert_eq!(place.refused(tool, input).await, "stopped: the run was cancelled", "{tool}");
    }
}

#[tokio::test]
async fn links_are_not_followed_in_a_search() {
    let place = project();
    symlink(place.outside(""), place.work("out")).unwrap();
    symlink(".", place.work("src/again")).unwrap();
    symlink(place.outside("secret"), place.work("secret")).unwrap();
    let text = place.call("grep", json!({ "pattern": "canary|needle", "includeIgnored": true })).await;
    assert!(!text.contains("canary") && !text.contains("again"), "{text}");
    assert_eq!(place.call("glob", json!({ "pattern": "**/secret" })).await, "secret\n", "the link itself is there");
}
