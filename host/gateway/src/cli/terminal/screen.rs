//! Writes to the terminal: the answer to standard output, everything else to standard error. Below what is finished stand a few rows
//! that are drawn over; nothing else is ever moved.

use super::view::{Look, Out};
use std::io::{self, IsTerminal as _, Write as _};
use termimad::crossterm::terminal;

/// How many rows are drawn over at most.
const MAX_LIVE: usize = 12;
/// Narrower than this, nothing is drawn over: rows would break.
const MIN_COLUMNS: usize = 24;
/// Lines of text are no longer than this, however wide the terminal is.
const MAX_WIDTH: usize = 100;

/// Where an answer is written.
pub(crate) struct Screen {
    look: Look,
    /// How many rows stand there to be drawn over.
    drawn: usize,
    /// The answer's last row has no end yet.
    is_open: bool,
    out_is_terminal: bool,
    err_is_terminal: bool,
}

impl Screen {
    /// For what this process writes to. Colours follow `NO_COLOR`, `CLICOLOR` and the terminal; without them the answer is plain text.
    pub(crate) fn of_this_process() -> Self {
        let out_is_terminal = io::stdout().is_terminal();
        let coloured = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        let rich = out_is_terminal && coloured;
        let (columns, _) = size();
        let look = Look { rich, live: rich && columns >= MIN_COLUMNS, width: width(columns) };
        Self { look, drawn: 0, is_open: false, out_is_terminal, err_is_terminal: io::stderr().is_terminal() }
    }

    pub(crate) fn look(&self) -> Look {
        self.look
    }

    /// How wide text may be now.
    pub(crate) fn width(&self) -> usize {
        width(size().0)
    }

    /// There is a person to whom standard error speaks.
    pub(crate) fn is_watched(&self) -> bool {
        self.err_is_terminal
    }

    /// Writes `outs`, and draws `live` below them.
    pub(crate) fn show(&mut self, outs: &[Out], live: &[String]) -> io::Result<()> {
        if outs.is_empty() && live.is_empty() && self.drawn == 0 {
            return Ok(());
        }
        self.erase()?;
        for out in outs {
            match out {
                Out::Words(words) => {
                    let mut stdout = anstream::stdout().lock();
                    stdout.write_all(words.as_bytes())?;
                    stdout.flush()?;
                    self.is_open = !words.ends_with('\n');
                }
                Out::Row(row) => {
                    let mut stdout = anstream::stdout().lock();
                    writeln!(stdout, "{row}")?;
                    stdout.flush()?;
                }
                Out::Note(row) | Out::End(row) => {
                    if std::mem::take(&mut self.is_open) && self.out_is_terminal {
                        anstream::eprintln!();
                    }
                    anstream::eprintln!("{row}");
                }
            }
        }
        if self.look.live { self.draw(live) } else { Ok(()) }
    }

    /// Nothing more comes: what was drawn is gone, and the answer's last row has an end.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.erase()?;
        if std::mem::take(&mut self.is_open) {
            anstream::println!();
        }
        Ok(())
    }

    fn erase(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.drawn);
        if rows == 0 {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        let up = if rows > 1 { format!("\x1b[{}A", rows - 1) } else { String::new() };
        write!(stdout, "\r{up}\x1b[J")?;
        stdout.flush()
    }

    fn draw(&mut self, live: &[String]) -> io::Result<()> {
        let (columns, rows) = size();
        if columns < MIN_COLUMNS || live.is_empty() {
            return Ok(());
        }
        // The newest rows, and never more than fit: a row that has scrolled away could not be drawn over.
        let count = live.len().min(MAX_LIVE).min(rows.saturating_sub(2)).max(1);
        let shown = live.get(live.len() - count.min(live.len())..).unwrap_or(live);
        let mut stdout = anstream::stdout().lock();
        write!(stdout, "{}", shown.join("\n"))?;
        stdout.flush()?;
        self.drawn = shown.len();
        Ok(())
    }
}

/// Columns and rows of the terminal, as it is now.
fn size() -> (usize, usize) {
    terminal::size().map_or((80, 24), |(columns, rows)| (usize::from(columns), usize::from(rows)))
}

/// Some columns stay free: terminals differ about how wide some characters are.
fn width(columns: usize) -> usize {
    columns.saturating_sub(2).clamp(MIN_COLUMNS - 2, MAX_WIDTH)
}
