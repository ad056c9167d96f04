//! The webhooks' entrance: from a verified POST to a durable delivery. The webhook names the agent; routing has no say.

use crate::Dispatch;
use crate::error::Refused;
use crate::fingerprint;
use crate::queue::Waiting;
use crate::webhooks::Webhook;
use bytes::Bytes;
use secrecy::ExposeSecret;
use wingman_message::{
    DeliveryId, Entrance, Header, Inbound, Origin, PluginFailure, PluginName, QueueMode, SessionKey, SessionSource,
    UnverifiedRequest, VerifiedRequest, WebhookDelivery,
};
use wingman_store::{Accepted, NewDelivery, Original, StoredWebhook};

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

    /// A delivery that is a dead letter, once more; it stays one where it fails again.
    ///
    /// # Errors
    /// [`Refused`]
    pub(crate) async fn webhook_again(&self, webhook: Webhook, post: WebhookPost) -> Result<WebhookAccepted, Refused> {
        let dispatch = self.clone();
        self.run_to_end(async move {
            let new = dispatch.new_delivery(&webhook.webhook, &post)?;
            let messages = dispatch.normalize(&webhook.webhook, post).await?;
            dispatch.accept_webhook(NewDelivery { messages, ..new }).await
        })
        .await
    }

    /// Whether a webhook's senders sign what they send, instead of showing its secret.
    #[must_use]
    pub fn has_rules(&self, webhook: &Webhook) -> bool {
        self.entrances.components.has_rules(self.preset_of(&webhook.webhook))
    }

    /// Verifies a request by the rules of the webhook's preset, and accepts it as [`Self::webhook`] does.
    ///
    /// # Errors
    /// [`Refused::Unverified`]; [`Refused::SecretNotKept`] where nothing can be verified until the secret is set again; and
    /// those of [`Self::webhook`].
    pub async fn signed_webhook(&self, webhook: Webhook, request: UnverifiedRequest) -> Result<WebhookAccepted, Refused> {
        let dispatch = self.clone();
        self.run_to_end(async move {
            let secret = webhook.webhook.secret.as_ref().ok_or(Refused::SecretNotKept)?;
            let StoredWebhook { id, .. } = &webhook.webhook;
            let preset = dispatch.preset_of(&webhook.webhook);
            let entrance = Entrance::Preset { preset, webhook: id, secret: secret.expose_secret() };
            let VerifiedRequest { request, seen } = dispatch.entrances.components.verify(entrance, request)?;
            let content_type = request.headers.iter().find(|header| header.name == "content-type");
            let content_type = content_type.map(|header| header.value.clone()).unwrap_or_default();
            let post = WebhookPost { content_type, headers: request.headers, body: request.body };
            let accepted = dispatch.webhook_now(webhook.webhook, post).await?;
            if let Some(seen) = seen {
                seen.commit();
            }
            Ok(accepted)
        })
        .await
    }

    fn preset_of<'a>(&'a self, webhook: &'a StoredWebhook) -> &'a PluginName {
        webhook.preset.as_ref().unwrap_or(&self.entrances.default_preset)
    }

    async fn webhook_now(&self, webhook: StoredWebhook, post: WebhookPost) -> Result<WebhookAccepted, Refused> {
        let new = self.new_delivery(&webhook, &post)?;
        match self.normalize(&webhook, post).await {
            Ok(messages) => self.accept_webhook(NewDelivery { messages, ..new }).await,
            Err(failure) => {
                self.bury(new, &failure).await;
                Err(failure.into())
            }
        }
    }

    async fn normalize(&self, webhook: &StoredWebhook, post: WebhookPost) -> Result<Vec<Inbound>, PluginFailure> {
        let delivery = WebhookDelivery {
            webhook: webhook.id.clone(),
            label: webhook.event_label.clone(),
            content_type: post.content_type,
            headers: post.headers,
            body: post.body,
            settings: String::new(),
        };
        let mut messages = self.entrances.components.normalize(self.preset_of(webhook), delivery).await?;
        messages.retain(|message| {
            let says_something = message.kind.is_message();
            if !says_something {
                tracing::debug!(webhook = %webhook.id, id = message.id, kind = ?message.kind, "a webhook brings messages only");
            }
            says_something
        });
        Ok(messages)
    }

    fn new_delivery(&self, webhook: &StoredWebhook, post: &WebhookPost) -> Result<NewDelivery, Refused> {
        self.registry.roster.taking(&webhook.agent)?;
        let session = webhook.session.clone().unwrap_or_else(|| SessionKey::webhook(&webhook.agent, &webhook.id));
        if session.agent() != &webhook.agent {
            return Err(Refused::ForeignSession { session, agent: webhook.agent.clone() });
        }
        let now = self.clock.now_ms();
        let WebhookPost { content_type, headers, body } = post.clone();
        Ok(NewDelivery {
            id: DeliveryId::new(now),
            scope: format!("webhook:{}", webhook.id),
            session,
            session_name: Some(webhook.name.clone()),
            source: SessionSource::Webhook,
            origin: Origin::Webhook { webhook: webhook.id.clone() },
            received_at: now,
            fingerprint: fingerprint::of_bytes(&body),
            raw: Some(Original { content_type, headers, body }),
            messages: Vec::new(),
            max_queued: self.limits.queued_per_session,
            // Each delivery of a webhook is answered for itself, whatever the agent does with people.
            mode: QueueMode::Queue,
        })
    }

    async fn accept_webhook(&self, new: NewDelivery) -> Result<WebhookAccepted, Refused> {
        let (session, origin) = (new.session.clone(), new.origin.clone());
        match self.store.agent(session.agent()).await?.accept(new).await? {
            Accepted::New { delivery, ordinal, messages, .. } => {
                if messages > 0 {
                    let waiting = Waiting::new(delivery, &origin, None, QueueMode::Queue);
                    self.registry.enqueue(&session, ordinal, waiting).await?;
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
