//! Writing and editing.

use crate::support::Place;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[tokio::test]
async fn a_file_is_made_with_its_folders_and_replaced_whole() {
    let place = Place::new();
    fs::remove_dir(place.work("")).unwrap();
    let written = place.call("write_file", json!({ "path": "a/b/c.txt", "content": "one" })).await;
    assert_eq!(written, "created `a/b/c.txt` (3 bytes)");
    let written = place.call("write_file", json!({ "path": "a/b/c.txt", "content": "größer" })).await;
    assert_eq!(written, "replaced `a/b/c.txt` (8 bytes; it had 3)");
    assert_eq!(fs::read_to_string(place.work("a/b/c.txt")).unwrap(), "größer");
    assert_eq!(fs::read_dir(place.work("a/b")).unwrap().count(), 1, "nothing temporary is left");
    assert_eq!(fs::metadata(place.work("")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn who_reads_the_old_file_reads_on_in_the_old_file() {
    let place = Place::new();
    place.put("a", "old");
    let mut open = fs::File::open(place.work("a")).unwrap();
    place.call("write_file", json!({ "path": "a", "content": "new" })).await;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut open, &mut text).unwrap();
    assert_eq!(text, "old");
}

#[tokio::test]
async fn permissions_and_links_survive_a_change() {
    let place = Place::new();
    place.script("run", "true");
    symlink("run", place.work("alias")).unwrap();
    place.call("edit_file", json!({ "path": "alias", "oldText": "true", "newText": "false" })).await;
    assert_eq!(fs::read_to_string(place.work("run")).unwrap(), "#!/bin/sh\nfalse\n");
    assert_eq!(fs::metadata(place.work("run")).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(fs::symlink_metadata(place.work("alias")).unwrap().is_symlink());
}

#[tokio::test]
async fn only_files_are_written() {
    let place = Place::new();
    place.put("sub/x", "");
    for (path, why) in [
        ("sub", "`sub` is not a file but a folder; `list` shows what is in it"),
        (".", "`.` is not a file but a folder; `list` shows what is in it"),
        ("new/", "the input does not fit: the path names a folder; give the name of a file"),
        ("sub/x/y", "a part of `sub/x/y` is a file and no folder"),
        ("a\nb", "the input does not fit: the path holds a control character; files with such names are not made"),
    ] {
        assert_eq!(place.refused("write_file", json!({ "path": path, "content": "" })).await, why);
    }
}

#[tokio::test]
async fn an_edit_changes_one_place_or_says_why_not() {
    let place = Place::new();
    place.put("a.rs", "fn one() {\n    go();\n}\n\nfn two() {\n    go();\n}\n");
    let edit = |old: &str, new: &str| json!({ "path": "a.rs", "oldText": old, "newText": new });
    assert_eq!(place.call("edit_file", edit("fn two", "fn zwei")).await, "replaced 1 place in `a.rs`, at line 5");
    assert_eq!(
        place.refused("edit_file", edit("go();", "stop();")).await,
        "`oldText` is in `a.rs` 2 times, at lines 2, 6; give more of the lines around it, or say replaceAll"
    );
    assert_eq!(
        place.refused("edit_file", edit("fn one()\n{", "x")).await,
        "`oldText` is not in `a.rs`; the nearest place at line 1:\nfn one() {\n    go();"
    );
    assert_eq!(
        place.refused("edit_file", edit("\tgo();\n}\n\nfn zwei", "x")).await,
        "`oldText` is not in `a.rs`; only white space differs at line 2:\n    go();\n}\n\nfn zwei() {"
    );
    assert_eq!(
        place.refused("edit_file", edit("completely different", "x")).await,
        "`oldText` is not in `a.rs`, nor anything like it; read the file again"
    );
    assert!(place.refused("edit_file", edit("", "x")).await.contains("`oldText` is empty"));
    assert!(place.refused("edit_file", edit("go", "go")).await.contains("nothing would change"));
    let all = json!({ "path": "a.rs", "oldText": "go();", "newText": "", "replaceAll": true });
    assert_eq!(place.call("edit_file", all).await, "replaced 2 places in `a.rs`, at lines 2, 6");
    assert_eq!(fs::read_to_string(place.work("a.rs")).unwrap(), "fn one() {\n    \n}\n\nfn zwei() {\n    \n}\n");
}

#[tokio::test]
async fn what_is_not_text_is_not_edited() {
    let place = Place::new();
    place.put("latin", b"caf\xe9");
    let refused = place.refused("edit_file", json!({ "path": "latin", "oldText": "caf", "newText": "x" })).await;
    assert_eq!(refused, "`latin` is not UTF-8 text: it is not edited");
    assert_eq!(fs::read(place.work("latin")).unwrap(), b"caf\xe9");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn edits_of_one_file_at_the_same_time_are_all_kept() {
    let place = std::sync::Arc::new(Place::new());
    let lines: String = (0..24).map(|n| format!("[{n}]\n")).collect();
    place.put("a", lines);
    symlink("a", place.work("alias")).unwrap();
    let edits = (0..24).map(|n| {
        let place = std::sync::Arc::clone(&place);
        let path = if n % 2 == 0 { "a" } else { "alias" };
        let input = json!({ "path": path, "oldText": format!("[{n}]"), "newText": format!("<{n}>") });
        tokio::spawn(async move { place.call("edit_file", input).await })
    });
    for edit in edits.collect::<Vec<_>>() {
        edit.await.unwrap();
    }
    let expected: String = (0..24).map(|n| format!("<{n}>\n")).collect();
    assert_eq!(fs::read_to_string(place.work("a")).unwrap(), expected);
}

#[tokio::test]
async fn a_cancelled_run_writes_nothing() {
    let place = Place::new();
    place.put("a", "old");
    place.cancel.cancel();
    let refused = place.refused("write_file", json!({ "path": "a", "content": "new" })).await;
    assert_eq!(refused, "stopped: the run was cancelled");
    assert_eq!(fs::read_to_string(place.work("a")).unwrap(), "old");
}
