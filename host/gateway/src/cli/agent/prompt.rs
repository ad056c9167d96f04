//! What the agent is asked: the command line's words, what is piped in, or both.

use anyhow::{Context, Result, bail};
use std::io::{IsTerminal as _, Read};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// The longest prompt that is read from standard input, in bytes.
const MAX_PROMPT: u64 = 512 * 1024;
/// How long standard input may be silent before whoever waits is told that it is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// The prompt.
pub(super) fn read(said: Option<&str>) -> Result<String> {
    let is_piped = !std::io::stdin().is_terminal();
    let prompt = match said {
        None if !is_piped => bail!("say what the agent is asked: wingman agent \"hello\""),
        None | Some("-") => piped()?,
        Some(said) if is_piped => with_attachment(said, &piped()?),
        Some(said) => said.to_owned(),
    };
    if prompt.trim().is_empty() {
        bail!("the prompt is empty");
    }
    Ok(prompt)
}

/// `said`, and below it `text` in a fence that nothing in the text can close.
fn with_attachment(said: &str, text: &str) -> String {
    if text.trim().is_empty() {
        return said.to_owned();
    }
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{said}\n\nStandard input:\n\n{fence}\n{text}{end}{fence}")
}

/// All of standard input. Some who start commands leave it open and say nothing: the wait for its end is told.
fn piped() -> Result<String> {
    let (sender, read) = sync_channel(1);
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = std::io::stdin().take(MAX_PROMPT + 1).read_to_string(&mut text);
        // Nobody is there to hear it only where the process ends.
        let _ = sender.send(read.map(|_| text));
    });
    let text = match read.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => {
            anstream::eprintln!("{}", crate::show::faint("waiting for the end of standard input (`< /dev/null` goes without)"));
            read.recv().context("standard input cannot be read")?
        }
        other => other.context("standard input cannot be read")?,
    };
    let text = text.context("standard input is no UTF-8 text")?;
    if text.len() as u64 > MAX_PROMPT {
        bail!("standard input is longer than {} KiB", MAX_PROMPT / 1024);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_piped_in_stands_below_the_words_and_cannot_leave_its_fence() {
        assert_eq!(with_attachment("sum up", "a\n```\nb"), "sum up\n\nStandard input:\n\n````\na\n```\nb\n````");
        assert_eq!(with_attachment("hello", " \n"), "hello");
    }
}
