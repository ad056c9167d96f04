//! The built-in demo: a model that is no AI, needs no key and no network, and does what its commands say. It lets a first
//! run work offline, and tests play every kind of answer. What it says depends on the conversation alone.

use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::time::Duration;
use wingman_message::{
    Entry, Model, ModelError, ModelEvent, ModelInfo, ModelRequest, ModelStream, StopReason, ToolCall, Usage, UserEntry,
};

/// Slow enough to see words grow, fast enough not to wait for them.
const DEFAULT_DELAY: Duration = Duration::from_millis(15);
const MAX_DELAY_MS: u64 = 5_000;
const MAX_WORDS: usize = 100_000;

const INTRODUCTION: &str =
    "This is the built-in demo: no AI, it only repeats what you say. Type /help to see what else it can do.\n\n";
const HELP: &str = "\
- `/tool NAME JSON` asks for that tool and reports its result
- `/fail MESSAGE` fails as a model provider would
- `/slow MS TEXT` says TEXT with MS milliseconds before each word (at most 5000)
- `/long N` says N words (at most 100000)
- `/cut` breaks off at the output limit
- `/help` shows this list";

/// `demo:echo`.
#[derive(Debug, Clone)]
pub struct DemoModel {
    info: ModelInfo,
    delay: Duration,
}

impl Default for DemoModel {
    fn default() -> Self {
        Self::with_delay(DEFAULT_DELAY)
    }
}

impl DemoModel {
    /// The demo, waiting `delay` before each word; zero does not wait at all.
    #[must_use]
    pub fn with_delay(delay: Duration) -> Self {
        Self { info: ModelInfo { name: "demo:echo".into(), demo: true }, delay }
    }
}

/// An answer before it is said.
struct Answer {
    text: String,
    delay: Duration,
    call: Option<ToolCall>,
    stop: StopReason,
}

#[async_trait]
impl Model for DemoModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let answer = answer(&request.history, self.delay)?;
        let usage = Usage { input_tokens: words_in(&request.history), output_tokens: count(&answer.text), ..Usage::default() };
        let delay = answer.delay;
        let words: Vec<String> = answer.text.split_inclusive(char::is_whitespace).map(str::to_owned).collect();
        let said = stream::iter(words).then(move |word| async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            Ok(ModelEvent::Text(word))
        });
        let call = answer.call.map(|call| Ok(ModelEvent::Call(call)));
        let model = self.info.name.clone();
        let end = Ok(ModelEvent::Finished { stop: answer.stop, usage, model, replay: None });
        Ok(said.chain(stream::iter(call.into_iter().chain([end]))).boxed())
    }
}

fn answer(history: &[Entry], delay: Duration) -> Result<Answer, ModelError> {
    let turns = history.iter().filter(|entry| matches!(entry, Entry::Assistant { .. })).count();
    let start = history.iter().rposition(|entry| matches!(entry, Entry::Assistant { .. })).map_or(0, |last| last + 1);
    let fresh = history.get(start..).unwrap_or_default();

    let results: Vec<String> = fresh.iter().filter_map(report).collect();
    if !results.is_empty() {
        return Ok(Answer { text: results.join("\n\n"), delay, call: None, stop: StopReason::EndTurn });
    }
    let users: Vec<&UserEntry> = fresh
        .iter()
        .filter_map(|entry| match entry {
            Entry::User(user) => Some(user),
            _ => None,
        })
        .collect();
    let mut answer = match users.split_last() {
        Some((last, before)) => match command(last, turns, delay)? {
            Some(answer) => preceded(before, answer),
            None => Answer { text: echo(&users), delay, call: None, stop: StopReason::EndTurn },
        },
        None => Answer { text: "You said nothing.".into(), delay, call: None, stop: StopReason::EndTurn },
    };
    if turns == 0 {
        answer.text.insert_str(0, INTRODUCTION);
    }
    Ok(answer)
}

/// An answer to a command that other messages came before: they are mentioned too.
fn preceded(before: &[&UserEntry], mut answer: Answer) -> Answer {
    if !before.is_empty() {
        answer.text = format!("{}\n\n{}", echo(before), answer.text);
    }
    answer
}

fn report(entry: &Entry) -> Option<String> {
    match entry {
        Entry::Tool { name, output, is_error: false, .. } => Some(format!("The tool {name} answered: {output}")),
        Entry::Tool { name, output, .. } => Some(format!("The tool {name} failed: {output}")),
        _ => None,
    }
}

fn echo(users: &[&UserEntry]) -> String {
    match users {
        [user] => format!("You said: {}", spoken(user)),
        _ => {
            let lines: Vec<String> =
                users.iter().enumerate().map(|(index, user)| format!("{}. {}", index + 1, spoken(user))).collect();
            format!("You said:\n{}", lines.join("\n"))
        }
    }
}

fn spoken(user: &UserEntry) -> String {
    match user.attachments.len() {
        0 => user.text.clone(),
        1 => format!("{} (and an attachment)", user.text),
        many => format!("{} (and {many} attachments)", user.text),
    }
}

/// What a command asks for; none where `user` gave none. Strangers give no commands.
fn command(user: &UserEntry, turns: usize, delay: Duration) -> Result<Option<Answer>, ModelError> {
    let text = user.text.trim();
    if user.untrusted || !text.starts_with('/') {
        return Ok(None);
    }
    let (name, rest) = split_word(text);
    let mut answer = Answer { text: String::new(), delay, call: None, stop: StopReason::EndTurn };
    match name {
        "/help" => answer.text = HELP.into(),
        "/fail" => {
            let message = if rest.is_empty() { "the demo was told to fail" } else { rest };
            return Err(ModelError::Unavailable(message.into()));
        }
        "/slow" => match split_word(rest) {
            (ms, words) if ms.parse::<u64>().is_ok() => {
                answer.delay = Duration::from_millis(ms.parse().unwrap_or(MAX_DELAY_MS).min(MAX_DELAY_MS));
                answer.text = words.into();
            }
            _ => answer.text = "Write `/slow MS TEXT`, for example `/slow 500 one two three`.".into(),
        },
        "/long" => match rest.parse::<usize>() {
            Ok(words) => answer.text = (1..=words.min(MAX_WORDS)).map(|n| format!("word{n} ")).collect(),
            Err(_) => answer.text = "Write `/long N`, for example `/long 1000`.".into(),
        },
        "/cut" => {
            answer.text = "This answer breaks off at the output limit, in the middle of".into();
            answer.stop = StopReason::Truncated;
        }
        "/tool" => tool(rest, turns, &mut answer),
        _ => return Ok(None),
    }
    Ok(Some(answer))
}

fn tool(rest: &str, turns: usize, answer: &mut Answer) {
    let (name, input) = split_word(rest);
    let input = if input.is_empty() { Ok(json!({})) } else { serde_json::from_str::<Value>(input) };
    match input {
        _ if name.is_empty() => answer.text = "Write `/tool NAME JSON`, for example `/tool current_time {}`.".into(),
        Ok(input) => {
            answer.text = format!("Asking the tool {name}.");
            answer.call = Some(ToolCall { id: format!("demo-{}", turns + 1), name: name.into(), input });
            answer.stop = StopReason::ToolUse;
        }
        Err(error) => answer.text = format!("The JSON behind the tool's name cannot be read: {error}"),
    }
}

fn split_word(text: &str) -> (&str, &str) {
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

fn count(text: &str) -> u64 {
    u64::try_from(text.split_whitespace().count()).unwrap_or(u64::MAX)
}

fn words_in(history: &[Entry]) -> u64 {
    history
        .iter()
        .map(|entry| match entry {
            Entry::User(user) => count(&user.text),
            Entry::Assistant { text, .. } => count(text),
            Entry::Tool { output, .. } => count(output),
        })
        .sum()
}
