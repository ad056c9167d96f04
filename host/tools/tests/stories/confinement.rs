//! Attacks on the working folder. Beside it lies a file that nobody may read or change.

use crate::support::{Place, SECRET, contents};
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};

/// A call of each tool that takes a path.
fn calls(path: &str) -> [(&'static str, Value); 6] {
    [
        ("read_file", json!({ "path": path })),
        ("write_file", json!({ "path": path, "content": "overwritten" })),
        ("edit_file", json!({ "path": path, "oldText": "canary", "newText": "overwritten" })),
        ("list", json!({ "path": path })),
        ("glob", json!({ "path": path, "pattern": "*", "includeIgnored": true })),
        ("grep", json!({ "path": path, "pattern": "canary", "includeIgnored": true })),
    ]
}

/// Each tool refuses the path, and what is outside stays as it is. The refusals.
async fn all_refuse(place: &Place, path: &str) -> Vec<String> {
    let before = contents(&place.outside(""));
    let mut refusals = Vec::new();
    for (tool, input) in calls(path) {
        refusals.push(place.refused(tool, input).await);
    }
    assert_eq!(contents(&place.outside("")), before, "{path}");
    refusals
}

fn assert_outside(refusals: &[String]) {
    for refusal in refusals {
        assert!(refusal.contains("outside the working folder") || refusal.contains("out of the working folder"), "{refusal}");
    }
}

#[tokio::test]
async fn no_path_leads_up_and_out() {
    let place = Place::new();
    place.put("sub/x", "");
    for path in ["../outside/secret", "sub/../../outside/secret", "sub/../../outside", "..", "../work/../outside"] {
        assert_outside(&all_refuse(&place, path).await);
    }
    assert_eq!(
        place.call("read_file", json!({ "path": "sub/../sub/x" })).await,
        "[the file is empty]\n",
        "up and down within it"
    );
}

#[tokio::test]
async fn absolute_paths_elsewhere_are_refused() {
    let place = Place::new();
    let up = place.work("../outside/secret");
    let beside = format!("{}x/secret", place.work("").display().to_string().trim_end_matches('/'));
    for path in
        [place.outside("secret").to_str().unwrap(), up.to_str().unwrap(), "/etc/passwd", "/etc", "/proc/self/environ", &beside]
    {
        assert_outside(&all_refuse(&place, path).await);
    }
}

#[tokio::test]
async fn symbolic_links_out_are_refused() {
    let place = Place::new();
    place.put("sub/x", "");
    symlink(place.outside("secret"), place.work("file")).unwrap();
    symlink("../outside/secret", place.work("relative")).unwrap();
    symlink(place.outside(""), place.work("folder")).unwrap();
    symlink("../../outside", place.work("sub/up")).unwrap();
    symlink("sub/up", place.work("twice")).unwrap();
    symlink("/proc/self/cwd", place.work("magic")).unwrap();
    for path in ["file", "relative", "folder/secret", "folder/new", "sub/up/secret", "twice/secret", "twice", "magic/secret"] {
        assert_outside(&all_refuse(&place, path).await);
    }
    assert!(fs::symlink_metadata(place.work("file")).unwrap().is_symlink(), "a link out is not replaced either");
}

#[tokio::test]
async fn a_write_through_a_dangling_link_makes_nothing() {
    let place = Place::new();
    symlink(place.outside("new"), place.work("out")).unwrap();
    symlink("nowhere", place.work("inside")).unwrap();
    symlink(place.outside("new-folder"), place.work("folder")).unwrap();
    for path in ["out", "inside", "folder/x"] {
        let refused = place.refused("write_file", json!({ "path": path, "content": "x" })).await;
        assert!(refused.contains("symbolic link") || refused.contains("outside") || refused.contains("folder"), "{refused}");
    }
    assert_eq!(fs::read_dir(place.outside("")).unwrap().count(), 1);
    assert!(!place.work("nowhere").exists());
}

#[tokio::test]
async fn links_in_a_circle_are_told() {
    let place = Place::new();
    symlink("b", place.work("a")).unwrap();
    symlink("a", place.work("b")).unwrap();
    symlink("self/x", place.work("self")).unwrap();
    for path in ["a", "a/x", "self"] {
        for refusal in all_refuse(&place, path).await {
            assert!(refusal.contains("circle") || refusal.contains("symbolic link"), "{refusal}");
        }
    }
    assert_eq!(place.call("glob", json!({ "pattern": "*" })).await, "a\nb\nself\n");
}

#[tokio::test]
async fn names_that_are_hard_to_see_do_no_harm() {
    let place = Place::new();
    for path in ["a\0b", "", "~/x", &"x/".repeat(3000)] {
        for refusal in all_refuse(&place, path).await {
            assert!(refusal.starts_with("the input does not fit"), "{refusal}");
        }
    }
    let long = "x".repeat(300);
    for refusal in all_refuse(&place, &long).await {
        assert!(refusal.contains("too long") && refusal.len() < 400, "{refusal}");
    }
    place.put("a\nfile\t9\t-\tforged", "here");
    let text = place.call("list", json!({})).await;
    assert_eq!(text.lines().count(), 1, "{text}");
    assert_eq!(place.call("read_file", json!({ "path": "a\nfile\t9\t-\tforged" })).await, "here\n");
    let found = place.call("grep", json!({ "pattern": "here" })).await;
    assert_eq!(found, "a\\u{a}file\\u{9}9\\u{9}-\\u{9}forged:1:here\n");
}

#[tokio::test]
async fn a_fifo_or_a_device_is_not_waited_for() {
    let place = Place::new();
    let make = |name: &str, kind, device| mknodat(CWD, place.work(name), kind, Mode::RUSR | Mode::WUSR, device);
    make("fifo", FileType::Fifo, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place.work("socket")).unwrap();
    let mut special = vec![("fifo", "fifo"), ("socket", "socket")];
    // Only root may make one.
    if make("zero", FileType::CharacterDevice, rustix::fs::makedev(1, 5)).is_ok() {
        special.push(("zero", "device"));
    }
    for (name, kind) in special {
        for (tool, input) in calls(name) {
            if matches!(tool, "list" | "glob") {
                assert!(place.refused(tool, input).await.contains("is a file and no folder"));
            } else {
                let refused = place.refused(tool, input).await;
                assert_eq!(refused, format!("`{name}` is not a file but a {kind}, which has no content to work with"), "{tool}");
            }
        }
    }
    place.put(".gitignore/x", "");
    assert_eq!(place.call("grep", json!({ "pattern": "." })).await, "[no line matches]\n");
    make("ignore", FileType::Fifo, 0).unwrap();
    fs::rename(place.work("ignore"), place.work(".ignore")).unwrap();
    assert_eq!(place.call("grep", json!({ "pattern": "." })).await, "[no line matches]\n");
}

/// Says so when it is dropped, also by a test that fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Two names are exchanged all the time, atomically: one is a folder of ours, the other a link out. There is no moment between
/// check and use that helps.
#[test]
fn a_link_swapped_in_at_any_moment_leads_nowhere() {
    let place = Place::new();
    place.put("door/secret", "mine");
    symlink(place.outside(""), place.work("trap")).unwrap();
    let (door, trap, over) = (place.work("door"), place.work("trap"), AtomicBool::new(false));
    let before = contents(&place.outside(""));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mut mine, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        let _over = Over(&over);
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                renameat_with(CWD, &door, CWD, &trap, RenameFlags::EXCHANGE).unwrap();
            }
        });
        for _ in 0..150 {
            for (tool, input) in calls("door/secret").into_iter().chain(calls("door")).chain(calls(".")) {
                match runtime.block_on(place.try_call(tool, input)) {
                    Ok(text) => {
                        assert!(!text.contains(SECRET), "{tool}: {text}");
                        mine += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
        }
    });
    assert_eq!(contents(&place.outside("")), before);
    assert!(mine > 0 && refused > 0, "{mine} calls went well, {refused} did not: both should occur");
}

const PARTS: &[&str] =
    &["..", ".", "", "sub", "file", "out", "up", "in", "secret", "outside", "work", "dangling", "fifo", "ROOT", "~", "\0"];

/// Parts of paths, most of them with a purpose.
fn part() -> impl Strategy<Value = String> {
    prop_oneof![8 => proptest::sample::select(PARTS).prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_path_reads_or_writes_outside(parts in proptest::collection::vec(part(), 0..7), absolute: bool) {
        let place = Place::new();
        place.put("sub/file", "inside");
        place.put("file", "inside");
        symlink(place.outside(""), place.work("out")).unwrap();
        symlink("../outside", place.work("up")).unwrap();
        symlink("sub", place.work("in")).unwrap();
        symlink("../../outside", place.work("sub/up")).unwrap();
        symlink(place.outside("new"), place.work("dangling")).unwrap();
        mknodat(CWD, place.work("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        let root = place.work("..").to_str().unwrap().to_owned();
        let path = parts.iter().map(|part| if part == "ROOT" { root.as_str() } else { part }).collect::<Vec<_>>().join("/");
        let path = if absolute { format!("{}/{path}", place.work("").display()) } else { path };
        let before = contents(&place.outside(""));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (tool, input) in calls(&path) {
            if let Ok(text) = runtime.block_on(place.try_call(tool, input)) {
                prop_assert!(!text.contains(SECRET), "{} {:?}: {}", tool, path, text);
                prop_assert!(tool == "write_file" || tool == "edit_file" || !text.contains("canary"), "{} {:?}", tool, path);
            }
        }
        prop_assert_eq!(contents(&place.outside("")), before);
        prop_assert_eq!(fs::read_dir(place.work("..")).unwrap().count(), 2, "something new beside the working folder");
    }
}
