//! The webhooks of a gateway: those of the configuration file and those that were made through the API.

use crate::error::Refused;
use secrecy::SecretString;
use std::collections::BTreeMap;
use wingman_message::{AgentId, PluginName, SessionKey, WebhookId};
use wingman_store::{GatewayStore, StoreError, StoredWebhook};

/// Where a webhook is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookSource {
    /// In the configuration file; it is changed there.
    Config,
    /// In the gateway's database; it is changed through the API.
    Store,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// What it is.
    pub webhook: StoredWebhook,
    /// Where it is kept.
    pub source: WebhookSource,
}

/// A secret and its SHA-256.
#[derive(Debug, Clone)]
pub struct WebhookSecret {
    /// The secret.
    pub secret: SecretString,
    /// Its SHA-256.
    pub hash: [u8; 32],
}

/// What may be changed of a webhook; none leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// Its display name.
    pub name: Option<String>,
    /// Its agent.
    pub agent: Option<AgentId>,
    /// Its secret, and the secret's SHA-256.
    pub secret: Option<WebhookSecret>,
    /// Whether it takes deliveries.
    pub enabled: Option<bool>,
    /// Its preset.
    pub preset: Option<Option<PluginName>>,
    /// The session it writes to, instead of its own.
    pub session: Option<Option<SessionKey>>,
    /// The label of its events.
    pub event_label: Option<Option<String>>,
    /// Networks that may deliver, in CIDR notation; empty means all.
    pub allowed_ips: Option<Vec<String>>,
}

/// All webhooks.
#[derive(Clone)]
pub struct Webhooks {
    configured: BTreeMap<WebhookId, StoredWebhook>,
    store: GatewayStore,
}

impl Webhooks {
    /// The webhooks of the configuration file, and those in `store`. Where both have an id, the file's counts.
    #[must_use]
    pub fn new(configured: Vec<StoredWebhook>, store: GatewayStore) -> Self {
        Self { configured: configured.into_iter().map(|webhook| (webhook.id.clone(), webhook)).collect(), store }
    }

    /// All, by id.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list(&self) -> Result<Vec<Webhook>, StoreError> {
        let stored =
            self.store.list_webhooks().await?.into_iter().map(|webhook| Webhook { webhook, source: WebhookSource::Store });
        let mut all: BTreeMap<WebhookId, Webhook> = stored.map(|webhook| (webhook.webhook.id.clone(), webhook)).collect();
        for (id, webhook) in &self.configured {
            all.insert(id.clone(), Webhook { webhook: webhook.clone(), source: WebhookSource::Config });
        }
        Ok(all.into_values().collect())
    }

    /// The webhook `id`, if there is one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, id: &WebhookId) -> Result<Option<Webhook>, StoreError> {
        if let Some(webhook) = self.configured.get(id) {
            return Ok(Some(Webhook { webhook: webhook.clone(), source: WebhookSource::Config }));
        }
        Ok(self.store.webhook(id).await?.map(|webhook| Webhook { webhook, source: WebhookSource::Store }))
    }

    /// Makes a webhook.
    ///
    /// # Errors
    /// [`Refused::Invalid`] when its session is another agent's, [`StoreError::AlreadyThere`] when the id is taken.
    pub async fn create(&self, webhook: StoredWebhook) -> Result<(), Refused> {
        check(&webhook)?;
        if self.configured.contains_key(&webhook.id) {
            return Err(StoreError::AlreadyThere(format!("webhook `{}`", webhook.id)).into());
        }
        Ok(self.store.insert_webhook(webhook).await?)
    }

    /// Changes a webhook and returns it as it is then.
    ///
    /// # Errors
    /// [`Refused::UnknownWebhook`]; [`Refused::Invalid`] for one that the configuration file owns.
    pub async fn change(&self, id: &WebhookId, change: WebhookChange) -> Result<StoredWebhook, Refused> {
        self.check_editable(id)?;
        let mut webhook = self.store.webhook(id).await?.ok_or_else(|| Refused::UnknownWebhook(id.clone()))?;
        let WebhookChange { name, agent, secret, enabled, preset, session, event_label, allowed_ips } = change;
        webhook.name = name.unwrap_or(webhook.name);
        webhook.agent = agent.unwrap_or(webhook.agent);
        if let Some(WebhookSecret { secret, hash }) = secret {
            webhook.secret_hash = hash;
            webhook.secret = Some(secret);
        }
        webhook.enabled = enabled.unwrap_or(webhook.enabled);
        webhook.preset = preset.unwrap_or(webhook.preset);
        webhook.session = session.unwrap_or(webhook.session);
        webhook.event_label = event_label.unwrap_or(webhook.event_label);
        webhook.allowed_ips = allowed_ips.unwrap_or(webhook.allowed_ips);
        check(&webhook)?;
        self.store.update_webhook(webhook.clone()).await?;
        Ok(webhook)
    }

    /// Deletes a webhook; its thread stays.
    ///
    /// # Errors
    /// [`Refused::UnknownWebhook`]; [`Refused::Invalid`] for one that the configuration file owns.
    pub async fn delete(&self, id: &WebhookId) -> Result<(), Refused> {
        self.check_editable(id)?;
        if self.store.delete_webhook(id).await? { Ok(()) } else { Err(Refused::UnknownWebhook(id.clone())) }
    }

    fn check_editable(&self, id: &WebhookId) -> Result<(), Refused> {
        if self.configured.contains_key(id) {
            return Err(Refused::Invalid(format!("webhook `{id}` stands in the configuration file; change it there")));
        }
        Ok(())
    }
}

/// A webhook writes to a session of its own agent, and to no other's.
fn check(webhook: &StoredWebhook) -> Result<(), Refused> {
    match &webhook.session {
        Some(session) if session.agent() != &webhook.agent => {
            Err(Refused::ForeignSession { session: session.clone(), agent: webhook.agent.clone() })
        }
        _ => Ok(()),
    }
}
