//! Where the host puts a secret: constructors for [`SecretUse`], the only thing a plugin ever says about one.

use crate::{SecretPlace, SecretUse};

impl SecretUse {
    /// `authorization: Bearer <secret>` (RFC 6750).
    pub fn bearer(secret: impl Into<String>) -> Self {
        Self::in_header(secret, "authorization").after("Bearer ")
    }

    /// The value of this header.
    pub fn in_header(secret: impl Into<String>, header: impl Into<String>) -> Self {
        Self::placed(secret, SecretPlace::Header(header.into()))
    }

    /// The value of this query parameter.
    pub fn in_query(secret: impl Into<String>, parameter: impl Into<String>) -> Self {
        Self::placed(secret, SecretPlace::Query(parameter.into()))
    }

    /// The one `{secret}` in the URL's path.
    pub fn in_path(secret: impl Into<String>) -> Self {
        Self::placed(secret, SecretPlace::Path)
    }

    /// The string at this JSON Pointer (RFC 6901) of the body or the frame. The string must be there, empty for example.
    pub fn in_json(secret: impl Into<String>, pointer: impl Into<String>) -> Self {
        Self::placed(secret, SecretPlace::Json(pointer.into()))
    }

    /// Text in front of the secret, such as `Bot `.
    pub fn after(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    fn placed(secret: impl Into<String>, place: SecretPlace) -> Self {
        Self { secret: secret.into(), place, prefix: String::new() }
    }
}
