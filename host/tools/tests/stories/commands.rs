//! What commands may run, what they see, and what is told of them.

use crate::support::Place;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::time::Duration;
use wingman_tools::{AllowedCommand, CommandPolicy};

fn argv(words: &[&str]) -> Value {
    json!({ "argv": words })
}

#[tokio::test]
async fn a_program_runs_in_the_working_folder_and_its_end_is_told() {
    let place = Place::allowing(&["pwd", "false", "cat"]);
    std::fs::remove_dir(place.work("")).unwrap();
    let here = place.call("command_execute", argv(&["pwd"])).await;
    let folder = place.work("").canonicalize().unwrap();
    assert_eq!(here, format!("exit code 0\n{}\n", folder.display()));
    assert_eq!(place.call("command_execute", argv(&["false"])).await, "exit code 1\n[no output]");
    let echoed = place.call("command_execute", json!({ "argv": ["cat"], "stdin": "größer\n" })).await;
    assert_eq!(echoed, "exit code 0\ngrößer\n");
    assert_eq!(place.call("command_execute", argv(&["cat"])).await, "exit code 0\n[no output]", "no input is an empty input");
}

#[tokio::test]
async fn a_program_that_ends_by_a_signal_says_so() {
    let place = Place::new();
    let script = place.script("die", "kill -9 $$");
    let place = place.limited(&[&script], Duration::from_secs(60), 1000);
    assert_eq!(place.call("command_execute", argv(&[&script])).await, "ended by signal 9 (SIGKILL)\n[no output]");
}

#[tokio::test]
async fn what_is_not_listed_does_not_run() {
    let place = Place::allowing(&["echo one", "/usr/bin/printf"]);
    assert_eq!(place.call("command_execute", argv(&["echo", "one", "two"])).await, "exit code 0\none two\n");
    assert_eq!(place.call("command_execute", argv(&["/usr/bin/printf", "x"])).await, "exit code 0\nx");
    for words in [
        &["echo", "two"][..],
        &["echo"],
        &["/bin/echo", "one"],
        &["printf", "x"],
        &["sh", "-c", "echo one"],
        &["echo one"],
        &[""],
    ] {
        let refused = place.refused("command_execute", argv(words)).await;
        assert!(
            refused.ends_with("is not allowed; a command must start with one of: `echo one`, `/usr/bin/printf`"),
            "{refused}"
        );
    }
    assert!(place.refused("command_execute", argv(&[])).await.contains("1 to 1000 words"));
    assert!(place.refused("command_execute", argv(&["echo", "one", "\0"])).await.contains("NUL"));
    let nothing = Place::allowing(&[]);
    assert_eq!(nothing.refused("command_execute", argv(&["echo"])).await, "no command is allowed here");
}

#[tokio::test]
async fn no_shell_reads_the_arguments() {
    let place = Place::allowing(&["echo"]);
    place.put("a.txt", "");
    place.put("b.txt", "");
    let words = ["*.txt", "$HOME", "~", "`pwd`", ";", "|", "a  b", "{x,y}"];
    let said = place.call("command_execute", argv(&[&["echo"], &words[..]].concat())).await;
    assert_eq!(said, format!("exit code 0\n{}\n", words.join(" ")));
}

#[tokio::test]
async fn a_program_of_the_working_folder_does_not_stand_in_for_another() {
    let place = Place::allowing(&["ls", "no-such-program"]);
    place.script("ls", "echo forged");
    place.script("no-such-program", "echo forged");
    let listed = place.call("command_execute", argv(&["ls"])).await;
    assert_eq!(listed, "exit code 0\nls\nno-such-program\n");
    let refused = place.refused("command_execute", argv(&["no-such-program"])).await;
    assert_eq!(refused, "there is no program `no-such-program` on the gateway's machine");
}

#[tokio::test]
async fn an_absolute_path_runs_where_it_is_listed() {
    let place = Place::new();
    let script = place.script("tool", "echo \"$0 $1\"");
    symlink(&script, place.work("alias")).unwrap();
    let place = place.limited(&[&script], Duration::from_secs(60), 1000);
    assert_eq!(place.call("command_execute", argv(&[&script, "x"])).await, format!("exit code 0\n{script} x\n"));
    let alias = place.work("alias");
    assert!(place.refused("command_execute", argv(&[alias.to_str().unwrap()])).await.contains("is not allowed"));
}

/// The test runner's own variables stand for a gateway's keys: they are there, and none of them arrives.
#[tokio::test]
async fn of_the_environment_only_what_is_listed_arrives() {
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "the test itself has variables that must not arrive");
    let place = Place::allowing(&["env"]);
    let said = place.call("command_execute", argv(&["env"])).await;
    let names: BTreeSet<&str> = said.lines().skip(1).filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let documented = [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "TMPDIR",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "JAVA_HOME",
        "GOPATH",
        "TERM",
        "NO_COLOR",
    ];
    let more: Vec<_> = names.iter().filter(|name| !documented.contains(name)).collect();
    assert_eq!(more, Vec::<&&str>::new());
    assert!(said.contains("\nTERM=dumb\n") && names.contains("PATH"), "{said}");
}

#[tokio::test]
async fn both_outputs_come_in_their_order_and_while_they_are_written() {
    let place = Place::new();
    let script = place.script("both", "for n in 1 2 3; do echo out $n; echo err $n >&2; done");
    let place = place.limited(&[&script], Duration::from_secs(60), 10_000);
    let said = place.call("command_execute", argv(&[&script])).await;
    assert_eq!(said, "exit code 0\nout 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
    assert_eq!(place.seen.lock().unwrap().concat(), "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
}

#[tokio::test]
async fn output_is_seen_before_the_program_ends() {
    let place = Place::new();
    // It ends when it has been seen: whoever sees it makes the file that it waits for.
    let script = place.script("wait", "echo ready; while [ ! -e seen ]; do sleep 0.02; done; echo done");
    let place = place.limited(&[&script], Duration::from_secs(60), 10_000);
    let call = place.call("command_execute", argv(&[&script]));
    let watch = async {
        while !place.seen.lock().unwrap().concat().contains("ready") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        place.put("seen", "");
    };
    let (said, ()) = tokio::join!(call, watch);
    assert_eq!(said, "exit code 0\nready\ndone\n");
}

#[tokio::test]
async fn of_very_much_output_head_and_tail_are_kept() {
    let place = Place::new().limited(&["seq"], Duration::from_secs(60), 2000);
    let said = place.call("command_execute", argv(&["seq", "1", "1000000"])).await;
    assert!(said.starts_with("exit code 0\n1\n2\n3\n") && said.ends_with("999999\n1000000\n"), "{said}");
    assert!(said.contains(" bytes left out here]\n") && said.len() < 2100, "{}", said.len());
    let seen = place.seen.lock().unwrap().concat();
    assert!(seen.len() < 300_000 && seen.ends_with("[more output is not shown while it comes]\n"), "{}", seen.len());
}

#[tokio::test]
async fn output_that_is_no_text_is_told_as_far_as_it_is() {
    let place = Place::allowing(&["printf"]);
    let said = place.call("command_execute", argv(&["printf", r"caf\303\251 \377 \303"])).await;
    assert_eq!(said, "exit code 0\ncafé \u{fffd} \u{fffd}");
}

#[tokio::test]
async fn input_that_nobody_reads_holds_nothing_up() {
    let place = Place::allowing(&["true"]);
    let said = place.call("command_execute", json!({ "argv": ["true"], "stdin": "x".repeat(1 << 20) })).await;
    assert_eq!(said, "exit code 0\n[no output]");
    let refused = place.refused("command_execute", json!({ "argv": ["true"], "stdin": "x".repeat((1 << 20) + 1) })).await;
    assert!(refused.contains("longer than 1 MiB"), "{refused}");
}

#[test]
fn commands_end_before_the_deadline_of_their_call() {
    let time = |seconds: u64| CommandPolicy::within(&["git"], Duration::from_secs(seconds)).unwrap().time;
    assert_eq!(time(60), Duration::from_secs(57));
    assert_eq!(time(2), Duration::from_secs(1));
    assert!(CommandPolicy::within(&["git | cat"], Duration::from_secs(1)).is_err());
}

proptest! {
    /// The configuration checks entries where it can show the line; the tool reads them. They must never disagree.
    #[test]
    fn the_configuration_takes_what_the_tool_takes(entry in prop_oneof!["\\PC{0,12}", "[a-z./ ~*|$'\n\t-]{0,12}", any::<String>()]) {
        prop_assert_eq!(wingman_config::CommandText::parse(&entry).is_ok(), AllowedCommand::parse(&entry).is_ok());
    }
}
