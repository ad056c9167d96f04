//! One request and its answer, as the requester sees them.

use super::Options;
use super::audience::{Audience, prompt};
use super::stream::{Seen, see};
use crate::clock;
use crate::drive::Client;
use crate::error::{BenchError, Result};
use crate::link::Link;
use crate::recorder::Recorder;
use serde_json::json;
use std::sync::Arc;

/// Asks in one session, and is done when everybody has seen the answer.
pub(super) struct Requester {
    link: Link,
    session: String,
    agent: String,
    tokens: usize,
    audience: Arc<Audience>,
    first_token: Recorder,
    turns: u64,
}

impl Requester {
    pub(super) fn new(link: Link, session: String, options: &Options, audience: Arc<Audience>, first_token: Recorder) -> Self {
        let (agent, tokens) = (options.agent.clone(), options.tokens);
        Self { link, session, agent, tokens, audience, first_token, turns: 0 }
    }

    pub(super) fn audience(&self) -> Arc<Audience> {
        Arc::clone(&self.audience)
    }
}

impl Client for Requester {
    async fn perform(&mut self) -> Result<()> {
        self.turns += 1;
        let begin = clock::now();
        let id = format!("{}-{}", self.session, self.turns);
        let turn = take(&mut self.link, &self.agent, &self.session, &id, self.tokens).await?;
        if let Some(first) = turn.first_token {
            self.first_token.record(first.saturating_sub(begin));
        }
        self.audience.add(turn.frames, turn.tokens);
        self.audience.has_seen(self.turns).await
    }
}

/// What a turn was.
#[derive(Default)]
pub(in super::super) struct Turn {
    first_token: Option<u64>,
    frames: u64,
    tokens: u64,
}

/// Asks `agent` for so many tokens in `session`, and waits for the end of the answer. A token too few or too many is an error.
pub(in super::super) async fn take(link: &mut Link, agent: &str, session: &str, id: &str, tokens: usize) -> Result<Turn> {
    let payload = json!({ "agentId": agent, "content": prompt(tokens), "sessionKey": session });
    link.send_text(&json!({ "type": "req:agent", "id": id, "payload": payload, "timestamp": 0 }).to_string()).await?;
    let (mut turn, mut is_over) = (Turn::default(), false);
    while !is_over {
        link.receive(|frame| {
            match see(frame)? {
                Seen::Tokens(number) => {
                    turn.first_token.get_or_insert_with(clock::now);
                    turn.frames += 1;
                    turn.tokens += number as u64;
                }
                Seen::Complete => is_over = true,
                Seen::Snapshot | Seen::Other => {}
            }
            Ok(())
        })
        .await?;
    }
    if turn.tokens == tokens as u64 {
        Ok(turn)
    } else {
        Err(BenchError::Protocol(format!("an answer of {} tokens where the model said {tokens}", turn.tokens)))
    }
}
