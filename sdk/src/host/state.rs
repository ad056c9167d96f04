//! Small durable values of this plugin and account. There is a quota.

use super::imports;
use crate::{PluginError, Result};
use serde::{Serialize, de::DeserializeOwned};

/// The bytes under a key; none when there is no such key.
pub fn get(key: &str) -> Option<Vec<u8>> {
    imports::state::get(key)
}

/// Durable once it returns. Fails with `permanent` when the quota is used up.
pub fn set(key: &str, value: &[u8]) -> Result<()> {
    imports::state::set(key, value).map_err(|reason| PluginError::permanent(format!("cannot keep {key:?}: {reason}")))
}

/// Deleting what is not there is no error.
pub fn delete(key: &str) {
    imports::state::delete(key);
}

/// The value under a key, from JSON. Fails with `permanent` when another version of the plugin left something else there.
pub fn get_json<T: DeserializeOwned>(key: &str) -> Result<Option<T>> {
    let unreadable =
        |error| PluginError::permanent(format!("what is kept under {key:?} is not what this plugin expects: {error}"));
    get(key).map(|bytes| serde_json::from_slice(&bytes).map_err(unreadable)).transpose()
}

/// Keeps a value as JSON; see [`set`].
pub fn set_json<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<()> {
    let bytes = serde_json::to_vec(value).map_err(|error| PluginError::permanent(format!("{key:?} is no JSON: {error}")))?;
    set(key, &bytes)
}
