//! A process that accepts, runs and answers is killed with SIGKILL at random moments, again and again. What it said was stored
//! must be stored, and nothing may be there by half.

use crate::fixture::{delivery, finish, main_agent, run_id, said, session, state_of};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use wingman_message::{DeliveryId, MessageId, Role, SystemClock};
use wingman_store::{Accepted, AgentStore, DeliveryState, FinishTurn, NewDelivery, Store};

const ROUNDS: u64 = 25;
const SESSIONS: usize = 4;

/// This test program again, to run `test` alone.
pub(crate) fn child_command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    command
}

/// What the killed processes said was stored.
#[derive(Default)]
struct Said {
    accepted: BTreeMap<DeliveryId, String>,
    steps: BTreeMap<DeliveryId, BTreeSet<u32>>,
    finished: BTreeMap<DeliveryId, MessageId>,
}

impl Said {
    /// Reads lines such as `@finished <delivery> <answer>`; a line that the kill cut off was never said.
    fn hear(&mut self, line: &str) -> Option<()> {
        let (_, said) = line.strip_suffix(" .")?.split_once('@')?;
        let words: Vec<&str> = said.split(' ').collect();
        match words.as_slice() {
            ["accepted", delivery, inbound] => {
                self.accepted.insert(delivery.parse().ok()?, (*inbound).to_owned());
            }
            ["step", delivery, number] => {
                self.steps.entry(delivery.parse().ok()?).or_default().insert(number.parse().ok()?);
            }
            ["finished", delivery, answer] => {
                let earlier = self.finished.insert(delivery.parse().ok()?, answer.parse().ok()?);
                assert_eq!(earlier, None, "a turn was ended twice: {line}");
            }
            _ => panic!("{line}"),
        }
        Some(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_in_between_nothing_accepted_is_lost_and_nothing_is_said_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    for round in 0..ROUNDS {
        let mut child = child_command("crash::child")
            .env("STORE_FOLDER", folder.path())
            .env("STORE_ROUND", round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Some are killed while they open the store, some in the middle of their work.
        let lines = RandomState::new().hash_one(round) % 120;
        listen_and_kill(&mut child, &mut said, usize::try_from(lines).unwrap());
        check(folder.path(), &said).await;
    }
    assert!(said.finished.len() > 50, "the processes did too little to prove anything: {}", said.finished.len());
    println!("{} accepted, {} finished, {ROUNDS} kills", said.accepted.len(), said.finished.len());
}

fn listen_and_kill(child: &mut Child, said: &mut Said, lines: usize) {
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in output.by_ref().take(lines) {
        said.hear(&line.unwrap());
    }
    child.kill().unwrap();
    for line in output {
        said.hear(&line.unwrap());
    }
    let status = child.wait().unwrap();
    assert!(!status.success(), "the process ended by itself");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status}");
}

async fn check(folder: &Path, said: &Said) {
    let store = Store::open(folder, Arc::new(SystemClock)).await.unwrap();
    let agent = store.agent(&main_agent()).await.unwrap();
    for (delivery, inbound) in &said.accepted {
        let record = agent.delivery(*delivery).await.unwrap().unwrap_or_else(|| panic!("{delivery} is lost"));
        let again = crate::fixture::delivery(&record.session, &[inbound, &format!("{inbound}-b")]);
        let known = agent.accept(again).await.unwrap();
        assert!(matches!(known, Accepted::Duplicate { delivery: first, .. } if first == *delivery), "{known:?}");
        if let Some(answer) = said.finished.get(delivery) {
            assert_eq!((record.state, record.answer), (DeliveryState::Done, Some(*answer)));
        }
    }
    let mut journals = BTreeMap::new();
    for name in 0..SESSIONS {
        let session = session(&name.to_string());
        for (message, journal) in agent.history(&session, usize::MAX, run_id()).await.unwrap() {
            if message.role == Role::Assistant {
                let twice = journals.insert(message.run.unwrap(), journal.len());
                assert_eq!(twice, None, "run {} has two answers", message.run.unwrap());
            }
        }
    }
    for (delivery, steps) in &said.steps {
        let record = agent.delivery(*delivery).await.unwrap().unwrap();
        if record.state == DeliveryState::Done {
            // Three steps and the last.
            assert_eq!(journals.get(&record.run.unwrap()), Some(&4));
        } else {
            let turn = agent.begin_turn(*delivery, run_id(), 0).await.unwrap();
            assert!(turn.steps.len() >= steps.len() && turn.resumed, "{delivery} lost a step");
        }
    }
    store.close().await;
    no_half_turn(&folder.join("agents/main/agent.db"));
}

/// What must hold of the file whatever was said.
fn no_half_turn(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let count = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    for (what, query) in [
        (
            "a finished turn has its users' messages, one answer and one reply",
            "SELECT count(*) FROM deliveries d WHERE state = 'done' AND (
                 (SELECT count(*) FROM messages m WHERE m.delivery = d.ordinal AND m.role = 'assistant' AND m.id = d.answer) <> 1
                 OR (SELECT count(*) FROM messages m WHERE m.delivery = d.ordinal AND m.role = 'user')
                     <> (SELECT count(*) FROM inbox i WHERE i.delivery = d.ordinal)
                 OR (SELECT count(*) FROM outbox o WHERE o.delivery = d.ordinal) <> 1)",
        ),
        (
            "a turn that runs has its users' messages and no answer",
            "SELECT count(*) FROM deliveries d WHERE state = 'running' AND (
                 (SELECT count(*) FROM messages m WHERE m.delivery = d.ordinal)
                     <> (SELECT count(*) FROM inbox i WHERE i.delivery = d.ordinal)
                 OR EXISTS (SELECT 1 FROM outbox o WHERE o.delivery = d.ordinal)
                 OR EXISTS (SELECT 1 FROM messages m WHERE m.delivery = d.ordinal AND m.role = 'assistant'))",
        ),
        (
            "what waits has nothing but its inbox",
            "SELECT count(*) FROM deliveries d WHERE state = 'pending' AND (
                 (SELECT count(*) FROM inbox i WHERE i.delivery = d.ordinal) <> 2
                 OR EXISTS (SELECT 1 FROM messages m WHERE m.delivery = d.ordinal))",
        ),
        (
            "the figures are those of the messages",
            "SELECT count(*) FROM sessions s
             WHERE message_count <> (SELECT count(*) FROM messages m WHERE m.session = s.id)",
        ),
        ("no foreign key hangs in the air", "SELECT count(*) FROM pragma_foreign_key_check"),
        ("the file is sound", "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
    ] {
        assert_eq!(count(query), 0, "not so: {what}");
    }
}

/// What is killed: takes up what is unfinished, then accepts and answers in all sessions at once, and says what is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "run by other tests, as a process of its own"]
async fn child() {
    let (Some(folder), Ok(round)) = (std::env::var_os("STORE_FOLDER"), std::env::var("STORE_ROUND")) else { return };
    let store = Store::open(Path::new(&folder), Arc::new(SystemClock)).await.unwrap();
    let agent = store.agent(&main_agent()).await.unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for name in 0..SESSIONS {
        workers.spawn(work(agent.clone(), name.to_string(), round.clone()));
    }
    workers.join_all().await;
}

async fn work(agent: AgentStore, name: String, round: String) {
    let session = session(&name);
    for unfinished in agent.unfinished_of(&session).await.unwrap() {
        run(&agent, unfinished.delivery, &name).await;
    }
    for number in 0.. {
        let inbound = format!("{round}-{name}-{number}");
        let new = NewDelivery { max_queued: 3, ..delivery(&session, &[&inbound, &format!("{inbound}-b")]) };
        let id = new.id;
        assert!(matches!(agent.accept(new.clone()).await.unwrap(), Accepted::New { .. }));
        say(&format!("accepted {id} {inbound}"));
        let again = agent.accept(NewDelivery { id: DeliveryId::new(1), ..new }).await.unwrap();
        assert!(matches!(again, Accepted::Duplicate { delivery, .. } if delivery == id), "{again:?}");
        run(&agent, id, &name).await;
    }
}

async fn run(agent: &AgentStore, delivery: DeliveryId, name: &str) {
    let first = agent.reserve_seq(&session(name), 3).await.unwrap();
    let turn = agent.begin_turn(delivery, run_id(), first).await.unwrap();
    for number in u32::try_from(turn.steps.len()).unwrap()..3 {
        agent.append_step(turn.run, number, said(&number.to_string())).await.unwrap();
        say(&format!("step {delivery} {number}"));
    }
    let end = finish(delivery, turn.run, first + 2);
    let answer = end.answer.id;
    agent.finish_turn(FinishTurn { final_step: Some((3, said("end"))), ..end }).await.unwrap();
    say(&format!("finished {delivery} {answer}"));
    assert_eq!(state_of(agent, delivery).await, Ok(DeliveryState::Done));
}

/// One write, so that a line comes out whole or not at all.
fn say(what: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("@{what} .\n").as_bytes()).unwrap();
    output.flush().unwrap();
}
