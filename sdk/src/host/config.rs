//! What the operator configured for this plugin. Secrets are not among it: the host puts them where
//! [`SecretUse`](crate::SecretUse) says.

use super::imports;
use crate::{PluginError, Result};
use serde::de::DeserializeOwned;

/// The account that this call is for; none for a plugin without accounts.
pub fn account() -> Option<String> {
    imports::config::account()
}

/// The settings, which the host has checked against the manifest's schema. Fails with `permanent` when `T` and the schema
/// disagree: a mistake of the plugin's.
pub fn settings<T: DeserializeOwned>() -> Result<T> {
    serde_json::from_str(&imports::config::settings())
        .map_err(|error| PluginError::permanent(format!("the settings are not what this plugin expects: {error}")))
}
