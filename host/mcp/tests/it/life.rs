//! How servers are started and ended.

use crate::support::{failing, gone, limits, once, program, ready, said, scripted, soon, start, start_with};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wingman_mcp::{Endpoint, LookupError, McpServers, Secrets, ServerSettings, SettingsError};
use wingman_message::{Clock, McpServerState, McpServerStatus, SystemClock, ToolSource as _};

fn with(settings: ServerSettings, given: Secrets, place: Option<&std::path::Path>) -> ServerSettings {
    let Endpoint::Process { command, arguments, .. } = settings.endpoint else { panic!("no process") };
    let endpoint = Endpoint::Process { command, arguments, variables: given, folder: place.map(Into::into) };
    ServerSettings { endpoint, ..settings }
}

#[tokio::test]
async fn a_server_gets_its_own_variables_and_nothing_else_of_the_gateways() {
    let folder = tempfile::tempdir().unwrap();
    let token = SecretString::from("t0ken");
    let variables = Secrets::new(move || Ok(BTreeMap::from([("API_TOKEN".to_owned(), token.clone())])));
    let servers = start(vec![with(scripted("environment"), variables, Some(folder.path()))]);
    ready(&servers).await;
    let said = said(&servers, "scripted_environment").await;
    // Python's launcher may add some of its own, but it cannot know the test runner's.
    let foreign = |name: &&String| ["CARGO", "NEXTEST", "RUST"].iter().any(|prefix| name.starts_with(prefix));
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "the test has variables that could leak");
    assert_eq!(said["env"].as_object().unwrap().keys().find(foreign), None);
    assert!(said["env"]["PATH"].as_str().unwrap().ends_with(&std::env::var("PATH").unwrap()));
    assert_eq!(said["env"]["API_TOKEN"], "t0ken");
    assert_eq!(said["cwd"], json!(folder.path().canonicalize().unwrap()));
    servers.stop().await;
}

#[tokio::test]
async fn arguments_reach_the_program_as_they_are_and_no_shell_reads_them() {
    let mut settings = scripted("environment");
    let Endpoint::Process { arguments, .. } = &mut settings.endpoint else { panic!("no process") };
    arguments.extend(["$HOME; echo *".to_owned(), String::new()]);
    let servers = start(vec![settings]);
    ready(&servers).await;
    assert_eq!(said(&servers, "scripted_environment").await["arguments"], json!(["$HOME; echo *", ""]));
    servers.stop().await;
}

#[tokio::test]
async fn a_secret_that_is_not_there_stops_its_server_alone_until_it_is() {
    let asked = Arc::new(AtomicUsize::new(0));
    let times = Arc::clone(&asked);
    let variables = Secrets::new(move || match times.fetch_add(1, Ordering::SeqCst) {
        0 => Err(LookupError("the environment variable API_TOKEN is not set".to_owned())),
        _ => Ok(BTreeMap::new()),
    });
    let servers = start(vec![with(scripted("echo"), variables, None)]);
    assert_eq!(failing(&servers).await, "the environment variable API_TOKEN is not set");
    ready(&servers).await;
    assert_eq!(asked.load(Ordering::SeqCst), 2, "it is looked up with each attempt");
    servers.stop().await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let servers = start(vec![with(scripted("echo"), Secrets::none(), Some("/no/such/folder".as_ref()))]);
    assert_eq!(failing(&servers).await, "its folder /no/such/folder is not there; make it, or change `cwd`");
    servers.stop().await;
}

fn pid(said: &Value, whose: &str) -> u64 {
    said[whose].as_u64().unwrap()
}

#[tokio::test]
async fn stopping_ends_a_server_and_what_it_started() {
    let servers = start(vec![scripted("family")]);
    ready(&servers).await;
    let family = said(&servers, "scripted_family").await;
    soon(servers.stop()).await;
    gone(pid(&family, "pid")).await;
    gone(pid(&family, "child")).await;
    assert!(servers.tools().is_empty());
    assert_eq!(servers.status()[0].state, McpServerState::Stopped);
}

#[tokio::test]
async fn a_server_may_tidy_up_when_its_input_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let diary = folder.path().join("diary");
    let mut settings = scripted("diary");
    let Endpoint::Process { arguments, .. } = &mut settings.endpoint else { panic!("no process") };
    arguments.push(diary.to_str().unwrap().to_owned());
    let servers = start(vec![settings]);
    ready(&servers).await;
    soon(servers.stop()).await;
    assert_eq!(std::fs::read_to_string(diary).unwrap(), "the input was closed");
}

#[tokio::test]
async fn a_server_that_will_not_end_is_killed_with_what_it_started() {
    let servers = start(vec![scripted("stubborn")]);
    ready(&servers).await;
    let stubborn = said(&servers, "scripted_stubborn").await;
    soon(servers.stop()).await;
    gone(pid(&stubborn, "pid")).await;
    gone(pid(&stubborn, "child")).await;
}

#[tokio::test]
async fn servers_that_are_dropped_end_as_well() {
    let servers = start(vec![scripted("environment")]);
    ready(&servers).await;
    let pid = pid(&said(&servers, "scripted_environment").await, "pid");
    drop(servers);
    gone(pid).await;
}

#[tokio::test]
async fn a_killed_server_is_started_again_and_its_tools_stay() {
    let servers = start(vec![scripted("environment")]);
    ready(&servers).await;
    let first = pid(&said(&servers, "scripted_environment").await, "pid");
    kill(first);
    // A call that comes meanwhile waits for the new process.
    let second = loop {
        let answer = crate::support::call(&servers, "scripted_environment", json!({})).await;
        if let Ok(output) = answer {
            let second = pid(&serde_json::from_str(&output.text).unwrap(), "pid");
            if second != first {
                break second;
            }
        }
    };
    assert_ne!(first, second);
    let lost = once(&servers, |server| server.state == McpServerState::Ready).await.last_error;
    assert_eq!(lost.as_deref(), Some("it was ended by signal 9"), "why it was lost stays to be seen");
    servers.stop().await;
    gone(second).await;
}

fn kill(pid: u64) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_server_that_never_answers() {
    let servers = start(vec![scripted("silent")]);
    soon(servers.stop()).await;
    assert_eq!(servers.status()[0].state, McpServerState::Stopped);
}

#[tokio::test]
async fn one_that_has_one_thing_to_do_waits_until_each_server_answered_or_failed() {
    let servers = start(vec![scripted("echo"), program("missing", "no-such-program-here", &[])]);
    soon(servers.settled(std::time::Duration::from_secs(30))).await;
    assert!(servers.status().iter().all(|server| server.state != McpServerState::Connecting));
    // None is settled too, and a wait has its end.
    soon(start(vec![]).settled(std::time::Duration::from_secs(3600))).await;
    soon(start(vec![scripted("silent")]).settled(std::time::Duration::from_millis(10))).await;
    servers.stop().await;
}

#[tokio::test]
async fn names_that_cannot_be_are_refused_before_anything_starts() {
    let start = |names: &[&str]| {
        let servers = names.iter().map(|name| program(name, "no-such-program-here", &[])).collect();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        McpServers::start(servers, limits(), &clock).map(drop)
    };
    for bad in ["", "Files", "a_b", "ä", &"x".repeat(33)] {
        assert_eq!(start(&[bad]), Err(SettingsError::Name(bad.to_owned())));
    }
    assert_eq!(start(&["a", "a"]), Err(SettingsError::Duplicate("a".to_owned())));
    assert_eq!(start(&["a-1", &"x".repeat(32)]), Ok(()));
}

#[tokio::test]
async fn a_server_that_fails_again_fails_since_the_first_time() {
    let servers = start(vec![program("missing", "no-such-program-here", &[])]);
    let tried = |status: &McpServerStatus| match status.state {
        McpServerState::Failing { next_try } => Some(next_try),
        _ => None,
    };
    let first = once(&servers, |server| tried(server).is_some()).await;
    let second = once(&servers, |server| tried(server) > tried(&first)).await;
    assert_eq!(second.since, first.since);
    soon(servers.stop()).await;
}

#[tokio::test]
async fn a_failing_server_tells_when_it_is_tried_again() {
    let hour = std::time::Duration::from_secs(3600);
    let limits = wingman_mcp::Limits { first_pause: hour, longest_pause: hour, ..limits() };
    let servers = start_with(vec![program("missing", "no-such-program-here", &[])], limits);
    let status = once(&servers, |server| matches!(server.state, McpServerState::Failing { .. })).await;
    let McpServerState::Failing { next_try } = status.state else { panic!("{status:?}") };
    let pause = next_try - status.since;
    assert!((2_600_000..=4_600_000).contains(&pause), "{pause}");
    soon(servers.stop()).await;
}
