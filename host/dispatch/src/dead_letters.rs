//! What is not delivered, over all agents: what still waits, and dead letters; what a person sees of them, and what can be done.

use crate::Dispatch;
use crate::error::Refused;
use crate::webhook_entrance::WebhookPost;
use wingman_message::{DeliveryId, Origin};
use wingman_store::{AgentStore, DeadLetter, Original, OutboxRow, Revived};

impl Dispatch {
    /// Dead letters of all agents, the newest first, at most `limit` of them; with `before`, older ones than that.
    ///
    /// # Errors
    /// [`Refused::Store`]
    pub async fn dead_letters(&self, limit: usize, before: Option<DeliveryId>) -> Result<Vec<DeadLetter>, Refused> {
        let mut letters = Vec::new();
        for agent in self.store.agents().await? {
            letters.extend(self.store.agent(&agent).await?.dead_letters(limit, before).await?);
        }
        letters.sort_by_key(|letter| std::cmp::Reverse(letter.delivery));
        letters.truncate(limit);
        Ok(letters)
    }

    /// What is to be delivered to chat networks and is not yet, of all agents, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`Refused::Store`]
    pub async fn waiting(&self, limit: usize) -> Result<Vec<OutboxRow>, Refused> {
        let mut waiting = Vec::new();
        for agent in self.store.agents().await? {
            waiting.extend(self.store.agent(&agent).await?.outbox_waiting(limit).await?);
        }
        waiting.sort_by_key(|row| row.created_at);
        waiting.truncate(limit);
        Ok(waiting)
    }

    /// Tries again: a reply is delivered once more, before all later ones to its place; a webhook's delivery is read anew.
    ///
    /// # Errors
    /// [`Refused::UnknownLetter`]; for a webhook's delivery also what the webhook's entrance refuses it with: it stays a dead
    /// letter then.
    pub async fn redeliver(&self, letter: DeliveryId) -> Result<(), Refused> {
        for agent in self.store.agents().await? {
            let store = self.store.agent(&agent).await?;
            match store.revive(letter).await? {
                Revived::NotFound => {}
                Revived::Reply(place) => {
                    self.registry.shared.couriers.wake(store, place);
                    return Ok(());
                }
                Revived::Inbound(found) => return self.read_again(&store, found).await,
            }
        }
        Err(Refused::UnknownLetter(letter))
    }

    /// Forgets a dead letter.
    ///
    /// # Errors
    /// [`Refused::UnknownLetter`], [`Refused::Store`]
    pub async fn discard(&self, letter: DeliveryId) -> Result<(), Refused> {
        for agent in self.store.agents().await? {
            if self.store.agent(&agent).await?.discard(letter).await? {
                return Ok(());
            }
        }
        Err(Refused::UnknownLetter(letter))
    }

    async fn read_again(&self, store: &AgentStore, letter: DeadLetter) -> Result<(), Refused> {
        let Origin::Webhook { webhook } = letter.origin else {
            return Err(Refused::Invalid("only a webhook's delivery can be read again".to_owned()));
        };
        let Some(webhook) = self.webhooks.find(&webhook).await? else { return Err(Refused::UnknownWebhook(webhook)) };
        let Some(Original { content_type, headers, body }) = store.original(letter.delivery).await? else {
            return Err(Refused::Invalid("what was delivered is not kept any more".to_owned()));
        };
        self.webhook_again(webhook, WebhookPost { content_type, headers, body }).await?;
        store.discard(letter.delivery).await?;
        Ok(())
    }
}
