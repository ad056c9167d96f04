//! What plugins reach through the host: the network and what they keep.

use async_trait::async_trait;
use std::sync::Arc;
use wingman_egress::{Egress, EgressError, Policy, Request, Response};
use wingman_message::PluginStore;

/// In front of keys that a plugin chooses.
pub(crate) const GUEST_KEYS: &str = "plugin/";
/// In front of keys that the host keeps for a plugin: cursors and checkpoints.
pub(crate) const HOST_KEYS: &str = "host/";
/// Bytes of a key that a plugin chooses.
pub(crate) const MAX_KEY: usize = 512;
/// Bytes of a cursor or a checkpoint.
pub(crate) const MAX_MARK: usize = 64 * 1024;
/// Cursors and checkpoints are small by their own cap and count towards the account's quota, but are never refused for want of room.
pub(crate) const HOST_QUOTA: u64 = u64::MAX;

/// Makes a plugin's calls out: the network, or what an author wrote down as its answers.
#[async_trait]
pub trait Exchange: Send + Sync + 'static {
    /// Sends one request that `policy` allows.
    ///
    /// # Errors
    /// [`EgressError`]
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, EgressError>;
}

#[async_trait]
impl Exchange for Egress {
    async fn send(&self, policy: &Policy, request: Request) -> Result<Response, EgressError> {
        Self::send(self, policy, &request).await
    }
}

/// Shared by all plugins.
pub(crate) struct Services {
    pub(crate) egress: Egress,
    pub(crate) exchange: Arc<dyn Exchange>,
    pub(crate) store: Arc<dyn PluginStore>,
}
