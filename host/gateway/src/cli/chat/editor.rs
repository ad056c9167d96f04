//! The line at the bottom of the terminal, and what is printed above it while somebody types.

use super::command::is_open;
use anyhow::{Context, Result};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History as _};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Completer, Config, ExternalPrinter, Helper, Highlighter, Hinter};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc as std_mpsc;
use tokio::sync::mpsc;

/// How many lines are remembered.
const HISTORY: usize = 1000;
/// How many printed texts may wait for the terminal.
const PRINTS: usize = 64;

/// What was typed.
#[derive(Debug)]
pub(super) enum Input {
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D, or the end of standard input.
    End,
}

/// The line editor. One thread reads, one prints; both end with this, or with the process.
pub(super) struct Editor {
    inputs: mpsc::Receiver<Input>,
    proceed: std_mpsc::SyncSender<()>,
    prints: mpsc::Sender<String>,
    is_terminal: bool,
    is_coloured: bool,
    /// As the terminal was: a read cannot be called off, and would leave it raw.
    before: Option<Termios>,
}

impl Editor {
    /// `history` is the file that keeps what was typed.
    pub(super) fn open(history: Option<PathBuf>) -> Result<Self> {
        let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let is_coloured = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        let before = tcgetattr(std::io::stdin()).ok();
        let config = Config::builder().max_history_size(HISTORY)?.history_ignore_space(true).auto_add_history(true).build();
        let mut lines = rustyline::Editor::<Lines, FileHistory>::with_config(config)?;
        lines.set_helper(Some(Lines {}));
        if let Some(file) = &history {
            // The first time there is none; one that cannot be read is no reason not to talk.
            let _ = lines.load_history(file);
        }
        // Without a terminal there is no line to be kept free.
        let printer = lines.create_external_printer().ok();
        let (print, prints) = mpsc::channel(PRINTS);
        spawn("printer", move || print_all(printer, prints))?;
        let (sender, inputs) = mpsc::channel(1);
        let (proceed, go) = std_mpsc::sync_channel(1);
        spawn("editor", move || read_all(lines, history.as_deref(), &sender, &go))?;
        Ok(Self { inputs, proceed, prints: print, is_terminal, is_coloured, before })
    }

    /// Somebody types, rather than a script.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// What is typed next; none behind the end. Cancel-safe. The next one is read when [`Editor::proceed`] says so.
    pub(super) async fn input(&mut self) -> Option<Input> {
        self.inputs.recv().await
    }

    /// The last input is dealt with.
    pub(super) fn proceed(&self) {
        // It holds one; a second would only say the same.
        let _ = self.proceed.try_send(());
    }

    /// Prints rows above the line that is typed.
    pub(super) async fn print(&self, rows: &[String]) {
        if rows.is_empty() {
            return;
        }
        let text = format!("{}\n", rows.join("\n"));
        let text = if self.is_coloured { text } else { anstream::adapter::strip_str(&text).to_string() };
        // The printer is gone only where standard output is, and then nobody reads.
        let _ = self.prints.send(text).await;
    }

    /// Waits until all is printed, and leaves the terminal as it was.
    pub(super) async fn close(self) {
        let Self { prints, before, .. } = self;
        // All that was sent is taken before the channel closes; the printer drops its end behind the last text.
        if let Ok(permits) = prints.reserve_many(PRINTS).await {
            drop(permits);
        }
        if let Some(before) = before {
            // A terminal that is gone needs nothing.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, &before);
        }
    }
}

/// Lines that end with a backslash go on.
#[derive(Completer, Helper, Highlighter, Hinter)]
struct Lines {}

impl Validator for Lines {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let open = is_open(context.input());
        Ok(if open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

fn read_all(
    mut lines: rustyline::Editor<Lines, FileHistory>,
    history: Option<&Path>,
    inputs: &mpsc::Sender<Input>,
    proceed: &std_mpsc::Receiver<()>,
) {
    loop {
        let input = match lines.readline("> ") {
            Ok(line) => Input::Line(line),
            Err(ReadlineError::Interrupted) => Input::Interrupt,
            // A terminal that cannot be read has nothing more to say.
            Err(_) => Input::End,
        };
        let is_end = matches!(input, Input::End);
        if let (Some(file), Input::Line(_)) = (history, &input)
            && !lines.history().is_empty()
        {
            // A full disk must not end the conversation.
            let _ = lines.append_history(file);
        }
        if inputs.blocking_send(input).is_err() || is_end || proceed.recv().is_err() {
            return;
        }
    }
}

fn print_all(mut printer: Option<impl ExternalPrinter>, mut prints: mpsc::Receiver<String>) {
    while let Some(text) = prints.blocking_recv() {
        let printed = match &mut printer {
            Some(printer) => printer.print(text).is_ok(),
            None => {
                anstream::print!("{text}");
                true
            }
        };
        if !printed {
            return;
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).context("no thread can be started")?;
    Ok(())
}
