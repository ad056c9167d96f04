//! What of a conversation a model is shown: how long it is (`tokens`), what is left out of one request (`fit`), what is summarised
//! for good (`cut`, `summary`), and what is said of the place where the agent works (`surroundings`).

mod cut;
mod fit;
mod summary;
mod surroundings;
mod tokens;

use crate::conversation::acceptable;
use std::path::PathBuf;
use std::sync::Arc;
use surroundings::Surroundings;
pub(crate) use surroundings::{MEMORY, is_note};
use tokens::Calibration;
use wingman_message::{Compaction, Entry, Model, ModelError, ModelRequest, RunContext, ToolSpec, Usage};

/// The part of the window that is kept for the answer: an eighth, and no more than this many tokens.
const MOST_FOR_THE_ANSWER: u64 = 16_384;
/// The part of the window, in tokens, that surroundings may take: a quarter.
const SURROUNDINGS_SHARE: u64 = 4;
/// A summary that covers less than this part of the threshold is not worth a request.
const LEAST_GAIN: u64 = 20;

/// How much an agent's model is shown, and from where.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextSettings {
    /// The model's context window, in tokens.
    pub max_tokens: u64,
    /// At which part of the window, from 0 to 1, the older part of a conversation is summarised.
    pub compact_at: f64,
    /// How many of the newest turns stay word for word, where they fit.
    pub keep_recent: usize,
    /// The agent's own folder: an absolute path. Its `memory/*.md` are shown. None where it has none.
    pub agent_dir: Option<PathBuf>,
    /// Folders whose `AGENTS.md` files are shown to sessions that work in them: absolute paths.
    pub fs_roots: Vec<PathBuf>,
}

impl Default for ContextSettings {
    fn default() -> Self {
        Self { max_tokens: 128_000, compact_at: 0.8, keep_recent: 10, agent_dir: None, fs_roots: Vec::new() }
    }
}

/// The context of one agent's model. What it learns of the provider's way to count lives as long as the agent.
pub(crate) struct Context {
    max_tokens: u64,
    threshold: u64,
    keep_recent: usize,
    surroundings: Arc<Surroundings>,
    calibration: Calibration,
}

/// A request that fits, and how long it was taken to be.
pub(crate) struct Fitted {
    pub(crate) request: ModelRequest,
    /// Before calibration.
    pub(crate) estimate: u64,
}

impl Context {
    pub(crate) fn new(settings: ContextSettings) -> Self {
        let ContextSettings { max_tokens, compact_at, keep_recent, agent_dir, fs_roots } = settings;
        let surroundings = Arc::new(Surroundings { agent_dir, fs_roots });
        Self {
            max_tokens,
            threshold: part(max_tokens, compact_at),
            keep_recent,
            surroundings,
            calibration: Calibration::default(),
        }
    }

    /// The request for the next answer, shortened until it fits.
    pub(crate) async fn request(
        &self,
        context: &RunContext,
        instructions: &str,
        tools: Vec<ToolSpec>,
        history: &[Entry],
        run: &[Entry],
    ) -> Fitted {
        let surroundings = self.surroundings(context).await;
        let fixed = fixed_size(instructions, &surroundings, &tools);
        let room = self.room(fixed);
        let (entries, was_cut) = fit::fit(acceptable(history, run), room, tokens::of_entry);
        if was_cut {
            tracing::debug!(run = %context.run, room, "the conversation was shortened to fit the model");
        }
        let estimate = fixed + total(&entries);
        let request =
            ModelRequest { run: context.run, instructions: instructions.to_owned(), surroundings, history: entries, tools };
        Fitted { request, estimate }
    }

    /// Learns from what the provider counted for a request that was taken to have `estimate` tokens.
    pub(crate) fn learn(&self, estimate: u64, usage: Usage) {
        self.calibration.learn(estimate, usage.input_tokens);
    }

    /// What an error says of the length of the conversation: the provider's words, where they say that it is too long.
    pub(crate) fn overflow(&self, error: &ModelError) -> Option<String> {
        let ModelError::Rejected(words) = error else { return None };
        if !tokens::say_too_long(words) {
            return None;
        }
        // It counts more than we do: the next request is taken to be longer.
        self.calibration.raise();
        Some(words.clone())
    }

    /// Summarises the older part of `history` where it is time to.
    pub(crate) async fn compact(
        &self,
        context: &RunContext,
        model: &dyn Model,
        instructions: &str,
        tools: &[ToolSpec],
        history: &[Entry],
        run: &[Entry],
    ) -> Option<Compaction> {
        let surroundings = self.surroundings(context).await;
        let fixed = self.calibration.scaled(fixed_size(instructions, &surroundings, tools));
        let sizes: Vec<cut::Piece> = history
            .iter()
            .map(|entry| cut::Piece {
                tokens: self.calibration.scaled(tokens::of_entry(entry)),
                is_user: matches!(entry, Entry::User(_)),
            })
            .collect();
        let running = self.calibration.scaled(total(run));
        let before: u64 = sizes.iter().map(|piece| piece.tokens).sum();
        if fixed + running + before <= self.threshold {
            return None;
        }
        let most = summary::reserve(self.max_tokens);
        let room = self.threshold.saturating_sub(fixed + running + most);
        // Half of the room, or else the next turn would be summarised again.
        let covers = cut::cut(&sizes, self.keep_recent, room / 2)?;
        let covered: u64 = sizes.iter().take(covers).map(|piece| piece.tokens).sum();
        let is_summary_alone = covers == 1 && history.first().is_some_and(wingman_message::Summary::is);
        if is_summary_alone || covered < self.threshold / LEAST_GAIN {
            return None;
        }
        let older = history.get(..covers).unwrap_or_default();
        match summary::make(context, model, older, self.room(0), most).await {
            Ok((summary, usage)) => {
                tracing::info!(run = %context.run, entries = covers, tokens = covered, "the older part of a conversation was summarised");
                Some(Compaction { covers, summary, usage })
            }
            Err(why) => {
                tracing::warn!(run = %context.run, %why, "a conversation could not be summarised; what does not fit is left out");
                None
            }
        }
    }

    async fn surroundings(&self, context: &RunContext) -> String {
        let most = usize::try_from(tokens::bytes(self.max_tokens / SURROUNDINGS_SHARE)).unwrap_or(usize::MAX);
        let (surroundings, folder) = (Arc::clone(&self.surroundings), Arc::clone(&context.folder));
        let read = tokio::task::spawn_blocking(move || surroundings.read(&folder, most)).await;
        read.unwrap_or_else(|error| {
            tracing::warn!(%error, "the surroundings of a run could not be read");
            String::new()
        })
    }

    /// What entries may have beside `fixed`, both before calibration.
    fn room(&self, fixed: u64) -> u64 {
        let window = self.max_tokens - (self.max_tokens / 8).min(MOST_FOR_THE_ANSWER);
        let window = self.calibration.unscaled(window);
        // Instructions and tools that fill the window leave a conversation its quarter: the provider may take it all the same.
        window.saturating_sub(fixed).max(window / 4)
    }
}

fn fixed_size(instructions: &str, surroundings: &str, tools: &[ToolSpec]) -> u64 {
    let tools: u64 = tools.iter().map(tokens::of_tool).sum();
    tokens::of_text(instructions) + tokens::of_text(surroundings) + tools
}

fn total(entries: &[Entry]) -> u64 {
    entries.iter().map(tokens::of_entry).sum()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a window has far fewer than 2^52 tokens"
)]
fn part(whole: u64, part: f64) -> u64 {
    (whole as f64 * part.clamp(0.0, 1.0)) as u64
}
