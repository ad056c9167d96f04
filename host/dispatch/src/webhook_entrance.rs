//! The webhooks' entrance: from a verified POST to a durable delivery. The webhook names the agent; routing has no say.

use crate::Dispatch;
use crate::error::Refused;
use crate::fingerprint;
use crate::webhooks::Webhook;
use bytes::Bytes;
use wingman_message::{DeliveryId, Header, Inbound, Origin, PluginFailure, SessionKey, SessionSource, WebhookDelivery};
use wingman_store::{Accepted, NewDelivery, StoredWebhook};

/// A POST to a webhook, its secret verified.
#[derive(Debug, Clone)]
pub struct WebhookPost {
    /// The media type that the sender named.
    pub content_type: String,
    /// Headers, without those that carry credentials.
    pub headers: Vec<Header>,
    /// The raw body.
    pub body: Bytes,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAccepted {
    /// The session whose agent answers it.
    pub session: SessionKey,
    /// The delivery; the first one's where this is a repeat.
    pub delivery: DeliveryId,
    /// How many new messages it held.
    pub messages: usize,
    /// All of it was delivered before.
    pub repeated: bool,
}

impl Dispatch {
    /// Normalises a delivery and accepts it: when this returns, it is durable. A delivery on which the component fails is kept as
    /// a dead letter, for the operator.
    ///
    /// # Errors
    /// [`Refused`]
    pub async fn webhook(&self, webhook: Webhook, post: WebhookPost) -> Result<WebhookAccepted, Refused> {
        let dispatch = self.clone();
        self.run_to_end(async move { dispatch.webhook_now(webhook.webhook, post).await }).await
    }

    async fn webhook_now(&self, webhook: StoredWebhook, post: WebhookPost) -> Result<WebhookAccepted, Refused> {
        self.registry.agent(&webhook.agent)?;
        let session = webhook.session.clone().unwrap_or_else(|| SessionKey::webhook(&webhook.agent, &webhook.id));
        if session.agent() != &webhook.agent {
            return Err(Refused::ForeignSession { session, agent: webhook.agent });
        }
        let preset = webhook.preset.as_ref().unwrap_or(&self.entrances.default_preset);
        let delivery = WebhookDelivery {
            webhook: webhook.id.clone(),
            label: webhook.event_label.clone(),
            content_type: post.content_type.clone(),
            headers: post.headers,
            body: post.body.clone(),
            settings: String::new(),
        };
        let normalized = self.entrances.components.normalize(preset, delivery).await;
        let new = self.new_delivery(&webhook, session, (post.content_type, post.body));
        match normalized {
            Ok(messages) => self.accept_webhook(NewDelivery { messages, ..new }).await,
            Err(failure) => {
                self.bury(new, &failure).await;
                Err(failure.into())
            }
        }
    }

    fn new_delivery(&self, webhook: &StoredWebhook, session: SessionKey, raw: (String, Bytes)) -> NewDelivery {
        let now = self.clock.now_ms();
        NewDelivery {
            id: DeliveryId::new(now),
            scope: format!("webhook:{}", webhook.id),
            session,
            session_name: Some(webhook.name.clone()),
            source: SessionSource::Webhook,
            origin: Origin::Webhook { webhook: webhook.id.clone() },
            received_at: now,
            fingerprint: fingerprint::of_bytes(&raw.1),
            raw: Some(raw),
            messages: Vec::<Inbound>::new(),
            max_queued: self.limits.queued_per_session,
        }
    }

    async fn accept_webhook(&self, new: NewDelivery) -> Result<WebhookAccepted, Refused> {
        let (session, origin) = (new.session.clone(), new.origin.clone());
        match self.store.agent(session.agent()).await?.accept(new).await? {
            Accepted::New { delivery, ordinal, messages, .. } => {
                if messages > 0 {
                    self.enqueue(&session, &origin, delivery, ordinal).await?;
                }
                Ok(WebhookAccepted { session, delivery, messages, repeated: false })
            }
            Accepted::Duplicate { delivery, session, .. } => {
                Ok(WebhookAccepted { session, delivery, messages: 0, repeated: true })
            }
            Accepted::Full { queued } => Err(Refused::QueueFull { queued }),
        }
    }

    /// Keeps a delivery that a component failed on. One that the component refused in its own words is the sender's mistake: the
    /// sender is told, and nothing is kept.
    async fn bury(&self, new: NewDelivery, failure: &PluginFailure) {
        if !failure.is_misbehaviour() {
            return;
        }
        let session = new.session.clone();
        let buried = match self.store.agent(session.agent()).await {
            Ok(store) => store.dead_letter(new, failure.to_string()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = buried {
            tracing::error!(%session, %failure, %error, "a failed delivery could not be kept");
        }
    }
}
