//! The webhooks that were made through the API.

use crate::codec::{from_json, parse, parse_some, text_at, to_json};
use crate::error::{Outcome, StoreError};
use crate::gateway::GatewayStore;
use rusqlite::{Connection, Row, params};
use secrecy::{ExposeSecret, SecretString};
use wingman_message::{AgentId, PluginName, SessionKey, WebhookId};

/// A webhook.
#[derive(Clone)]
pub struct StoredWebhook {
    /// Its id, the last part of its address.
    pub id: WebhookId,
    /// Its display name.
    pub name: String,
    /// The agent that answers.
    pub agent: AgentId,
    /// SHA-256 of its secret: what a secret that is shown is compared with.
    pub secret_hash: [u8; 32],
    /// The secret itself, for a preset whose senders sign with it: a signature cannot be checked against a hash. Kept as it is,
    /// in a database that only its owner may read. None where only the hash was ever kept.
    pub secret: Option<SecretString>,
    /// It takes deliveries.
    pub enabled: bool,
    /// The plugin that reads its deliveries; none for the gateway's default.
    pub preset: Option<PluginName>,
    /// The session it writes to; none for its own.
    pub session: Option<SessionKey>,
    /// The label of its events.
    pub event_label: Option<String>,
    /// Networks that may deliver, in CIDR notation; empty means all.
    pub allowed_ips: Vec<String>,
    /// When it was made: milliseconds since the Unix epoch.
    pub created_at: i64,
}

impl PartialEq for StoredWebhook {
    /// The hash stands for the secret, which is in it.
    fn eq(&self, other: &Self) -> bool {
        let Self { id, name, agent, secret_hash, secret, enabled, preset, session, event_label, allowed_ips, created_at } = self;
        *id == other.id
            && *name == other.name
            && *agent == other.agent
            && *secret_hash == other.secret_hash
            && secret.is_some() == other.secret.is_some()
            && *enabled == other.enabled
            && *preset == other.preset
            && *session == other.session
            && *event_label == other.event_label
            && *allowed_ips == other.allowed_ips
            && *created_at == other.created_at
    }
}

impl Eq for StoredWebhook {}

impl std::fmt::Debug for StoredWebhook {
    /// Without the secret, and without the hash: of a weak secret, a hash tells too much for a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, name, agent, secret_hash: _, secret: _, enabled, preset, session, event_label, allowed_ips, created_at } =
            self;
        f.debug_struct("StoredWebhook")
            .field("id", id)
            .field("name", name)
            .field("agent", agent)
            .field("enabled", enabled)
            .field("preset", preset)
            .field("session", session)
            .field("event_label", event_label)
            .field("allowed_ips", allowed_ips)
            .field("created_at", created_at)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = "id, name, agent, secret_hash, enabled, preset, session, event_label, allowed_ips_json, created_at, secret";

impl GatewayStore {
    /// All webhooks, by id.
    ///
    /// # Errors
    /// See [`GatewayStore`].
    pub async fn list_webhooks(&self) -> Result<Vec<StoredWebhook>, StoreError> {
        self.database
            .read(|connection| {
                let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM webhooks ORDER BY id"))?;
                let mut rows = statement.query([])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    found.push(read(row)?);
                }
                Ok(found)
            })
            .await
    }

    /// The webhook.
    ///
    /// # Errors
    /// See [`GatewayStore`].
    pub async fn webhook(&self, id: &WebhookId) -> Result<Option<StoredWebhook>, StoreError> {
        let id = id.clone();
        self.database
            .read(move |connection| {
                let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM webhooks WHERE id = ?1"))?;
                let mut rows = statement.query([id.as_str()])?;
                rows.next()?.map(read).transpose()
            })
            .await
    }

    /// Adds a webhook.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`] when its id is taken.
    pub async fn insert_webhook(&self, webhook: StoredWebhook) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                let statement = format!(
                    "INSERT INTO webhooks ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING"
                );
                match execute(connection, &statement, &webhook)? {
                    0 => Err(StoreError::AlreadyThere(format!("webhook `{}`", webhook.id)).into()),
                    _ => Ok(()),
                }
            })
            .await
    }

    /// Replaces the webhook of the same id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    pub async fn update_webhook(&self, webhook: StoredWebhook) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                let statement =
                    "UPDATE webhooks SET name = ?2, agent = ?3, secret_hash = ?4, enabled = ?5, preset = ?6, session = ?7,
                                     event_label = ?8, allowed_ips_json = ?9, created_at = ?10,
                                     secret = ?11 WHERE id = ?1";
                match execute(connection, statement, &webhook)? {
                    0 => Err(StoreError::NotFound(format!("webhook `{}`", webhook.id)).into()),
                    _ => Ok(()),
                }
            })
            .await
    }

    /// Deletes a webhook; false when there is no such webhook.
    ///
    /// # Errors
    /// See [`GatewayStore`].
    pub async fn delete_webhook(&self, id: &WebhookId) -> Result<bool, StoreError> {
        let id = id.clone();
        self.database
            .write(move |connection| {
                let deleted = connection.prepare_cached("DELETE FROM webhooks WHERE id = ?1")?.execute([id.as_str()])?;
                Ok(deleted > 0)
            })
            .await
    }
}

fn execute(connection: &Connection, statement: &str, webhook: &StoredWebhook) -> Outcome<usize> {
    let changed = connection.prepare_cached(statement)?.execute(params![
        webhook.id.as_str(),
        webhook.name,
        webhook.agent.as_str(),
        webhook.secret_hash,
        webhook.enabled,
        webhook.preset.as_ref().map(PluginName::as_str),
        webhook.session.as_ref().map(SessionKey::as_str),
        webhook.event_label,
        to_json(&webhook.allowed_ips)?,
        webhook.created_at,
        webhook.secret.as_ref().map(ExposeSecret::expose_secret),
    ])?;
    Ok(changed)
}

fn read(row: &Row<'_>) -> Outcome<StoredWebhook> {
    Ok(StoredWebhook {
        id: parse(&row.get::<_, String>(0)?)?,
        name: row.get(1)?,
        agent: parse(&row.get::<_, String>(2)?)?,
        secret_hash: row.get(3)?,
        enabled: row.get(4)?,
        preset: parse_some(text_at(row, 5)?)?,
        session: parse_some(text_at(row, 6)?)?,
        event_label: row.get(7)?,
        allowed_ips: from_json(&row.get::<_, String>(8)?)?,
        created_at: row.get(9)?,
        secret: row.get::<_, Option<String>>(10)?.map(SecretString::from),
    })
}
