//! Constructors for what a socket says to the host.

use crate::{Action, Frame, Header, Opening, PluginError, Result, SealedFrame, SecretUse};
use serde::{Serialize, de::DeserializeOwned};

impl Opening {
    /// Connects to this address: `wss://...`, granted by the manifest.
    pub fn to(url: impl Into<String>) -> Self {
        Self { url: url.into(), headers: Vec::new(), secrets: Vec::new() }
    }

    /// Adds a header to the handshake.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push(Header { name: name.into(), value: value.into() });
        self
    }

    /// Has the host fill a secret into address or headers.
    pub fn secret(mut self, secret: SecretUse) -> Self {
        self.secrets.push(secret);
        self
    }
}

impl Frame {
    /// A frame's text or bytes as JSON. Fails with `invalid-input`, for the log: nobody else reads it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let bytes = match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        };
        serde_json::from_slice(bytes).map_err(|error| PluginError::invalid_input(format!("the frame is not understood: {error}")))
    }
}

impl Action {
    /// Sends a text frame of JSON, or stops when the value cannot be written as JSON, which is a mistake of the plugin's.
    pub fn send_json(value: &impl Serialize) -> Self {
        Self::with_json(value, |text| Self::Send(Frame::Text(text)))
    }

    /// The same, with a secret that the host fills in: see [`SecretUse::in_json`].
    pub fn send_sealed(value: &impl Serialize, secret: SecretUse) -> Self {
        Self::with_json(value, |text| Self::SendSealed(SealedFrame { text, secrets: vec![secret] }))
    }

    fn with_json(value: &impl Serialize, action: impl FnOnce(String) -> Self) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => action(text),
            Err(error) => Self::Stop(PluginError::permanent(format!("a frame is no JSON: {error}"))),
        }
    }
}
