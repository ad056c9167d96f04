//! The port to what plugins keep: small values and files, each plugin and account for itself.

use crate::{AccountName, PluginName};
use async_trait::async_trait;
use bytes::Bytes;

/// Whose values they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PluginScope {
    /// The plugin.
    pub plugin: PluginName,
    /// The account; none for a plugin without named accounts.
    pub account: Option<AccountName>,
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobInfo {
    /// Its media type, as the plugin told it.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Why a plugin's value could not be read or kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PluginStoreError {
    /// There is no room left.
    #[error("the quota of {quota} bytes is used up: {wanted} would be needed")]
    Quota {
        /// The most that the scope may hold, in bytes.
        quota: u64,
        /// What it would hold, in bytes.
        wanted: u64,
    },
    /// There is no such file, or it is another plugin's.
    #[error("there is no such blob")]
    NoBlob,
    /// The state cannot be read or written now.
    #[error("the state cannot be used: {0}")]
    Unavailable(String),
}

/// The result of the port's functions.
pub type StoreResult<T> = Result<T, PluginStoreError>;

/// Durable values of plugins. A scope never sees another's.
#[async_trait]
pub trait PluginStore: Send + Sync + 'static {
    /// The value of `key`.
    ///
    /// # Errors
    /// [`PluginStoreError::Unavailable`]
    async fn get(&self, scope: &PluginScope, key: &str) -> StoreResult<Option<Bytes>>;

    /// Sets `key`; durable once it returns. The scope's keys and values may hold `quota` bytes together.
    ///
    /// # Errors
    /// [`PluginStoreError::Quota`] (nothing changes then), [`PluginStoreError::Unavailable`]
    async fn set(&self, scope: &PluginScope, key: &str, value: Bytes, quota: u64) -> StoreResult<()>;

    /// Forgets `key`. One that is not there is no error.
    ///
    /// # Errors
    /// [`PluginStoreError::Unavailable`]
    async fn delete(&self, scope: &PluginScope, key: &str) -> StoreResult<()>;

    /// Keeps a file; returns its handle. The scope's files may hold `quota` bytes together.
    ///
    /// # Errors
    /// [`PluginStoreError::Quota`], [`PluginStoreError::Unavailable`]
    async fn write_blob(&self, scope: &PluginScope, media_type: &str, bytes: Bytes, quota: u64) -> StoreResult<String>;

    /// Looks at a file.
    ///
    /// # Errors
    /// [`PluginStoreError::NoBlob`], [`PluginStoreError::Unavailable`]
    async fn blob(&self, scope: &PluginScope, blob: &str) -> StoreResult<BlobInfo>;

    /// Up to `length` bytes of a file from `offset`; fewer at its end.
    ///
    /// # Errors
    /// [`PluginStoreError::NoBlob`], [`PluginStoreError::Unavailable`]
    async fn read_blob(&self, scope: &PluginScope, blob: &str, offset: u64, length: u32) -> StoreResult<Bytes>;
}
