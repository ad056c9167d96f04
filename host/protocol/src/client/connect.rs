//! `connect`: who is there, and with what right.

use crate::envelope::RawEnvelope;
use crate::{ErrorCode, FrameError, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wingman_message::ClientId;

/// The longest `clientType` that is taken, in characters.
const MAX_CLIENT_TYPE: usize = 64;

/// Who connects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ClientInfo {
    /// The client's own name for itself, the same over reconnects: 1 to 200 characters.
    #[schemars(with = "String")]
    #[ts(as = "String")]
    pub instance_id: ClientId,
    /// What kind of client it is, such as `cli`, `webui`, `desktop`: 1 to 64 characters.
    pub client_type: String,
    /// The client's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// With what right a client connects.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct Auth {
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
    /// The device, where devices are paired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
}

/// A `connect`, read.
#[derive(Debug, Clone)]
pub struct ConnectRequest {
    /// Who connects.
    pub client: ClientInfo,
    /// With what right, where the client says so.
    pub auth: Option<Auth>,
}

impl ConnectRequest {
    pub(crate) fn read(envelope: &RawEnvelope, client: Option<ClientInfo>, auth: Option<Auth>) -> Result<Self, FrameError> {
        let refuse = |message: &str| envelope.refuse(ErrorCode::InvalidConnect, message);
        let client = client.ok_or_else(|| refuse("`client` is missing: connect needs `instanceId` and `clientType`"))?;
        let length = client.client_type.chars().count();
        if !(1..=MAX_CLIENT_TYPE).contains(&length) || client.client_type.chars().any(char::is_control) {
            return Err(refuse("`client.clientType`: expected 1 to 64 characters, none of them a control character"));
        }
        Ok(Self { client, auth })
    }
}
