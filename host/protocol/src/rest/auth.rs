//! `/api/auth/session` and `/api/auth/login`: how the Control UI signs in.

use crate::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a client has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// The gateway's token.
    Token,
    /// The gateway's password.
    Password,
    /// Nothing.
    None,
}

/// Whether the caller is signed in. Open to all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct AuthSession {
    /// The caller is signed in, or need not be.
    pub authenticated: bool,
    /// What a client has to show.
    pub mode: AuthMode,
    /// The gateway's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_name: Option<String>,
}

/// Signs in; one of the two, as [`AuthMode`] says.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[ts(optional_fields)]
pub struct LoginRequest {
    /// The gateway's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub token: Option<Secret>,
    /// The gateway's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(as = "Option<String>")]
    pub password: Option<Secret>,
}
