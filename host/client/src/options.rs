//! Where to connect, as whom, and with what right.

use crate::ClientError;
use std::time::Duration;
use url::Url;
use wingman_protocol::{Auth, ClientFrame, ClientId, ClientInfo, Secret};

/// Where to connect, as whom, and with what right.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// `ws://host:port/ws`. `http` stands for `ws`; the path may be left out.
    pub url: String,
    /// The gateway's token.
    pub token: Option<Secret>,
    /// The gateway's password.
    pub password: Option<Secret>,
    /// The client's own name for itself, the same over reconnects.
    pub instance_id: String,
    /// What kind of client it is, such as `cli`.
    pub client_type: String,
    /// The `Origin` header, as a browser would send it; none for programs.
    pub origin: Option<String>,
    /// How long the gateway may take to let the client in, and to confirm a message.
    pub timeout: Duration,
}

impl ConnectOptions {
    /// Options without credentials, with a time-out of ten seconds.
    pub fn new(url: impl Into<String>, instance_id: impl Into<String>, client_type: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: None,
            password: None,
            instance_id: instance_id.into(),
            client_type: client_type.into(),
            origin: None,
            timeout: Duration::from_secs(10),
        }
    }

    /// The same, with the gateway's token.
    #[must_use]
    pub fn with_token(self, token: impl Into<String>) -> Self {
        Self { token: Some(Secret::new(token)), ..self }
    }

    /// The same, with the gateway's password.
    #[must_use]
    pub fn with_password(self, password: impl Into<String>) -> Self {
        Self { password: Some(Secret::new(password)), ..self }
    }

    /// The address to dial.
    pub(crate) fn dialled(&self) -> Result<Url, ClientError> {
        let refuse = |reason: &str| ClientError::InvalidUrl { url: self.url.clone(), reason: reason.to_owned() };
        let mut url = Url::parse(&self.url).map_err(|_| refuse("write `ws://host:port/ws`"))?;
        let scheme = match url.scheme() {
            "ws" | "http" => "ws",
            "wss" | "https" => {
                return Err(refuse("this client does not speak TLS; connect to the gateway itself or through a tunnel"));
            }
            _ => return Err(refuse("write `ws://host:port/ws`")),
        };
        url.set_scheme(scheme).map_err(|()| refuse("write `ws://host:port/ws`"))?;
        if url.path() == "/" {
            url.set_path("/ws");
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(refuse("credentials do not belong into the address"));
        }
        Ok(url)
    }

    /// The first frame.
    pub(crate) fn connect_frame(&self, id: &str, timestamp: i64) -> Result<ClientFrame, ClientError> {
        let instance_id = ClientId::new(&self.instance_id).map_err(|error| ClientError::InvalidOption(error.to_string()))?;
        let version = Some(env!("CARGO_PKG_VERSION").to_owned());
        let client = ClientInfo { instance_id, client_type: self.client_type.clone(), version };
        let auth = (self.token.is_some() || self.password.is_some()).then(|| Auth {
            token: self.token.clone(),
            password: self.password.clone(),
            device_id: None,
        });
        Ok(ClientFrame::Connect { id: Some(id.to_owned()), client, auth, timestamp })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialled(url: &str) -> Result<String, String> {
        ConnectOptions::new(url, "i", "cli").dialled().map(|url| url.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_may_be_short() {
        assert_eq!(dialled("http://localhost:18789").unwrap(), "ws://localhost:18789/ws");
        assert_eq!(dialled("ws://[::1]:18789/ws").unwrap(), "ws://[::1]:18789/ws");
        assert_eq!(dialled("ws://host/behind/a/proxy").unwrap(), "ws://host/behind/a/proxy");
    }

    #[test]
    fn an_address_that_cannot_be_used_says_why() {
        assert!(dialled("localhost:18789").unwrap_err().contains("write `ws://host:port/ws`"));
        assert!(dialled("wss://host/ws").unwrap_err().contains("TLS"));
        assert!(dialled("ws://host/ws?token=x").unwrap_err().contains("credentials"));
    }
}
