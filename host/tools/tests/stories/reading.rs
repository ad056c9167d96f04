//! Reading and listing.

use crate::support::Place;
use serde_json::json;
use std::os::unix::fs::symlink;

#[tokio::test]
async fn a_file_is_read_from_line_to_line() {
    let place = Place::new();
    let lines: String = (1..=10).map(|n| format!("line {n}\n")).collect();
    place.put("notes/a.txt", &lines);
    assert_eq!(place.call("read_file", json!({ "path": "notes/a.txt" })).await, lines);
    assert_eq!(
        place.call("read_file", json!({ "path": "./notes//a.txt", "offset": 4, "limit": 2 })).await,
        "line 4\nline 5\n[lines 4 to 5 of 10; go on with offset 6]\n"
    );
    assert_eq!(
        place.call("read_file", json!({ "path": "notes/a.txt", "offset": 9, "lineNumbers": true })).await,
        "     9\tline 9\n    10\tline 10\n"
    );
    assert_eq!(
        place.call("read_file", json!({ "path": "notes/a.txt", "offset": 11 })).await,
        "[the file ends before line 11: it has 10 lines]\n"
    );
    let absolute = place.work("notes/a.txt");
    assert_eq!(
        place.call("read_file", json!({ "path": absolute, "limit": 1 })).await,
        "line 1\n[lines 1 to 1 of 10; go on with offset 2]\n"
    );
}

#[tokio::test]
async fn what_is_no_text_is_said_and_not_shown() {
    let place = Place::new();
    place.put("picture", b"\x89PNG\0\x01\x02");
    place.put("latin", b"caf\xe9\n");
    place.put("empty", "");
    assert_eq!(
        place.refused("read_file", json!({ "path": "picture" })).await,
        "`picture` is binary (7 bytes): only text is read"
    );
    assert_eq!(
        place.call("read_file", json!({ "path": "latin" })).await,
        "caf\u{fffd}\n[some bytes are not UTF-8; U+FFFD stands for them]\n"
    );
    assert_eq!(place.call("read_file", json!({ "path": "empty" })).await, "[the file is empty]\n");
    assert_eq!(place.refused("read_file", json!({ "path": "gone" })).await, "there is no `gone` in the working folder");
    assert_eq!(
        place.refused("read_file", json!({ "path": "." })).await,
        "`.` is not a file but a folder; `list` shows what is in it"
    );
}

#[tokio::test]
async fn long_lines_and_large_files_are_cut_between_characters() {
    let place = Place::new();
    place.put("wide", "x".to_owned() + &"\u{1f600}".repeat(1_000_000) + "\nnext\n");
    let text = place.call("read_file", json!({ "path": "wide" })).await;
    assert!(text.len() < 9000 && text.ends_with("\u{1f600}… [line of 4000001 bytes cut]\nnext\n"), "{}", text.len());

    place.put("long", "0123456789\n".repeat(1_000_000));
    let text = place.call("read_file", json!({ "path": "long", "limit": 100_000 })).await;
    assert!(text.len() < 110_000);
    let (_, note) = text.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(note, "[lines 1 to 9310 of 1000000; go on with offset 9311]");

    let huge = std::fs::File::create(place.work("huge")).unwrap();
    huge.set_len(1 << 40).unwrap();
    let refused = place.refused("read_file", json!({ "path": "huge" })).await;
    assert_eq!(refused, "`huge` is too large to read: 1099511627776 bytes, and 67108864 are the most");
}

#[tokio::test]
async fn a_folder_is_listed_by_name_with_kind_and_size() {
    let place = Place::new();
    place.put("b.txt", "12345");
    place.put(".hidden", "");
    place.put("sub/inner", "");
    symlink("b.txt", place.work("alias")).unwrap();
    let text = place.call("list", json!({})).await;
    let entries: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let told: Vec<[&str; 3]> = entries.iter().map(|entry| [entry[0], entry[1], entry[3]]).collect();
    assert_eq!(
        told,
        [["file", "0", ".hidden"], ["link", "-", "alias -> b.txt"], ["file", "5", "b.txt"], ["folder", "-", "sub/"]]
    );
    assert!(entries.iter().all(|entry| entry[2].ends_with('Z')), "{text}");
    assert_eq!(place.refused("list", json!({ "path": "b.txt" })).await, "a part of `b.txt` is a file and no folder");
}

#[tokio::test]
async fn a_folder_with_very_many_files_is_listed_in_part() {
    let place = Place::new();
    for n in 0..1200 {
        place.put(&format!("{n:05}"), "");
    }
    let text = place.call("list", json!({ "path": "." })).await;
    assert_eq!(text.lines().count(), 1001);
    assert!(text.ends_with("[the first 1000 of 1200 names]\n"));
}

#[tokio::test]
async fn a_working_folder_that_is_not_there_yet_reads_as_empty() {
    let place = Place::new();
    std::fs::remove_dir(place.work("")).unwrap();
    for (tool, input) in [
        ("list", json!({})),
        ("read_file", json!({ "path": "a" })),
        ("glob", json!({ "pattern": "*" })),
        ("grep", json!({ "pattern": "x" })),
    ] {
        assert_eq!(place.refused(tool, input).await, "the working folder is empty: nothing was written yet", "{tool}");
    }
    assert!(!place.work("").exists());
}

#[tokio::test]
async fn input_that_does_not_fit_is_named() {
    let place = Place::new();
    let refused = place.refused("read_file", json!({ "path": "a", "lines": 3 })).await;
    assert!(refused.starts_with("the input does not fit: unknown field `lines`"), "{refused}");
    let refused = place.refused("read_file", json!({})).await;
    assert!(refused.contains("missing field `path`"), "{refused}");
}
