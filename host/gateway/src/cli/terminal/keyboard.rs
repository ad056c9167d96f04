//! Lines that a person types while something else goes on.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read};
use tokio::sync::mpsc;

/// The longest line that is taken, in bytes.
const MAX_LINE: u64 = 64 * 1024;

/// Whoever sits at the terminal. Nothing is read before the first line is wanted, so that nothing is taken from who comes after.
pub(crate) struct Keyboard {
    lines: Option<mpsc::Receiver<String>>,
    is_there: bool,
}

impl Keyboard {
    /// The person at standard input or, where that is piped, at the terminal itself; nobody where standard error is none.
    pub(crate) fn of_this_process() -> Self {
        Self { lines: None, is_there: io::stderr().is_terminal() && source().is_some() }
    }

    /// Somebody can be asked.
    pub(crate) fn is_there(&self) -> bool {
        self.is_there
    }

    /// Lines are read. What is typed while nothing is asked must be taken too, or it would answer the next question.
    pub(crate) fn is_read(&self) -> bool {
        self.is_there && self.lines.is_some()
    }

    /// The next line; none when no more will come. Cancel-safe.
    pub(crate) async fn line(&mut self) -> Option<String> {
        if self.lines.is_none() && self.is_there {
            self.lines = listen();
        }
        let line = match &mut self.lines {
            Some(lines) => lines.recv().await,
            None => None,
        };
        self.is_there = line.is_some();
        line
    }
}

/// The thread ends with the process: a read of a terminal cannot be called off.
fn listen() -> Option<mpsc::Receiver<String>> {
    let mut source = BufReader::new(source()?);
    let (sender, lines) = mpsc::channel(1);
    let read = move || {
        loop {
            let mut line = String::new();
            match source.by_ref().take(MAX_LINE).read_line(&mut line) {
                Ok(1..) if sender.blocking_send(line).is_ok() => {}
                _ => return,
            }
        }
    };
    std::thread::Builder::new().name("keyboard".to_owned()).spawn(read).ok()?;
    Some(lines)
}

fn source() -> Option<Box<dyn Read + Send>> {
    if io::stdin().is_terminal() {
        return Some(Box::new(io::stdin()));
    }
    let terminal = File::open("/dev/tty").ok()?;
    Some(Box::new(terminal))
}
