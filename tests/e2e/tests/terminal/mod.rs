//! The command line as a person uses it: at a terminal, here a pseudo-terminal that this test holds the other end of.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use wingman_harness::{Gateway, Home, TOKEN};

const PATIENCE: Duration = Duration::from_secs(60);

/// A command at a terminal of 80 columns.
struct Terminal {
    child: Child,
    keys: File,
    shown: Receiver<Vec<u8>>,
    /// All that the terminal was sent.
    text: String,
    /// How far it was read.
    read: usize,
}

impl Terminal {
    fn start(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(std::ffi::OsStr::from_bytes(name.as_bytes())).unwrap();
        tcsetwinsize(&slave, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        command.env("TERM", "xterm-256color").stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        let keys = File::from(master);
        let mut screen = keys.try_clone().unwrap();
        let (sender, shown) = channel();
        // It ends when the command has ended: a terminal without a process is an error to read.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keys, shown, text: String::new(), read: 0 }
    }

    /// Waits until `words` are shown behind what was read before.
    fn until(&mut self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.text[self.read..].find(words) {
                self.read += at + words.len();
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.shown.recv_timeout(left) {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{words:?} was not shown, but: {}", self.text.replace('\x1b', "␛")),
            }
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end; returns the exit code and all that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        // Whoever does not read what it shows keeps it from ending.
        let code = loop {
            match self.shown.recv_timeout(Duration::from_millis(20)) {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => {
                    if let Some(status) = self.child.try_wait().unwrap() {
                        break status.code();
                    }
                }
            }
            assert!(Instant::now() < deadline, "it does not end: {}", self.text.replace('\x1b', "␛"));
        };
        (code, std::mem::take(&mut self.text))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(home: &Home, gateway: &Gateway, args: &[&str]) -> Command {
    let mut command = home.command(args);
    command.args(["--gateway", &format!("{}/ws", gateway.url), "--token", TOKEN]);
    command
}

#[tokio::test]
async fn what_is_piped_in_stands_below_the_words() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let mut child = command(&home, &gateway, &["agent", "sum up"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"one\ntwo\n").unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.contains("sum up\n\nStandard input:\n\n```\none\ntwo\n```"), "{said}");
    assert!(!said.contains('\x1b'), "no terminal, no styles: {said}");
}

#[tokio::test]
async fn a_terminal_is_not_obeyed_by_what_an_agent_says() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    // The demo repeats what it is told.
    let terminal = Terminal::start(command(&home, &gateway, &["agent", "**now** \x1b]0;owned\x07 \u{9b}2J"]));
    let (code, text) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("␛]0;owned␇") && text.contains("<U+009B>2J"), "{text}");
    assert!(!text.contains("\x1b]0;") && !text.contains('\u{9b}') && !text.contains('\x07'), "{text}");
    assert!(text.contains("\x1b[1mnow"), "Markdown is drawn: {text}");
}

#[tokio::test]
async fn a_tool_that_needs_approval_is_approved_at_the_terminal() {
    let home = Home::new(|config| config["agents"]["list"][0]["approval"] = json!({"current_time": "always"}));
    let gateway = home.start().await;
    let mut terminal = Terminal::start(command(&home, &gateway, &["agent", "/tool current_time {}"]));
    terminal.until("y allows it");
    terminal.press("perhaps\n");
    terminal.until("y allows it");
    terminal.press("y\n");
    terminal.until("current_time");
    let (code, text) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("allowed") && text.contains("unixMs"), "{text}");
}

#[tokio::test]
async fn the_first_interrupt_stops_the_run_and_keeps_what_was_said() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let mut terminal = Terminal::start(command(
        &home,
        &gateway,
        &["agent", "--session", "agent:main:main", "/slow 200 one two three four five six seven eight nine"],
    ));
    terminal.until("two");
    let pid = rustix::process::Pid::from_child(&terminal.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let (code, text) = terminal.end();
    assert_eq!(code, Some(130), "{text}");
    let messages = gateway.until_messages("agent:main:main", 2).await;
    assert!(messages[1].1.contains("one two") && !messages[1].1.contains("nine"), "{messages:?}");
}

#[tokio::test]
async fn a_conversation_goes_on_where_it_was_left() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let mut terminal = Terminal::start(command(&home, &gateway, &["chat"]));
    terminal.until("/help lists the commands");
    terminal.press("the first \\\r");
    terminal.press("the second\r");
    terminal.until("You said:");
    terminal.until(" out");
    terminal.press("/name Two lines\r");
    terminal.until("this session is called Two lines");
    terminal.press("/qiut\r");
    terminal.until("there is no command /qiut");
    // An end of input that comes between two lines is taken by the terminal itself, and by nobody else.
    terminal.until("> ");
    terminal.press("\x04");
    let (code, text) = terminal.end();
    assert_eq!(code, Some(0), "{text}");
    let said = gateway.messages("agent:main:main").await;
    assert_eq!(said[0], ("user".to_owned(), "the first \nthe second".to_owned()));

    let mut again = Terminal::start(command(&home, &gateway, &["chat"]));
    again.until("the second");
    again.until("You said:");
    again.until("/help lists the commands");
    again.press("/quit\r");
    assert_eq!(again.end().0, Some(0));
}

#[tokio::test]
async fn a_script_talks_and_hears_every_answer() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let mut child = command(&home, &gateway, &["chat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"first words\nsecond words\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("first words") && text.contains("second words"), "{text}");
    assert_eq!(gateway.messages("agent:main:main").await.len(), 4);
}

#[tokio::test]
async fn events_are_json_lines_that_a_terminal_may_show() {
    let home = Home::new(|_| {});
    let gateway = home.start().await;
    let output = command(&home, &gateway, &["agent", "--json", "\u{9b}2J"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\u{9b}'), "{text}");
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = events.last().unwrap();
    assert!(last["result"]["response"].as_str().unwrap().contains("\u{9b}2J"), "{last}");
}
