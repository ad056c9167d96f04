//! Stories of opening: private files, one process, and databases and folders that cannot be used.

use crate::crash::child_command;
use crate::fixture::{Fixture, delivery, main_agent, original, session};
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use wingman_message::{AgentId, SystemClock};
use wingman_store::{Accepted, Store, StoreError};

async fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(folder, Arc::new(SystemClock)).await
}

#[tokio::test]
async fn folders_and_files_are_the_owners_alone() {
    let fixture = Fixture::new().await;
    fixture.agent.accept(delivery(&session("a"), &["1"])).await.unwrap();
    let state = fixture.folder.path().join("state");
    for (path, mode) in [
        (".", 0o700),
        ("agents/main", 0o700),
        ("store.lock", 0o600),
        ("gateway.db", 0o600),
        ("agents/main/agent.db", 0o600),
        ("agents/main/agent.db-wal", 0o600),
    ] {
        let found = state.join(path).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path}: {found:o}");
    }
}

#[tokio::test]
async fn agents_are_files_of_their_own_and_opened_once() {
    let fixture = Fixture::new().await;
    let other = AgentId::new("other").unwrap();
    let opened = (0..8).map(|_| fixture.store.agent(&other));
    for agent in futures_of(opened).await {
        assert_eq!(agent.unwrap().agent(), &other);
    }
    assert_eq!(fixture.store.agents().await.unwrap(), [main_agent(), other]);
}

async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all = Vec::new();
    for future in futures {
        all.push(future.await);
    }
    all
}

#[tokio::test]
async fn two_gateways_never_share_a_state_folder() {
    let fixture = Fixture::new().await;
    let state = fixture.folder.path().join("state");
    let refused = open(&state).await.unwrap_err();
    assert_eq!(refused, StoreError::Locked { folder: state.clone(), pid: Some(std::process::id()) });
    assert!(refused.to_string().contains("in use by another gateway (process "), "{refused}");

    let other = child_command("opening::another_process").env("STORE_FOLDER", &state).output().unwrap();
    let said = String::from_utf8_lossy(&other.stdout);
    assert!(said.contains("in use by another gateway"), "{said}");

    fixture.store.close().await;
    open(&state).await.unwrap().close().await;
}

/// What a second gateway does; says what it was told.
#[tokio::test]
#[ignore = "run by other tests, as a process of its own"]
async fn another_process() {
    let Some(folder) = std::env::var_os("STORE_FOLDER") else { return };
    match open(Path::new(&folder)).await {
        Ok(_) => println!("@opened"),
        Err(error) => println!("@{} {error}", error.is_transient()),
    }
}

#[tokio::test]
async fn after_the_end_every_call_says_so() {
    let fixture = Fixture::new().await;
    fixture.store.close().await;
    fixture.store.close().await;
    assert_eq!(fixture.agent.accept(delivery(&session("a"), &["1"])).await, Err(StoreError::Closed));
    assert_eq!(fixture.agent.unfinished().await, Err(StoreError::Closed));
    assert_eq!(fixture.store.agent(&main_agent()).await.unwrap_err(), StoreError::Closed);
    assert_eq!(fixture.store.gateway().list_webhooks().await, Err(StoreError::Closed));
    // The log is folded in: the one file is all there is.
    assert!(!fixture.database().with_file_name("agent.db-wal").exists());
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let fixture = Fixture::new().await;
    let path = fixture.database();
    fixture.store.close().await;
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();

    let store = open(&fixture.folder.path().join("state")).await.unwrap();
    let refused = store.agent(&main_agent()).await.unwrap_err();
    assert_eq!(refused, StoreError::NewerDatabase { path: path.clone(), found: 99, known: 7 });
    assert!(refused.to_string().contains("newer version") && refused.to_string().contains("restore a backup"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // Others are not kept from their work.
    store.agent(&AgentId::new("other").unwrap()).await.unwrap();
}

#[tokio::test]
async fn what_is_no_database_is_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("gateway.db"), "not a database, and long enough to have a header ".repeat(40)).unwrap();
    let error = open(folder.path()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { path, .. } if path.ends_with("gateway.db")), "{error:?}");
    assert!(error.to_string().contains("is damaged"), "{error}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_or_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = open(&folder.path().join("file/state")).await.unwrap_err();
    assert!(matches!(below_a_file, StoreError::Inaccessible { .. }), "{below_a_file:?}");
    assert!(below_a_file.to_string().contains("file/state"), "{below_a_file}");

    std::fs::create_dir(folder.path().join("gateway.db")).unwrap();
    let a_folder_for_a_file = open(folder.path()).await.unwrap_err();
    assert!(matches!(a_folder_for_a_file, StoreError::Inaccessible { .. }), "{a_folder_for_a_file:?}");

    let other = tempfile::tempdir().unwrap();
    symlink("/nowhere/at/all", other.path().join("gateway.db")).unwrap();
    let dangling = open(other.path()).await.unwrap_err();
    assert!(matches!(dangling, StoreError::Inaccessible { .. }), "{dangling:?}");
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    for (path, mode) in [(folder.path(), 0o755), (state.as_path(), 0o555)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    // Root may write everywhere: as root, the other process becomes nobody, from a place that nobody may read.
    let program = folder.path().join("program");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = std::process::Command::new(&program);
    command.args(["--exact", "opening::another_process", "--ignored", "--nocapture"]).env("STORE_FOLDER", &state);
    command.current_dir(folder.path());
    if rustix::process::geteuid().is_root() {
        command.gid(65534).uid(65534);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("@true cannot use") && said.contains("store.lock"), "{said}");
}

#[tokio::test]
async fn on_a_full_disk_writes_fail_for_now_and_nothing_accepted_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    // No file of the other process may grow past a limit: the writes fail as on a full disk, with another number.
    let program = std::env::current_exe().unwrap();
    let mut shell = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" --exact opening::fill_the_disk --ignored --nocapture"])
        .arg(program)
        .env("STORE_FOLDER", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    shell.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(shell.wait().unwrap().success(), "{said}");
    let accepted: usize = said.split("@accepted ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert!(accepted > 0, "{said}");
    assert!(said.contains("@refused true"), "{said}");

    let agent = open(folder.path()).await.unwrap().agent(&main_agent()).await.unwrap();
    assert_eq!(agent.unfinished().await.unwrap().len(), accepted);
}

/// Accepts until the disk is full; says how much, and with what it ended.
#[tokio::test]
#[ignore = "run by other tests, as a process of its own"]
async fn fill_the_disk() {
    let Some(folder) = std::env::var_os("STORE_FOLDER") else { return };
    let agent = open(Path::new(&folder)).await.unwrap().agent(&main_agent()).await.unwrap();
    for accepted in 0..1000 {
        let raw = Some(original("text/plain", vec![b'x'; 40_000]));
        let new = wingman_store::NewDelivery { raw, max_queued: 1000, ..delivery(&session("a"), &[&accepted.to_string()]) };
        match agent.accept(new).await {
            Ok(Accepted::New { .. }) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                println!("@accepted {accepted}");
                println!("@refused {} {error}", error.is_transient());
                // What was stored can still be read, and what needs no room still be done.
                assert_eq!(agent.unfinished().await.unwrap().len(), accepted);
                return;
            }
        }
    }
    panic!("the disk has no end");
}
