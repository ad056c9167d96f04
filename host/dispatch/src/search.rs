//! Finding what was said, over all agents.

use crate::Dispatch;
use crate::error::Refused;
use std::collections::VecDeque;
use wingman_message::AgentId;
use wingman_store::{SearchCursor, SearchHit};

/// What was found.
#[derive(Debug, Clone)]
pub struct SearchResults {
    /// The hits, the newest first.
    pub hits: Vec<SearchHit>,
    /// Where the next page begins, if there is one.
    pub next: Option<SearchCursor>,
    /// Old messages are still being made searchable: there may be more.
    pub is_incomplete: bool,
}

/// An agent's hits that are not taken yet.
struct Waiting {
    agent: AgentId,
    hits: VecDeque<SearchHit>,
}

impl Dispatch {
    /// The messages of one agent, or of all, that hold every word of `text`: the newest first.
    ///
    /// # Errors
    /// [`Refused::UnknownAgent`], [`Refused::Store`] when there is no word in `text`
    pub async fn search(
        &self,
        text: &str,
        agent: Option<&AgentId>,
        limit: usize,
        cursor: Option<&SearchCursor>,
    ) -> Result<SearchResults, Refused> {
        let (mut waiting, mut is_incomplete) = (Vec::new(), false);
        for agent in self.agents_named(agent)? {
            let before = cursor.map(|cursor| cursor.before(&agent));
            // One more than asked for, so that the last page knows that it is the last.
            let page = self.store.agent(&agent).await?.search(text, limit + 1, before).await?;
            is_incomplete |= page.is_incomplete;
            waiting.push(Waiting { agent, hits: page.hits.into() });
        }
        let hits = newest(&mut waiting, limit);
        let has_more = waiting.iter().any(|one| !one.hits.is_empty());
        let next = has_more.then(|| {
            let place = |one: &Waiting| (one.agent.clone(), one.hits.front().map_or(i64::MIN, |next| next.place + 1));
            SearchCursor::new(waiting.iter().map(place))
        });
        Ok(SearchResults { hits, next, is_incomplete })
    }
}

/// Takes the newest hits of all agents, each agent's in their order.
fn newest(waiting: &mut [Waiting], limit: usize) -> Vec<SearchHit> {
    let mut taken = Vec::new();
    while taken.len() < limit {
        let next = waiting.iter_mut().filter(|one| !one.hits.is_empty());
        let Some(newest) = next.max_by_key(|one| one.hits.front().map(|hit| hit.created_at)) else { break };
        taken.extend(newest.hits.pop_front());
    }
    taken
}
