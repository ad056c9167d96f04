//! A task that a run hands to another agent: a run of that agent's in a session of its own, accepted once for each call, so that
//! a run that goes on after a restart waits for the same one again.

use crate::Watch;
use crate::fingerprint;
use crate::hub::Feed;
use crate::queue::Waiting;
use crate::registry::Registry;
use crate::session::Command;
use crate::turn::persist;
use std::sync::{Arc, Weak};
use tokio::sync::oneshot;
use wingman_message::{
    AgentId, ChannelName, DeliveryId, Inbound, InboundKind, Origin, ParentRun, Place, QueueMode, RunId, SessionKey,
    SessionSource, ToolCall,
};
use wingman_store::{Accepted, AgentStore, DeliveryState, NewDelivery};

/// The most of an answer that the model which asked for it reads, in bytes.
const MAX_OUTPUT: usize = 256 * 1024;
/// How many characters of a task its session is called by.
const MAX_NAME: usize = 60;
/// The place of tasks: no network is called so, and nothing is sent there.
const PLACE: &str = "delegate";

/// How a run hands tasks over.
#[derive(Clone)]
pub(crate) struct Delegation {
    registry: Weak<Registry>,
    session: SessionKey,
    run: RunId,
    /// The run that it is below of itself.
    parent: Option<Arc<ParentRun>>,
}

/// A task that was handed over.
pub(crate) struct Child {
    pub(crate) session: SessionKey,
    delivery: DeliveryId,
    store: AgentStore,
    feed: Arc<Feed>,
}

impl Delegation {
    pub(crate) fn new(registry: Weak<Registry>, session: SessionKey, run: RunId, parent: Option<Arc<ParentRun>>) -> Self {
        Self { registry, session, run, parent }
    }

    /// Hands the task over, once for each call.
    ///
    /// # Errors
    /// Why not, for the model.
    pub(crate) async fn begin(&self, call: &ToolCall, number: u32, agent: &AgentId, task: &str) -> Result<Child, String> {
        let registry = self.registry.upgrade().ok_or("the gateway is shutting down")?;
        registry.agent(agent).map_err(|refused| refused.to_string())?;
        let parent = self.parent_run(call);
        let limits = &registry.shared.limits;
        if parent.depth > limits.delegate_depth {
            let most = limits.delegate_depth;
            return Err(format!("tasks may be handed on {most} times, and this one was; do it yourself"));
        }
        let session = SessionKey::delegate(agent, self.session.agent(), self.run, number);
        let lost = || "the task could not be stored; the gateway's log says why".to_owned();
        let abort = &registry.shared.abort;
        let store = persist(abort, || registry.store.agent(agent)).await.ok_or_else(lost)?;
        if let Err(disabled) = registry.roster.taking(agent) {
            // A task that was handed over before is ended, and waited for.
            let begun = persist(abort, || store.session(&session)).await.ok_or_else(lost)?;
            if begun.is_none() {
                return Err(disabled.to_string());
            }
        }
        let top = persist(abort, || registry.store.agent(parent.top_session.agent())).await.ok_or_else(lost)?;
        let max = limits.delegate_runs;
        if !persist(abort, || top.count_delegation(parent.top_run, &session, max)).await.ok_or_else(lost)? {
            return Err(format!("at most {max} tasks may be handed over for one request, and so many were; do it yourself"));
        }
        let new = self.new_delivery(&registry, parent, &session, task);
        let accepted = persist(abort, || store.accept(new.clone())).await.ok_or_else(lost)?;
        let (session, delivery) = match accepted {
            Accepted::New { delivery, session, ordinal, .. } => {
                let waiting = Waiting::new(delivery, &new.origin, None, new.mode);
                registry.enqueue(&session, ordinal, waiting).await.map_err(|refused| refused.to_string())?;
                (session, delivery)
            }
            Accepted::Duplicate { delivery, session, .. } => (session, delivery),
            Accepted::Full { .. } => return Err("the session of the task is busy".to_owned()),
        };
        let feed = registry.hub.feed(&session).await.map_err(|error| error.to_string())?;
        Ok(Child { session, delivery, store, feed })
    }

    /// What the child says in the end, and whether it failed.
    pub(crate) async fn outcome(&self, child: &Child) -> (String, bool) {
        // Joined before the store is asked: an end in between is not missed.
        let mut watch = match Watch::join(Arc::clone(&child.feed), child.store.clone(), None).await {
            Ok(watch) => watch,
            Err(error) => return (error.to_string(), true),
        };
        // An earlier life of the process may have accepted the task and not begun it.
        if let Some(registry) = self.registry.upgrade()
            && let Err(refused) = registry.task(&child.session).await
        {
            return (refused.to_string(), true);
        }
        loop {
            match self.stored_outcome(child).await {
                Ok(Some(outcome)) => return outcome,
                Ok(None) => {}
                Err(error) => return (error.to_string(), true),
            }
            loop {
                match watch.next().await {
                    Ok(event) if event.what.is_final() => break,
                    Ok(_) => {}
                    Err(error) => return (error.to_string(), true),
                }
            }
        }
    }

    /// Stops the child, which nobody waits for any more.
    pub(crate) async fn cancel(&self, child: &Child) {
        let Some(registry) = self.registry.upgrade() else { return };
        let Ok(task) = registry.task(&child.session).await else { return };
        let (reply, done) = oneshot::channel();
        // A task that is gone leaves the child to the next one, which sees that its parent has ended.
        if task.send(Command::Stop { delivery: child.delivery, reply }).await.is_ok() {
            let _ = done.await;
        }
    }

    async fn stored_outcome(&self, child: &Child) -> Result<Option<(String, bool)>, wingman_store::StoreError> {
        let Some(record) = child.store.delivery(child.delivery).await? else {
            return Ok(Some(("the task is not kept any more".to_owned(), true)));
        };
        let agent = child.session.agent();
        Ok(match record.state {
            DeliveryState::Pending | DeliveryState::Running => None,
            DeliveryState::Cancelled => Some((format!("agent `{agent}` was stopped before it was done"), true)),
            DeliveryState::Failed => {
                Some((format!("agent `{agent}` failed: {}", record.error.as_deref().unwrap_or("it did not say why")), true))
            }
            DeliveryState::Done => {
                let answer = match record.answer {
                    Some(answer) => child.store.message(answer).await?,
                    None => None,
                };
                Some(answer.map_or_else(
                    || (format!("what agent `{agent}` said was deleted"), true),
                    |answer| (capped(answer.content), false),
                ))
            }
        })
    }

    fn parent_run(&self, call: &ToolCall) -> ParentRun {
        let (top_session, top_run, depth) = match &self.parent {
            Some(parent) => (parent.top_session.clone(), parent.top_run, parent.depth),
            None => (self.session.clone(), self.run, 0),
        };
        let (session, run, call_id) = (self.session.clone(), self.run, call.id.clone());
        ParentRun { session, run, call_id, top_session, top_run, depth: depth.saturating_add(1) }
    }

    fn new_delivery(&self, registry: &Registry, parent: ParentRun, session: &SessionKey, task: &str) -> NewDelivery {
        let now = registry.shared.clock.now_ms();
        let place = ChannelName::new(PLACE).map(Place::of);
        let message = place.map(|place| Inbound {
            id: format!("{}:{}", parent.run, parent.call_id),
            kind: InboundKind::Message,
            place,
            sender: None,
            text: task.to_owned(),
            attachments: Vec::new(),
            mentioned: true,
            reply_to: None,
            sent_at: None,
            facts: Vec::new(),
            context: None,
        });
        NewDelivery {
            id: DeliveryId::new(now),
            scope: PLACE.to_owned(),
            session: session.clone(),
            session_name: task.lines().next().map(|line| line.chars().take(MAX_NAME).collect()),
            source: SessionSource::Delegate,
            origin: Origin::Delegate { parent: Box::new(parent) },
            received_at: now,
            fingerprint: fingerprint::of_bytes(task.as_bytes()),
            raw: None,
            messages: message.into_iter().collect(),
            max_queued: registry.shared.limits.queued_per_session,
            mode: QueueMode::Queue,
        }
    }
}

/// Cuts what is too long at a character boundary, and says so.
fn capped(mut text: String) -> String {
    let whole = text.len();
    if whole > MAX_OUTPUT {
        text.truncate(text.floor_char_boundary(MAX_OUTPUT));
        text.push_str(&format!("\n[cut here: the answer has {whole} bytes]"));
    }
    text
}
