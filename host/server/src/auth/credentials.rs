//! The gateway's own secret.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How a gateway is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// By a token.
    Token,
    /// By a password.
    Password,
    /// Not at all.
    None,
}

impl AuthMode {
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Token | Self::None => "token",
            Self::Password => "password",
        }
    }
}

/// What a client must know. Without a secret, nobody comes in.
pub struct Credentials {
    mode: AuthMode,
    digest: [u8; 32],
}

impl Credentials {
    /// A gateway that asks for `token`.
    #[must_use]
    pub fn token(token: &SecretString) -> Self {
        Self { mode: AuthMode::Token, digest: digest(token.expose_secret()) }
    }

    /// A gateway that asks for `password`.
    #[must_use]
    pub fn password(password: &SecretString) -> Self {
        Self { mode: AuthMode::Password, digest: digest(password.expose_secret()) }
    }

    /// A gateway that lets everyone in.
    #[must_use]
    pub fn none() -> Self {
        Self { mode: AuthMode::None, digest: [0; 32] }
    }

    pub(crate) fn mode(&self) -> AuthMode {
        self.mode
    }

    /// The secret is right. Takes the same time however wrong it is: digests of equal length are compared, not texts.
    pub(crate) fn accept(&self, secret: &str) -> bool {
        self.mode == AuthMode::None || !secret.is_empty() && bool::from(digest(secret).ct_eq(&self.digest))
    }

    /// Changes with the secret, so that what was derived from an old one can be told.
    pub(crate) fn fingerprint(&self) -> &[u8; 32] {
        &self.digest
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
