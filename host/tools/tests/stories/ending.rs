//! However a call ends, no process of it is left.

use crate::support::Place;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A program that ignores SIGTERM and has a grandchild that ignores it too. Their ids are in `child` and `grandchild`.
fn stubborn(time: Duration) -> (Place, String) {
    let place = Place::new();
    let inner = place
        .script("inner", "trap '' TERM\necho $$ > grandchild.part\nmv grandchild.part grandchild\nwhile :; do sleep 1; done");
    let script =
        place.script("outer", &format!("trap '' TERM\necho $$ > child\n{inner} &\necho started\nwhile :; do sleep 1; done"));
    let place = place.limited(&[&script], time, 10_000);
    (place, script)
}

async fn until(mut done: impl FnMut() -> bool) {
    let waited = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waited).await.unwrap();
}

/// Whether the process runs. One that has ended and waits to be reaped does not.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

fn pid(place: &Place, name: &str) -> String {
    fs::read_to_string(place.work(name)).unwrap().trim().to_owned()
}

fn both_run(place: &Place) -> [String; 2] {
    let pids = [pid(place, "child"), pid(place, "grandchild")];
    assert!(pids.iter().all(|pid| runs(pid)));
    pids
}

#[tokio::test]
async fn out_of_time_ends_the_program_and_its_children() {
    let (place, script) = stubborn(Duration::from_secs(60));
    let call = place.refused("command_execute", json!({ "argv": [script], "timeoutSeconds": 1.5 }));
    let watch = async {
        until(|| place.work("grandchild").exists()).await;
        both_run(&place)
    };
    let (refused, pids) = tokio::join!(call, watch);
    assert_eq!(refused, "stopped after 1.5 s; until then:\nstarted\n");
    assert!(!runs(&pids[0]), "the program runs on");
    // Whose parent is gone is reaped by another.
    until(|| !runs(&pids[1])).await;
}

#[tokio::test]
async fn a_cancelled_run_ends_the_program_and_its_children() {
    let (place, script) = stubborn(Duration::from_secs(60));
    let call = place.refused("command_execute", json!({ "argv": [script] }));
    let watch = async {
        until(|| place.work("grandchild").exists()).await;
        let pids = both_run(&place);
        place.cancel.cancel();
        pids
    };
    let (refused, pids) = tokio::join!(call, watch);
    assert_eq!(refused, "stopped: the run was cancelled; until then:\nstarted\n");
    until(|| pids.iter().all(|pid| !runs(pid))).await;
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_ends_the_program_and_its_children() {
    let (place, script) = stubborn(Duration::from_secs(60));
    let tool = place.tool("command_execute");
    let invocation = place.invocation(json!({ "argv": [script] }));
    let call = tokio::spawn(async move { tool.call(invocation).await });
    until(|| place.work("grandchild").exists()).await;
    let pids = both_run(&place);
    call.abort();
    until(|| pids.iter().all(|pid| !runs(pid))).await;
}

#[test]
fn a_runtime_that_ends_takes_the_program_and_its_children_with_it() {
    let (place, script) = stubborn(Duration::from_secs(60));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let tool = place.tool("command_execute");
    let invocation = place.invocation(json!({ "argv": [script] }));
    runtime.spawn(async move { tool.call(invocation).await });
    runtime.block_on(until(|| place.work("grandchild").exists()));
    let pids = both_run(&place);
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    other.block_on(until(|| pids.iter().all(|pid| !runs(pid))));
}

#[tokio::test]
async fn a_program_that_obeys_sigterm_may_clean_up() {
    let place = Place::new();
    // The shell itself may say that its children were ended.
    let script = place
        .script("tidy", "exec 2>/dev/null\ntrap 'echo bye; touch clean; exit 0' TERM\ntouch up\nwhile :; do sleep 0.02; done");
    let place = place.limited(&[&script], Duration::from_secs(60), 10_000);
    let call = place.refused("command_execute", json!({ "argv": [script] }));
    let watch = async {
        until(|| place.work("up").exists()).await;
        place.cancel.cancel();
    };
    let (refused, ()) = tokio::join!(call, watch);
    assert_eq!(refused, "stopped: the run was cancelled; until then:\nbye\n");
    assert!(place.work("clean").exists());
}

#[tokio::test]
async fn what_a_program_leaves_behind_goes_with_it() {
    let place = Place::new();
    let script = place.script("leave", "sleep 1000 &\necho $! > left\necho done");
    let place = place.limited(&[&script], Duration::from_secs(60), 10_000);
    let said = place.call("command_execute", json!({ "argv": [script] })).await;
    assert_eq!(said, "exit code 0\ndone\n");
    let left = pid(&place, "left");
    until(|| !runs(&left)).await;
}

/// It leaves the group, and keeps the output open. The call does not wait for it.
#[tokio::test]
async fn a_daemon_does_not_hold_the_call_up() {
    let setsid = Path::new("/usr/bin/setsid");
    if !setsid.exists() {
        return;
    }
    let place = Place::new();
    let script = place.script("leave", "setsid sh -c 'echo $$ > daemon.part; mv daemon.part daemon; exec sleep 1000' &\nwhile [ ! -e daemon ]; do sleep 0.02; done\necho done");
    let place = place.limited(&[&script], Duration::from_secs(60), 10_000);
    let said = place.call("command_execute", json!({ "argv": [script] })).await;
    assert_eq!(said, "exit code 0\ndone\n");
    let pid = rustix::process::Pid::from_raw(pid(&place, "daemon").parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
